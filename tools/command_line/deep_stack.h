// A stack that is deep enough for what may nest in a program, whatever the shell grants.
#pragma once

#include <functional>

namespace netc {

/// Calls `run` on a stack of its own and returns what it returns.
int run_on_deep_stack(const std::function<int()>& run);

}  // namespace netc
