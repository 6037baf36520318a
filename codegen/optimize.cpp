// Kernels arrive simplified, vectorized, unrolled and in SSA form, so what is left to LLVM is to
// share equal expressions and to move what is invariant out of loops. Each pass below has earned
// its place by the code it improves; none of them is known to grow with the square of anything.
#include "codegen/optimize.h"

#include <llvm/ADT/SmallString.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "codegen/watch.h"

namespace netc {

void optimize(llvm::Module& module, const Machine& machine, int level) {
  if (level == 0) return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(machine.llvm.get());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);

  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()),
                                                       /*UseMemorySSA=*/true));
  if (level >= 2) passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::SimplifyCFGPass());
  for (llvm::Function& function : module)
    if (!function.isDeclaration() && !function.hasOptNone()) passes.run(function, functions);
}

Result<std::string> generate(llvm::Module& module, const Machine& machine, bool assembly) {
  if (is_watched) watch_accesses(module);
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile : llvm::CodeGenFileType::ObjectFile;
  const bool verified = true;  // when it was made, and LLVM's passes are not ours to check
  if (machine.llvm->addPassesToEmitFile(passes, out, nullptr, kind, verified))
    return Error{"LLVM writes no such file for this target"};
  passes.run(module);
  return std::string(bytes.str());
}

}  // namespace netc
