// Constants are splatted, everything else is one instruction or intrinsic over all lanes.
#include "codegen/lane_builder.h"

#include <llvm/IR/Intrinsics.h>

#include <limits>

namespace netc {

llvm::Value* LaneBuilder::constant(llvm::Value* like, double value) {
  return llvm::ConstantFP::get(like->getType(), value);
}

llvm::Value* LaneBuilder::integer(llvm::Value* like, int64_t value) {
  return llvm::ConstantInt::get(like->getType(), static_cast<uint64_t>(value), true, true);
}

llvm::Value* LaneBuilder::fma(llvm::Value* a, llvm::Value* b, llvm::Value* c) {
  return ir.CreateIntrinsic(llvm::Intrinsic::fmuladd, {a->getType()}, {a, b, c});
}

llvm::Value* LaneBuilder::fused(llvm::Value* a, llvm::Value* b, llvm::Value* c) {
  return ir.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c});
}

llvm::Value* LaneBuilder::polynomial(llvm::Value* x, std::initializer_list<double> coefficients) {
  llvm::Value* sum = nullptr;
  for (double coefficient : coefficients)
    sum = sum ? fma(sum, x, constant(x, coefficient)) : constant(x, coefficient);
  return sum;
}

llvm::Value* LaneBuilder::call(llvm::Intrinsic::ID intrinsic, llvm::Value* x) {
  return ir.CreateUnaryIntrinsic(intrinsic, x);
}

llvm::Value* LaneBuilder::copy_sign(llvm::Value* magnitude, llvm::Value* sign) {
  return ir.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude, sign);
}

llvm::Value* LaneBuilder::is_infinite(llvm::Value* a) {
  return ir.CreateFCmpOEQ(abs(a), constant(a, std::numeric_limits<double>::infinity()));
}

llvm::Type* LaneBuilder::with_element(llvm::Type* type, llvm::Type* element) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector ? llvm::FixedVectorType::get(element, vector->getNumElements()) : element;
}

llvm::Value* LaneBuilder::bits(llvm::Value* x) {
  llvm::Type* element = ir.getIntNTy(x->getType()->getScalarSizeInBits());
  return ir.CreateBitCast(x, with_element(x->getType(), element));
}

llvm::Value* LaneBuilder::from_bits(llvm::Value* integer, llvm::Type* type) {
  return ir.CreateBitCast(integer, type);
}

}  // namespace netc
