// Sine and cosine. x is reduced by multiples of pi / 2: of f32 in f64, of f64 with three parts of
// pi / 2 and a rest in two numbers. Lanes that are too large for that, infinite or NaN take libm's
// value, so that what a lane gives does not depend on its neighbours.
#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::BasicBlock;
using llvm::Value;

constexpr double largest = 0x1p20;  ///< what is reduced by what stands here
constexpr double two_by_pi = 0.63661977236758134;
constexpr double magic = 0x1.8p52;  ///< added, rounds to a whole number in the lowest bits

/// x = (rest + low) + quarter * pi / 2, where only the two lowest bits of `quarter` count. Of f32,
/// there is no `low`.
struct Angle {
  Value* rest;
  Value* low;
  Value* quarter;
};

/// pi / 2 = 1.57... + 6.1e-11, the first of which has 33 bits: exact in products up to 2^20.
Angle reduce_narrow(LaneBuilder& l, Value* x) {
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Type* type = x->getType();
  Value* wide = ir.CreateFPExt(x, LaneBuilder::with_element(type, ir.getDoubleTy()));
  Value* count = l.add(l.fma(wide, two_by_pi, l.constant(wide, magic)), -magic);
  Value* rest = l.fma(count, -1.5707963267341256, wide);
  rest = ir.CreateFPTrunc(l.fma(count, -6.0771005065061922e-11, rest), type);
  Value* quarter = ir.CreateFPToSI(count, LaneBuilder::with_element(type, ir.getInt32Ty()));
  return {rest, nullptr, quarter};
}

/// Of pi / 2 = a + b + c, x - n * a is exact, and what is lost of n * b is kept: where x is next to
/// a multiple of pi / 2, nothing else is left.
Angle reduce_wide(LaneBuilder& l, Value* x) {
  RoundedAsWritten rounded(l);
  Value* shifted = l.fused(x, two_by_pi, l.constant(x, magic));
  Value* count = l.add(shifted, -magic);
  Value* first = l.fused(count, -1.5707963267948966, x);
  constexpr double b = 6.123233995736766e-17;
  Value* second = l.mul(count, b);
  Value* lost = l.fused(count, b, l.ir.CreateFNeg(second));
  Value* rest = l.sub(first, second);
  Value* taken = l.sub(first, rest);
  Value* low = l.add(l.sub(taken, second), l.sub(first, l.add(rest, taken)));
  low = l.fused(count, 1.4973849048591698e-33, l.sub(low, lost));
  return {rest, low, l.bits(shifted)};
}

Value* narrow_sine(LaneBuilder& l, const Angle& angle, Value* square) {
  Value* tail =
      l.polynomial(square, {2.724939007e-6, -1.984008272e-4, 8.333331868e-3, -1.666666666e-1});
  return l.fma(l.mul(square, angle.rest), tail, angle.rest);
}

Value* narrow_cosine(LaneBuilder& l, Value* square) {
  Value* tail = l.polynomial(square, {2.454753606e-5, -1.388830131e-3, 4.166666465e-2});
  Value* small = l.mul(l.mul(square, square), tail);
  return l.sub(1, l.fma(square, 0.5, l.ir.CreateFNeg(small)));
}

/// sin(r + low) = r + (r^3 * tail + low * (1 - r^2 / 2))
Value* wide_sine(LaneBuilder& l, const Angle& angle, Value* square) {
  Value* tail = l.polynomial(
      square, {1.5917861853502246564e-10, -2.5051128149906353292e-8, 2.7557316084929425719e-6,
               -1.9841269836724873428e-4, 8.3333333333309264577e-3, -1.6666666666666664601e-1});
  Value* moved = l.fma(l.mul(angle.low, -0.5), square, angle.low);
  return l.add(angle.rest, l.fma(l.mul(square, angle.rest), tail, moved));
}

/// cos(r + low) = 1 - (r^2 / 2 - (r^4 * tail - r * low))
Value* wide_cosine(LaneBuilder& l, const Angle& angle, Value* square) {
  Value* tail = l.polynomial(
      square, {-1.1382464188246675653e-11, 2.0876143942459876847e-9, -2.7557317260627649599e-7,
               2.4801587298744434511e-5, -1.3888888888887383325e-3, 4.1666666666666665375e-2});
  Value* small = l.fma(l.mul(square, square), tail, l.mul(angle.rest, l.ir.CreateFNeg(angle.low)));
  return l.sub(1, l.fma(square, 0.5, l.ir.CreateFNeg(small)));
}

/// sin(x + quarters * pi / 2)
Value* reduced_sine(LaneBuilder& l, Value* x, int64_t quarters) {
  llvm::IRBuilder<>& ir = l.ir;
  bool wide = LaneBuilder::is_double(x);
  Angle angle = wide ? reduce_wide(l, x) : reduce_narrow(l, x);
  Value* square = l.mul(angle.rest, angle.rest);
  Value* sine = wide ? wide_sine(l, angle, square) : narrow_sine(l, angle, square);
  sine = l.copy_sign(sine, angle.rest);  // -0 stays -0
  Value* cosine = wide ? wide_cosine(l, angle, square) : narrow_cosine(l, square);

  Value* quarter = ir.CreateAdd(angle.quarter, l.integer(angle.quarter, quarters));
  Value* zero = l.integer(quarter, 0);
  Value* odd = ir.CreateICmpNE(ir.CreateAnd(quarter, l.integer(quarter, 1)), zero);
  Value* negative = ir.CreateICmpNE(ir.CreateAnd(quarter, l.integer(quarter, 2)), zero);
  Value* value = l.select(odd, cosine, sine);
  return l.select(negative, ir.CreateFNeg(value), value);
}

Value* sine(LaneBuilder& l, Value* x, const char* name, int64_t quarters) {
  if (LaneBuilder::is_double(x) && !l.has_fma) return call_libm(l, name, {x});
  llvm::IRBuilder<>& ir = l.ir;
  Value* reduced = reduced_sine(l, x, quarters);
  Value* fits = l.less(l.abs(x), largest);
  BasicBlock* quick = ir.GetInsertBlock();
  BasicBlock* slow = BasicBlock::Create(ir.getContext(), "sine.slow", quick->getParent());
  BasicBlock* after = BasicBlock::Create(ir.getContext(), "sine.end", quick->getParent());
  ir.CreateCondBr(fits->getType()->isVectorTy() ? ir.CreateAndReduce(fits) : fits, after, slow);
  ir.SetInsertPoint(slow);
  Value* mixed = l.select(fits, reduced, call_libm(l, name, {x}));
  ir.CreateBr(after);
  ir.SetInsertPoint(after);
  llvm::PHINode* result = ir.CreatePHI(x->getType(), 2);
  result->addIncoming(reduced, quick);
  result->addIncoming(mixed, slow);
  return result;
}

}  // namespace

Value* sin_of(LaneBuilder& l, LaneValues x) { return sine(l, x[0], "sin", 0); }
Value* cos_of(LaneBuilder& l, LaneValues x) { return sine(l, x[0], "cos", 1); }

}  // namespace netc
