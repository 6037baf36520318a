// Our own short list of LLVM passes, and the way from a module to machine code.
#pragma once

#include <llvm/IR/Module.h>

#include <string>

#include "codegen/target.h"
#include "ir/support/result.h"

namespace netc {

/// Simplifies every function. `level` is that of the command line, 0 to 3.
void optimize(llvm::Module& module, const Machine& machine, int level);

/// An object file's bytes, or assembly.
Result<std::string> generate(llvm::Module& module, const Machine& machine, bool assembly);

}  // namespace netc
