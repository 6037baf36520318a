// Functions of libm, lane by lane, for what has no form of ours: huge angles, and where the machine
// lacks fused multiply-add, powers and angles in f64.
#include "codegen/vector_math.h"

#include <llvm/IR/Module.h>

#include <string>
#include <vector>

namespace netc {

using llvm::Value;

Value* call_libm(LaneBuilder& lanes, const char* name, LaneValues operands) {
  llvm::IRBuilder<>& ir = lanes.ir;
  llvm::Type* type = operands[0]->getType();
  llvm::Type* element = type->getScalarType();
  std::string symbol = element->isDoubleTy() ? name : std::string(name) + "f";
  std::vector<llvm::Type*> parameters(operands.size(), element);
  llvm::Module* module = ir.GetInsertBlock()->getModule();
  llvm::FunctionCallee callee =
      module->getOrInsertFunction(symbol, llvm::FunctionType::get(element, parameters, false));
  auto* function = llvm::cast<llvm::Function>(callee.getCallee());
  function->setDoesNotAccessMemory();
  function->setDoesNotThrow();
  function->setWillReturn();
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  if (!vector) return ir.CreateCall(callee, operands);
  Value* result = llvm::PoisonValue::get(type);
  for (unsigned lane = 0; lane < vector->getNumElements(); ++lane) {
    std::vector<Value*> scalars;
    for (Value* operand : operands) scalars.push_back(ir.CreateExtractElement(operand, lane));
    result = ir.CreateInsertElement(result, ir.CreateCall(callee, scalars), lane);
  }
  return result;
}

}  // namespace netc
