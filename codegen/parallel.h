// Compiles a program as several objects at the same time, where that is worth the threads.
#pragma once

#include <string>
#include <vector>

#include "codegen/program.h"

namespace netc {

/// The objects of a part of a program, cut into smaller ones, in a fixed order. Kernels are the
/// same whatever part they are in, since nothing is inlined from one to another.
Result<std::vector<std::string>> compile_part(const CodegenInput& input,
                                              const TargetOptions& target, const ProgramPart& part);

}  // namespace netc
