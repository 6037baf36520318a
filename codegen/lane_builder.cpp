// Constants are splatted, everything else is one instruction or intrinsic over all lanes.
#include "codegen/lane_builder.h"

#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>
#include <limits>
#include <numeric>

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

llvm::Value* LaneBuilder::lookup(const std::vector<float>& table, llvm::Value* index) {
  constexpr unsigned lanes = 16;
  llvm::ArrayRef<float> entries(table);
  llvm::Value* low = llvm::ConstantDataVector::get(ir.getContext(), entries.take_front(lanes));
  llvm::Value* high = llvm::ConstantDataVector::get(ir.getContext(), entries.drop_front(lanes));
  std::vector<llvm::Value*> found;
  for (llvm::Value* part : registers_of(index, lanes))
    found.push_back(
        ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_vpermi2var_ps_512, {}, {low, part, high}));
  return joined(found, with_element(index->getType(), ir.getFloatTy()));
}

llvm::Value* LaneBuilder::scale(llvm::Value* x, llvm::Value* exponent) {
  constexpr int64_t current_rounding = 4;
  const bool wide = is_double(x);
  const unsigned lanes = wide ? 8 : 16;
  const auto intrinsic = wide ? llvm::Intrinsic::x86_avx512_mask_scalef_pd_512
                              : llvm::Intrinsic::x86_avx512_mask_scalef_ps_512;
  llvm::Value* all = llvm::ConstantInt::getAllOnesValue(ir.getIntNTy(lanes));
  std::vector<llvm::Value*> parts = registers_of(x, lanes);
  const std::vector<llvm::Value*> exponents = registers_of(exponent, lanes);
  for (size_t i = 0; i < parts.size(); ++i)
    parts[i] = ir.CreateIntrinsic(
        intrinsic, {}, {parts[i], exponents[i], parts[i], all, ir.getInt32(current_rounding)});
  return joined(parts, x->getType());
}

std::vector<llvm::Value*> LaneBuilder::registers_of(llvm::Value* x, unsigned lanes) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(x->getType());
  if (!vector) {
    auto* type = llvm::FixedVectorType::get(x->getType(), lanes);
    return {ir.CreateInsertElement(llvm::PoisonValue::get(type), x, uint64_t{0})};
  }
  const unsigned count = vector->getNumElements();
  if (count == lanes) return {x};
  std::vector<llvm::Value*> parts;
  for (unsigned first = 0; first < count; first += lanes) {
    std::vector<int> from(lanes, -1);
    std::iota(from.begin(), from.begin() + std::min(count - first, lanes), first);
    parts.push_back(ir.CreateShuffleVector(x, from));
  }
  return parts;
}

llvm::Value* LaneBuilder::joined(const std::vector<llvm::Value*>& registers, llvm::Type* type) {
  if (!type->isVectorTy()) return ir.CreateExtractElement(registers[0], uint64_t{0});
  llvm::Value* all = llvm::concatenateVectors(ir, registers);
  if (all->getType() == type) return all;
  std::vector<int> from(llvm::cast<llvm::FixedVectorType>(type)->getNumElements());
  std::iota(from.begin(), from.end(), 0);
  return ir.CreateShuffleVector(all, from);
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
