// Powers: |x|^y = e^(y * log|x|), then the sign and the special values of C's pow. f32 is computed
// in f64. In f64, where y * log|x| may be 700 and its error counts in full, the logarithm and the
// product are kept in two numbers each; that takes fused products to find what a product lost.
#include <cmath>
#include <limits>

#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::Value;

/// high + low, where low is about what high was rounded by.
struct Double {
  Value* high;
  Value* low;
};

Double product(LaneBuilder& l, Value* a, Value* b) {
  Value* high = l.mul(a, b);
  return {high, l.fused(a, b, l.ir.CreateFNeg(high))};
}

Double product(LaneBuilder& l, Double a, Double b) {
  Double main = product(l, a.high, b.high);
  return {main.high, l.fused(a.high, b.low, l.fused(a.low, b.high, main.low))};
}

/// Where |a| is not below |b|.
Double sum(LaneBuilder& l, Value* a, Value* b) {
  Value* high = l.add(a, b);
  return {high, l.add(l.sub(a, high), b)};
}

Double sum(LaneBuilder& l, Value* a, Double b) {
  Double main = sum(l, a, b.high);
  return {main.high, l.add(main.low, b.low)};
}

/// a / b, by the rest that the quotient of the high parts leaves.
Double quotient(LaneBuilder& l, Value* a, Double b) {
  Value* inverse = l.div(1, b.high);
  Value* high = l.mul(a, inverse);
  Value* minus = l.ir.CreateFNeg(high);
  Value* rest = l.fused(minus, b.low, l.fused(minus, b.high, a));
  return {high, l.mul(rest, inverse)};
}

/// log(2^e * (1 + f)) of positive finite numbers, to some 2^-64. With s = f / (2 + f) and z = s^2,
/// log(1 + f) = s * (2 + z * (2/3 + z * tail(z))).
Double extended_log(LaneBuilder& l, Value* x) {
  auto [e, f] = split_float(l, x);
  Double s = quotient(l, f, sum(l, l.constant(f, 2), f));
  Double z = product(l, s, s);
  Value* tail = l.polynomial(
      z.high, {1.1724684759860116314e-1, 1.1706084269613740659e-1, 1.333481072306870585e-1,
               1.5384594844039852513e-1, 1.8181818336587350667e-1, 2.2222222221650153351e-1,
               2.8571428571429376546e-1, 3.9999999999999999814e-1});
  Double third = sum(l, l.constant(f, 0.66666666666666663), l.mul(z.high, tail));
  third.low = l.add(third.low, 3.7007434154171883e-17);  // of 2/3
  Double factor = sum(l, l.constant(f, 2), product(l, z, third));
  Double log = product(l, s, factor);

  log = sum(l, l.mul(e, 0x1.62e42feep-1), log);  // exact: this part of ln 2 has 32 bits
  return {log.high, l.fused(e, 1.9082149292705878e-10, log.low)};
}

/// e^(y * log|x|). Where x is 0 or infinite, so is its logarithm.
Value* wide_power(LaneBuilder& l, Value* size, Value* y) {
  RoundedAsWritten rounded(l);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Double log = extended_log(l, size);
  Value* is_zero = l.ir.CreateFCmpOEQ(size, l.constant(size, 0));
  log.high = l.select(is_zero, l.constant(size, -infinity), log.high);
  Value* is_finite = l.less(size, infinity);
  log.high = l.select(is_finite, log.high, size);  // a NaN stays
  Double exponent = product(l, y, log.high);
  Value* low = l.fused(y, log.low, exponent.low);
  Value* matters = l.less(l.abs(exponent.high), 1024);  // otherwise low may be NaN
  return exp_of_sum(l, exponent.high, l.select(matters, low, l.constant(low, 0)));
}

Value* narrow_power(LaneBuilder& l, Value* size, Value* y) {
  llvm::Type* wide = LaneBuilder::with_element(size->getType(), l.ir.getDoubleTy());
  Value* logarithm = log_of(l, {l.ir.CreateFPExt(size, wide)});
  Value* power = exp_of(l, {l.mul(l.ir.CreateFPExt(y, wide), logarithm)});
  return l.ir.CreateFPTrunc(power, size->getType());
}

Value* power(LaneBuilder& l, Value* x, Value* y) {
  llvm::IRBuilder<>& ir = l.ir;
  Value* size = l.abs(x);
  Value* result = LaneBuilder::is_double(x) ? wide_power(l, size, y) : narrow_power(l, size, y);

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

/// The exponent where it is one number in all lanes.
const llvm::ConstantFP* constant_exponent(Value* y) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(y);
  if (constant && y->getType()->isVectorTy()) constant = constant->getSplatValue();
  return llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
}

}  // namespace

Value* pow_of(LaneBuilder& l, LaneValues x) {
  if (const llvm::ConstantFP* exponent = constant_exponent(x[1])) {
    if (exponent->isExactlyValue(1.0)) return x[0];
    if (exponent->isExactlyValue(2.0)) return l.mul(x[0], x[0]);
    if (exponent->isExactlyValue(-1.0)) return l.div(1, x[0]);
  }
  if (LaneBuilder::is_double(x[0]) && !l.has_fma) return call_libm(l, "pow", x);
  return power(l, x[0], x[1]);
}

}  // namespace netc
