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

/// A part of a program, for compiling several at once and some later. Symbols that parts share are
/// visible to each other.
struct ProgramPart {
  std::vector<loops::KernelId> kernels;
  std::vector<size_t> steps;  ///< positions in the program
  std::vector<size_t> late;   ///< steps in whose place the interface has stand-ins
  bool interface = false;     ///< the descriptors and public functions
  bool profile = false;       ///< steps count the cycles of their calls
};

std::unique_ptr<llvm::Module> lower_part(llvm::LLVMContext& context, const CodegenInput& input,
                                         const Machine& machine, const ProgramPart& part);

}  // namespace netc
