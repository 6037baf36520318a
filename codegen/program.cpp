// Declares every kernel that is called or defined here, then fills in what belongs to the part.
#include "codegen/program.h"

#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
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
      functions_[i].runs_together = loops::runs_tasks_together(kernel);
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

  void declare_steps() {
    for (const loops::Step& step : input_.program->steps)
      steps_.push_back(declare_step(module_, step, machine_));
  }

  void define_step(size_t position, bool profile) {
    const loops::Step& step = input_.program->steps[position];
    llvm::Function* run = steps_[position];
    const loops::LineTable::OfStep* lines = nullptr;
    if (debug_) {
      lines = &debug_->lines().steps[position];
      debug_->describe(run, step.model + "." + step.entry, lines->first);
    }
    auto model = std::find_if(input_.models->begin(), input_.models->end(),
                              [&](const ModelInterface& it) { return it.name == step.model; });
    NETC_CHECK(model != input_.models->end(), "a step of no model: {}", step.model);
    netc::define_step(run, step, *model, functions_, profile, lines);
  }

  /// The interface shows a stand-in for a step that is compiled later.
  void stand_in(size_t position) {
    steps_[position] =
        define_stand_in(module_, input_.program->steps[position], position, machine_);
  }

  void define_interface() {
    for (size_t i = 0; i < input_.models->size(); ++i) {
      const ModelInterface& model = (*input_.models)[i];
      DescriptorFacts facts{.target = machine_.cpu, .features = machine_.required};
      if (i < input_.plans.size()) facts.plans = input_.plans[i];
      for (size_t s = 0; s < input_.program->steps.size(); ++s) {
        const loops::Step& step = input_.program->steps[s];
        if (step.model == model.name)
          facts.entries[step.entry] = {steps_[s], static_cast<uint64_t>(step.arena_bytes)};
      }
      define_public_functions(module_, model, define_descriptor(module_, model, facts));
    }
  }

  /// Kernels are shared by the parts of a program, and by nobody else; steps are looked up, too.
  void share_functions() {
    for (KernelFunctions& functions : functions_) {
      for (llvm::Function* function : {functions.task, functions.body}) {
        if (!function) continue;
        function->setLinkage(llvm::GlobalValue::ExternalLinkage);
        function->setVisibility(llvm::GlobalValue::HiddenVisibility);
      }
    }
    for (llvm::Function* step : steps_) step->setLinkage(llvm::GlobalValue::ExternalLinkage);
  }

  void finish() {
    for (KernelFunctions& functions : functions_) {
      for (llvm::Function* function : {functions.task, functions.body})
        if (function && function->isDeclaration() && function->use_empty())
          function->eraseFromParent();
    }
    for (llvm::Function* step : steps_)
      if (step->isDeclaration() && step->use_empty()) step->eraseFromParent();
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
          if (needs_task(phase, call, step.capacity)) parallel_.insert(call.kernel.index);
  }

  llvm::Module& module_;
  const CodegenInput& input_;
  const Machine& machine_;
  std::vector<std::vector<PointerFacts>> facts_;
  std::vector<KernelFunctions> functions_;
  std::vector<llvm::Function*> steps_;
  std::optional<DebugInfo> debug_;
  std::set<size_t> parallel_;  ///< kernels that may run as several tasks
};

}  // namespace

std::unique_ptr<llvm::Module> lower_program(llvm::LLVMContext& context, const CodegenInput& input,
                                            const Machine& machine) {
  auto module = std::make_unique<llvm::Module>("netc", context);
  ProgramLowering lowering(*module, input, machine);
  lowering.declare_kernels();
  lowering.declare_steps();
  for (uint32_t i = 0; i < input.program->kernels.size(); ++i) lowering.define_kernel({i});
  for (size_t s = 0; s < input.program->steps.size(); ++s) lowering.define_step(s, false);
  lowering.define_interface();
  lowering.finish();
  return module;
}

std::unique_ptr<llvm::Module> lower_part(llvm::LLVMContext& context, const CodegenInput& input,
                                         const Machine& machine, const ProgramPart& part) {
  auto module = std::make_unique<llvm::Module>("netc", context);
  ProgramLowering lowering(*module, input, machine);
  lowering.declare_kernels();
  lowering.declare_steps();
  lowering.share_functions();
  for (loops::KernelId id : part.kernels) lowering.define_kernel(id);
  for (size_t step : part.steps) lowering.define_step(step, part.profile);
  for (size_t step : part.late) lowering.stand_in(step);
  if (part.interface) lowering.define_interface();
  lowering.finish();
  return module;
}

}  // namespace netc
