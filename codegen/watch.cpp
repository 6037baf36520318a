// Checks are made by LLVM's own pass, which speaks to the same runtime as the C++ compiler's.
// Tables stay as they are: kernels do not read them, and code in this process runs no constructors,
// which would tell the runtime of what lies between them.
#include "codegen/watch.h"

#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Instrumentation/AddressSanitizer.h>

namespace netc {

void watch_accesses(llvm::Module& module) {
  for (llvm::GlobalVariable& variable : module.globals()) {
    llvm::GlobalValue::SanitizerMetadata untouched;
    untouched.NoAddress = true;
    variable.setSanitizerMetadata(untouched);
  }
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::AddressSanitizerOptions options;
  options.UseAfterReturn = llvm::AsanDetectStackUseAfterReturnMode::Never;
  llvm::AddressSanitizerPass pass(options, false, false, llvm::AsanDtorKind::None,
                                  llvm::AsanCtorKind::None);
  pass.run(module, modules);
}

}  // namespace netc
