// Compiles a program as several objects at the same time, where that is worth the threads.
#pragma once

#include <string>
#include <vector>

#include "codegen/codegen.h"

namespace netc {

/// The objects of a program's parts, in a fixed order. Kernels are the same whatever part they
/// are in, since nothing is inlined from one to another.
Result<std::vector<std::string>> compile_parts(const CodegenInput& input,
                                               const TargetOptions& target);

}  // namespace netc
