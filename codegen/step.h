// A step of the loops IR as the function that the runtime calls.
#pragma once

#include "codegen/kernel.h"
#include "ir/interface.h"

namespace netc {

/// A kernel's two functions in a module.
struct KernelFunctions {
  llvm::Function* body = nullptr;
  llvm::Function* task = nullptr;  ///< nullptr where no step needs one
  bool runs_together = false;      ///< tasks that lie side by side, in one call
};

/// Whether the runtime is to run a call of a phase, on any of its threads.
bool needs_task(const loops::Phase& phase, const loops::Call& call, int64_t capacity);

/// `void run(const struct netc_context *context, i64 n)`.
llvm::Function* declare_step(llvm::Module& module, const loops::Step& step, const Machine& machine);
void define_step(llvm::Function* run, const loops::Step& step, const ModelInterface& model,
                 const std::vector<KernelFunctions>& kernels, bool profile,
                 const loops::LineTable::OfStep* lines = nullptr);

/// A function that runs the step at this position of the program by the code that it is given for
/// it: `void *netc_late_code(void *netc_late_context, size_t position)`.
llvm::Function* define_stand_in(llvm::Module& module, const loops::Step& step, size_t position,
                                const Machine& machine);
constexpr const char* late_code_symbol = "netc_late_code";
constexpr const char* late_context_symbol = "netc_late_context";

/// The name of a step's function.
std::string step_symbol(const loops::Step& step);

/// The name of the array in which a step counts the cycles of its calls.
std::string cycles_symbol(const loops::Step& step);

/// What all calls of a program promise of each kernel's parameters.
std::vector<std::vector<PointerFacts>> pointer_facts(const loops::Program& program);

}  // namespace netc
