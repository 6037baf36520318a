// What LLVM is told of the functions that a kernel becomes, and the one that the runtime calls.
#include <llvm/IR/IRBuilder.h>

#include "codegen/kernel.h"
#include "codegen/watch.h"

namespace netc {

void set_machine(llvm::Function* function, const Machine& machine) {
  function->addFnAttr("target-cpu", machine.cpu);
  if (!machine.features.empty()) function->addFnAttr("target-features", machine.features);
  function->addFnAttr("prefer-vector-width", std::to_string(machine.vector_bits));
  function->addFnAttr("min-legal-vector-width", std::to_string(machine.vector_bits));
  // Steps run with subnormal numbers as zero, and not only so: LLVM may count on neither.
  function->addFnAttr("denormal-fp-math", "dynamic,dynamic");
  function->setDoesNotThrow();
}

llvm::FunctionType* kernel_body_type(llvm::LLVMContext& context, const loops::Kernel& kernel) {
  std::vector<llvm::Type*> parameters(kernel.parameters.size(), llvm::PointerType::get(context, 0));
  parameters.resize(parameters.size() + 3, llvm::Type::getInt64Ty(context));
  return llvm::FunctionType::get(llvm::Type::getVoidTy(context), parameters, false);
}

llvm::Function* declare_kernel_body(llvm::Module& module, const loops::Kernel& kernel,
                                    const std::vector<PointerFacts>& facts,
                                    const Machine& machine) {
  llvm::LLVMContext& context = module.getContext();
  auto* body =
      llvm::Function::Create(kernel_body_type(context, kernel), llvm::GlobalValue::InternalLinkage,
                             "kernel." + kernel.name, module);
  set_machine(body, machine);
  if (is_watched) body->addFnAttr(llvm::Attribute::SanitizeAddress);
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    auto index = static_cast<unsigned>(i);
    body->getArg(index)->setName(kernel[kernel.parameters[i].value].name);
    body->addParamAttr(index, llvm::Attribute::NoAlias);
    body->addParamAttr(index, llvm::Attribute::NonNull);
    body->addParamAttr(index,
                       llvm::Attribute::getWithAlignment(context, llvm::Align(facts[i].alignment)));
    if (!kernel.parameters[i].writable) body->addParamAttr(index, llvm::Attribute::ReadOnly);
  }
  return body;
}

llvm::Function* declare_kernel_task(llvm::Module& module, const loops::Kernel& kernel,
                                    const Machine& machine) {
  llvm::LLVMContext& context = module.getContext();
  llvm::Type* i64 = llvm::Type::getInt64Ty(context);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context),
                                       {llvm::PointerType::get(context, 0), i64, i64, i64}, false);
  auto* task = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage,
                                      "task." + kernel.name, module);
  set_machine(task, machine);
  return task;
}

void define_kernel_task(llvm::Function* task, llvm::Function* body, const loops::Kernel& kernel) {
  llvm::LLVMContext& context = task->getContext();
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "entry", task));
  std::vector<llvm::Value*> arguments;
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    llvm::Value* slot = ir.CreateConstInBoundsGEP1_64(ir.getPtrTy(), task->getArg(0), i);
    arguments.push_back(ir.CreateLoad(ir.getPtrTy(), slot));
  }
  llvm::Value *first = task->getArg(2), *end = task->getArg(3);
  arguments.insert(arguments.end(), {task->getArg(1), first, end});
  if (loops::runs_tasks_together(kernel)) {
    ir.CreateCall(body, arguments);
    ir.CreateRetVoid();
    return;
  }
  auto* loop = llvm::BasicBlock::Create(context, "task", task);
  auto* done = llvm::BasicBlock::Create(context, "done", task);
  llvm::BasicBlock* entry = ir.GetInsertBlock();
  ir.CreateBr(loop);
  ir.SetInsertPoint(loop);
  llvm::PHINode* number = ir.CreatePHI(ir.getInt64Ty(), 2);
  llvm::Value* next = ir.CreateAdd(number, ir.getInt64(1));
  number->addIncoming(first, entry);
  number->addIncoming(next, loop);
  arguments[arguments.size() - 2] = number;
  arguments.back() = next;
  ir.CreateCall(body, arguments);
  ir.CreateCondBr(ir.CreateICmpSLT(next, end), loop, done);
  ir.SetInsertPoint(done);
  ir.CreateRetVoid();
}

}  // namespace netc
