// Which kernel of the scheduled program computes an operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"

namespace netc::explain {

/// One call of a kernel in a step.
struct KernelCall {
  std::string kernel;         ///< equal kernels have one name
  std::vector<OpId> ops;      ///< what it computes
  std::string copy_to;        ///< without any: the buffer that it copies another to
  std::vector<ValueId> kept;  ///< in registers only, never stored
  int64_t repeats = 1;        ///< in a scan
  bool parallel = false;      ///< cut into tasks for threads
};

struct KernelCalls {
  std::vector<KernelCall> list;           ///< in the order of the step
  std::vector<std::optional<size_t>> of;  ///< by operation: position in the list
};

/// The calls of a step that `graph` became. Operations without one are views, or copies that
/// needed no code of their own.
KernelCalls kernel_calls(const Graph& graph, const loops::Program& program,
                         const loops::Step& step);

}  // namespace netc::explain
