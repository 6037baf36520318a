// A whole program as LLVM modules.
#pragma once

#include <llvm/IR/Module.h>

#include <memory>
#include <vector>

#include "codegen/codegen.h"
#include "codegen/target.h"

namespace netc {

/// Everything in one module, where only the public functions and the descriptors are visible.
std::unique_ptr<llvm::Module> lower_program(llvm::LLVMContext& context, const CodegenInput& input,
                                            const Machine& machine);

/// A part of a program for compiling several at once: some of its kernels, or what calls them.
/// Symbols that parts share are visible to each other.
struct ProgramPart {
  std::vector<loops::KernelId> kernels;
  bool calls = false;    ///< the steps, descriptors and public functions
  bool profile = false;  ///< steps count the cycles of their phases
};

std::unique_ptr<llvm::Module> lower_part(llvm::LLVMContext& context, const CodegenInput& input,
                                         const Machine& machine, const ProgramPart& part);

}  // namespace netc
