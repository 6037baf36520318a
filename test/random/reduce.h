// A failing program made small.
#pragma once

#include <functional>

#include "random/program.h"

namespace netc::random_programs {

/// Drops statements, and replaces what others bind by constants, for as long as it still fails.
Program reduce(Program program, const std::function<bool(const Program&)>& fails);

}  // namespace netc::random_programs
