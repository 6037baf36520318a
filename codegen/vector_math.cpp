// Functions of f64 and rare ones of f32 are libm's, lane by lane.
#include "codegen/vector_math.h"

#include <llvm/IR/Module.h>

#include <string>

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

Value* exp_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "exp", x); }
Value* log_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "log", x); }
Value* log1p_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "log1p", x); }
Value* expm1_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "expm1", x); }
Value* sin_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "sin", x); }
Value* cos_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "cos", x); }
Value* tanh_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "tanh", x); }
Value* erf_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "erf", x); }
Value* pow_of(LaneBuilder& l, LaneValues x) { return call_libm(l, "pow", x); }

/// By the exponential of -|x|, which cannot overflow.
Value* sigmoid_of(LaneBuilder& l, LaneValues x) {
  Value* small = exp_of(l, {l.ir.CreateFNeg(l.abs(x[0]))});
  Value* numerator = l.select(l.less(x[0], 0), small, l.constant(small, 1));
  return l.div(numerator, l.add(small, 1));
}

}  // namespace netc
