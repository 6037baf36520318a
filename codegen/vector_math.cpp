// Powers, and libm lane by lane for what has no form of ours: erf, sin, cos and pow of f64.
#include "codegen/vector_math.h"

#include <llvm/IR/Module.h>

#include <cmath>
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

namespace {

/// The exponent where it is one number in all lanes.
const llvm::ConstantFP* constant_exponent(Value* y) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(y);
  if (constant && y->getType()->isVectorTy()) constant = constant->getSplatValue();
  return llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
}

/// |x|^y = e^(y * log|x|) in f64, with the sign and the special values of C's pow.
Value* narrow_pow(LaneBuilder& l, Value* x, Value* y) {
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Type* type = x->getType();
  llvm::Type* wide = LaneBuilder::with_element(type, ir.getDoubleTy());
  Value* size = l.abs(x);
  Value* logarithm = log_of(l, {ir.CreateFPExt(size, wide)});
  Value* power = exp_of(l, {l.mul(ir.CreateFPExt(y, wide), logarithm)});
  Value* result = ir.CreateFPTrunc(power, type);

  auto is_whole = [&](Value* v) { return ir.CreateFCmpOEQ(v, l.call(llvm::Intrinsic::floor, v)); };
  Value* whole = is_whole(y);
  Value* odd = ir.CreateAnd(whole, ir.CreateNot(is_whole(l.mul(y, 0.5))));
  result = l.select(odd, l.copy_sign(result, x), result);
  Value* finite_negative = ir.CreateAnd(l.less(x, 0), ir.CreateNot(l.is_infinite(x)));
  Value* undefined = ir.CreateAnd(finite_negative, ir.CreateNot(whole));
  result = l.select(undefined, l.constant(x, std::nan("")), result);

  Value* one = l.constant(x, 1);
  Value* is_unit = ir.CreateAnd(ir.CreateFCmpOEQ(size, one), l.is_infinite(y));
  Value* always_one = ir.CreateOr(ir.CreateFCmpOEQ(x, one), ir.CreateFCmpOEQ(y, l.constant(y, 0)));
  return l.select(ir.CreateOr(is_unit, always_one), one, result);
}

}  // namespace

Value* pow_of(LaneBuilder& l, LaneValues x) {
  if (const llvm::ConstantFP* exponent = constant_exponent(x[1])) {
    if (exponent->isExactlyValue(1.0)) return x[0];
    if (exponent->isExactlyValue(2.0)) return l.mul(x[0], x[0]);
    if (exponent->isExactlyValue(-1.0)) return l.div(1, x[0]);
  }
  return LaneBuilder::is_double(x[0]) ? call_libm(l, "pow", x) : narrow_pow(l, x[0], x[1]);
}

}  // namespace netc
