// Declares every kernel that is called or defined here, then fills in what belongs to the part.
#include "codegen/program.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <optional>
#include <set>

#include "codegen/debug_info.h"
#include "codegen/descriptor.h"
#include "codegen/public_functions.h"
#include "codegen/step.h"
#include "ir/support/check.h"

namespace netc {

namespace {

class ProgramLowering {
 public:
  ProgramLowering(llvm::Module& module, const CodegenInput& input, const Machine& machine)
      : module_(module),
        input_(input),
        machine_(machine),
        facts_(pointer_facts(*input.program)),
        functions_(input.program->kernels.size()) {
    module.setTargetTriple(machine.llvm->getTargetTriple());
    module.setDataLayout(machine.llvm->createDataLayout());
    module.setPICLevel(llvm::PICLevel::BigPIC);
    find_parallel();
    if (!input.debug_file.empty()) debug_.emplace(module, *input.program, input.debug_file);
  }

  void declare_kernels() {
    for (size_t i = 0; i < functions_.size(); ++i) {
      const loops::Kernel& kernel = input_.program->kernels[i];
      functions_[i].body = declare_kernel_body(module_, kernel, facts_[i], machine_);
      if (parallel_.contains(i))
        functions_[i].task = declare_kernel_task(module_, kernel, machine_);
    }
  }

  void define_kernel(loops::KernelId id) {
    const loops::Kernel& kernel = (*input_.program)[id];
    const KernelFunctions& functions = functions_[id.index];
    const loops::LineTable::OfKernel* lines = nullptr;
    if (debug_) {
      lines = &debug_->lines().kernels[id.index];
      debug_->describe(functions.body, kernel.name, lines->first);
    }
    define_kernel_body(functions.body, kernel, lines, machine_);
    if (functions.task) define_kernel_task(functions.task, functions.body, kernel);
  }

  void define_calls(bool profile) {
    for (size_t i = 0; i < input_.models->size(); ++i) {
      const ModelInterface& model = (*input_.models)[i];
      DescriptorFacts facts{.target = machine_.cpu, .features = machine_.required};
      if (i < input_.plans.size()) facts.plans = input_.plans[i];
      for (size_t s = 0; s < input_.program->steps.size(); ++s) {
        const loops::Step& step = input_.program->steps[s];
        if (step.model != model.name) continue;
        llvm::Function* run = declare_step(module_, step, machine_);
        const loops::LineTable::OfStep* lines = nullptr;
        if (debug_) {
          lines = &debug_->lines().steps[s];
          debug_->describe(run, step.model + "." + step.entry, lines->first);
        }
        define_step(run, step, model, functions_, profile, lines);
        facts.entries[step.entry] = {run, static_cast<uint64_t>(step.arena_bytes)};
      }
      define_public_functions(module_, model, define_descriptor(module_, model, facts));
    }
  }

  /// Kernels are shared by the parts of a program, and by nobody else.
  void share_kernels() {
    auto share = [](llvm::Function* function) {
      if (!function) return;
      function->setLinkage(llvm::GlobalValue::ExternalLinkage);
      function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    };
    for (KernelFunctions& functions : functions_) {
      share(functions.body);
      share(functions.task);
    }
  }

  void finish() {
    for (KernelFunctions& functions : functions_) {
      for (llvm::Function* function : {functions.task, functions.body})
        if (function && function->isDeclaration() && function->use_empty())
          function->eraseFromParent();
    }
    if (debug_) debug_->finish();
    std::string problem;
    llvm::raw_string_ostream out(problem);
    NETC_CHECK(!llvm::verifyModule(module_, &out), "{}", problem);
  }

 private:
  void find_parallel() {
    for (const loops::Step& step : input_.program->steps)
      for (const loops::Phase& phase : step.phases)
        for (const loops::Call& call : phase.calls)
          if (is_parallel(call, step.capacity)) parallel_.insert(call.kernel.index);
  }

  llvm::Module& module_;
  const CodegenInput& input_;
  const Machine& machine_;
  std::vector<std::vector<PointerFacts>> facts_;
  std::vector<KernelFunctions> functions_;
  std::optional<DebugInfo> debug_;
  std::set<size_t> parallel_;  ///< kernels that may run as several tasks
};

}  // namespace

std::unique_ptr<llvm::Module> lower_program(llvm::LLVMContext& context, const CodegenInput& input,
                                            const Machine& machine) {
  auto module = std::make_unique<llvm::Module>("netc", context);
  ProgramLowering lowering(*module, input, machine);
  lowering.declare_kernels();
  for (uint32_t i = 0; i < input.program->kernels.size(); ++i) lowering.define_kernel({i});
  lowering.define_calls(false);
  lowering.finish();
  return module;
}

std::unique_ptr<llvm::Module> lower_part(llvm::LLVMContext& context, const CodegenInput& input,
                                         const Machine& machine, const ProgramPart& part) {
  auto module = std::make_unique<llvm::Module>("netc", context);
  ProgramLowering lowering(*module, input, machine);
  lowering.declare_kernels();
  lowering.share_kernels();
  for (loops::KernelId id : part.kernels) lowering.define_kernel(id);
  if (part.calls) lowering.define_calls(part.profile);
  lowering.finish();
  return module;
}

}  // namespace netc
