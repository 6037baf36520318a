// The rules of one kernel.
#pragma once

#include <string>
#include <vector>

#include "ir/loops/loops.h"

namespace netc::loops {

/// Appends every broken rule in words.
void verify_kernel(const Kernel& kernel, std::vector<std::string>& problems);

}  // namespace netc::loops
