// Where the time of a step goes, kernel by kernel.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"

namespace netc {

/// A call of a kernel in a step, while no other ran. Of one that a recurrence repeats, everything
/// is the sum over its repetitions.
struct ProfiledCall {
  std::string kernel;
  std::string makes;  ///< the values that it defines, or the buffer that it copies to
  int64_t calls = 1;  ///< in a step
  int64_t flops = 0;  ///< of sums of products
  int64_t bytes = 0;  ///< of the tensors that it reads and writes, each once; 0: repeated
  double microseconds = 0;
};

/// Runs `call` (a step; its argument counts from 0) for some seconds and reads from `cycles` (see
/// `Jit::cycles`) after each call. A tenth of the calls were as fast as the times that it gives,
/// which other programs disturb less than the median. Empty where a call fails.
std::vector<ProfiledCall> profile(const Graph& graph, const loops::Program& program,
                                  const loops::Step& step, int64_t rows, const uint64_t* cycles,
                                  const std::function<bool(int64_t)>& call);

std::string profile_as_text(const std::string& title, std::vector<ProfiledCall> calls,
                            double peak_flops);
std::string profile_as_json(const std::vector<ProfiledCall>& calls);

}  // namespace netc
