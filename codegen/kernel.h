// A kernel of the loops IR as an LLVM function.
#pragma once

#include <llvm/IR/Module.h>

#include <vector>

#include "codegen/target.h"
#include "ir/loops/text.h"

namespace netc {

/// What its callers promise of one parameter of a kernel.
struct PointerFacts {
  uint64_t alignment = 1;
};

/// `void body(pointers..., i64 n, i64 task, i64 task_end)`: what a step calls directly. Pointers as
/// parameters, so that LLVM is told that they do not alias.
llvm::FunctionType* kernel_body_type(llvm::LLVMContext& context, const loops::Kernel& kernel);
llvm::Function* declare_kernel_body(llvm::Module& module, const loops::Kernel& kernel,
                                    const std::vector<PointerFacts>& facts, const Machine& machine);
/// `lines` of the text, where debug information describes the body.
void define_kernel_body(llvm::Function* body, const loops::Kernel& kernel,
                        const loops::LineTable::OfKernel* lines, const Machine& machine);

/// `void run(ptr arguments, i64 n, i64 first, i64 end)`: the netc_task that the runtime's threads
/// call.
llvm::Function* declare_kernel_task(llvm::Module& module, const loops::Kernel& kernel,
                                    const Machine& machine);
void define_kernel_task(llvm::Function* task, llvm::Function* body, const loops::Kernel& kernel);

/// Marks a function with the machine it is for.
void set_machine(llvm::Function* function, const Machine& machine);

}  // namespace netc
