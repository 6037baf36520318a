// The kernels of a program, each text once. Networks repeat their layers, so most kernels are known
// by what they are to be written from, and need not be written to be found.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "passes/chaining.h"

namespace netc {

class KernelPool {
 public:
  explicit KernelPool(loops::Program& program) : program_(program) {}

  /// The kernel that was added under this key.
  std::optional<loops::KernelId> find(const std::string& key) const;
  /// The kernel with this text, from now on under this key, too; an empty one is none.
  loops::KernelId add(loops::Kernel kernel, const std::string& key = "");

 private:
  loops::Program& program_;
  std::map<std::string, loops::KernelId> by_text_;
  std::map<std::string, loops::KernelId> by_key_;
};

/// All that the text of a kernel outside of scans follows from: its parameters' types, the nests,
/// their loops' names, and the parameters, by position, that they work on.
std::string kernel_key(const Graph& graph, const std::vector<PlannedNest>& chain,
                       const std::vector<loops::BufferId>& arguments,
                       const std::vector<loops::Buffer>& buffers);

}  // namespace netc
