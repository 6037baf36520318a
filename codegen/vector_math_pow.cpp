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

struct Format {
  double two_thirds, two_thirds_low;
  double ln2_high,
      ln2_low;  ///< the first of so few bits that its product with an exponent is exact
};

constexpr Format f32_format = {0.666666686534881591796875, -1.9868214925130207e-8, 0x1.62e4p-1,
                               1.4286068203094173e-6};
constexpr Format f64_format = {0.66666666666666663, 3.7007434154171883e-17, 0x1.62e42feep-1,
                               1.9082149292705878e-10};

/// (log((1 + s) / (1 - s)) / s - 2 - 2/3 z) / z^2 with z = s^2, fitted by fit_polynomials.py.
Value* log_tail(LaneBuilder& l, Value* z) {
  if (!LaneBuilder::is_double(z))
    return l.polynomial(z, {1.912234276e-1, 2.220468113e-1, 2.857153269e-1, 3.99999999e-1});
  return l.polynomial(z,
                      {1.1724684759860116314e-1, 1.1706084269613740659e-1, 1.333481072306870585e-1,
                       1.5384594844039852513e-1, 1.8181818336587350667e-1, 2.2222222221650153351e-1,
                       2.8571428571429376546e-1, 3.9999999999999999814e-1});
}

/// The logarithm of positive finite numbers to some 2^-64, of f32 to 2^-35. With x = 2^e * (1 + f),
/// s = f / (2 + f) and z = s^2, it is e * ln 2 + s * (2 + z * (2/3 + z * tail(z))).
Double extended_log(LaneBuilder& l, Value* x) {
  const Format& format = LaneBuilder::is_double(x) ? f64_format : f32_format;
  auto [e, f] = split_float(l, x);
  Value* two = l.constant(f, 2);
  Double s = quotient(l, f, sum(l, two, f));
  Double z = product(l, s, s);
  Value* tail = l.mul(z.high, log_tail(l, z.high));
  Double factor = sum(l, l.constant(f, format.two_thirds), tail);
  factor.low = l.add(factor.low, format.two_thirds_low);
  Double log = product(l, s, sum(l, two, product(l, z, factor)));
  log = sum(l, l.mul(e, format.ln2_high), log);
  return {log.high, l.fused(e, format.ln2_low, log.low)};
}

/// e^(y * log|x|). Where x is 0 or infinite, so is its logarithm.
Value* power_of_size(LaneBuilder& l, Value* size, Value* y) {
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

Value* power(LaneBuilder& l, Value* x, Value* y) {
  llvm::IRBuilder<>& ir = l.ir;
  Value* size = l.abs(x);
  Value* result = power_of_size(l, size, y);

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

/// x^(1/2), which at -0 and at -inf is not the square root.
Value* root(LaneBuilder& l, Value* x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value* is_least = l.ir.CreateFCmpOEQ(x, l.constant(x, -infinity));
  Value* root = l.add(l.call(llvm::Intrinsic::sqrt, x), 0.0);
  return l.select(is_least, l.constant(x, infinity), root);
}

/// What is as good by a few instructions.
Value* easy_power(LaneBuilder& l, Value* x, const llvm::ConstantFP* exponent) {
  auto is = [&](double value) { return exponent->isExactlyValue(value); };
  if (is(1)) return x;
  if (is(2)) return l.mul(x, x);
  if (is(3)) return l.mul(l.mul(x, x), x);
  if (is(-1)) return l.div(1, x);
  if (is(0.5)) return root(l, x);
  if (is(-0.5)) return l.div(1, root(l, x));
  return nullptr;
}

}  // namespace

Value* pow_of(LaneBuilder& l, LaneValues x) {
  if (const llvm::ConstantFP* exponent = constant_exponent(x[1]))
    if (Value* result = easy_power(l, x[0], exponent)) return result;
  if (!l.has_fma) return call_libm(l, "pow", x);
  return power(l, x[0], x[1]);
}

}  // namespace netc
