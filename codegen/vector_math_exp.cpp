// e^x and what is made of it. With n the whole number nearest to x / ln 2 and r the rest,
// e^x = 2^n * e^r; where no instruction scales by any power of two, n is split in two, so that the
// scales stay in range where the result is subnormal or overflows. The polynomials are fitted by
// fit_polynomials.py.
#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::Value;

/// What differs between f32 and f64. `magic` is 1.5 * 2^mantissa_bits: adding it rounds to a whole
/// number, which then stands in the low bits. `ln2_high` has so few bits that n times it is exact.
struct Format {
  double magic;
  int64_t magic_bits;
  int mantissa_bits;
  int64_t bias;
  double ln2_high;
  double ln2_low;
  double exp_low;    ///< e^x is 0 below
  double exp_high;   ///< and infinite above
  double expm1_low;  ///< e^x - 1 is -1 below
};

constexpr Format f32_format = {0x1.8p23, 0x4b400000, 23, 127, 0x1.62e4p-1, 1.4286068203094173e-6,
                               -104,     89,         -18};
constexpr Format f64_format = {
    0x1.8p52, 0x4338000000000000, 52, 1023, 0x1.62e42feep-1, 1.9082149292705878e-10, -746, 710,
    -40};

const Format& format_of(Value* x) { return LaneBuilder::is_double(x) ? f64_format : f32_format; }

/// e^(x + low) = 2^n * e^r. A NaN stays NaN in r.
struct Reduced {
  Value* r;
  Value* whole;  ///< n as a float
  Value* n;      ///< and as an integer of its size
};

Reduced reduce(LaneBuilder& l, Value* x, Value* low, double least) {
  const Format& format = format_of(x);
  x = l.select(l.less(x, least), l.constant(x, least), x);
  x = l.select(l.greater(x, format.exp_high), l.constant(x, format.exp_high), x);
  Value* shifted = l.fma(x, 1.4426950408889634, l.constant(x, format.magic));
  Value* whole = l.add(shifted, -format.magic);
  Value* r = l.fma(whole, -format.ln2_high, x);
  r = low ? l.add(r, l.fma(whole, -format.ln2_low, low)) : l.fma(whole, -format.ln2_low, r);
  Value* bits = l.bits(shifted);
  return {r, whole, l.ir.CreateSub(bits, l.integer(bits, format.magic_bits))};
}

/// e^r - 1 = r + r^2 * tail(r), for |r| up to half of ln 2.
Value* expm1_of_rest(LaneBuilder& l, Value* r, bool exact_near_zero) {
  Value* tail;
  if (LaneBuilder::is_double(r)) {
    tail = l.polynomial(
        r, {2.0921761462276951625e-9, 2.5105419747883522189e-8, 2.7557252400359836758e-7,
            2.7557254911966976472e-6, 2.4801587347873554463e-5, 1.9841269875206454438e-4,
            1.3888888888874170744e-3, 8.3333333333260244935e-3, 4.1666666666666684135e-2,
            1.6666666666666671074e-1, 0.5});
  } else if (exact_near_zero) {
    tail = l.polynomial(
        r, {1.990784007e-4, 1.393382266e-3, 8.333285642e-3, 4.166646336e-2, 1.666666676e-1, 0.5});
  } else {
    tail = l.polynomial(
        r, {1.394132281e-3, 8.363294913e-3, 4.166637291e-2, 1.666657629e-1, 5.000000027e-1});
  }
  return l.fma(l.mul(r, r), tail, r);
}

/// 2^n by its bits, where n + bias is `exponent`.
Value* power_of_two(LaneBuilder& l, Value* exponent, const Format& format, llvm::Type* type) {
  return l.from_bits(l.ir.CreateShl(exponent, l.integer(exponent, format.mantissa_bits)), type);
}

Value* exp(LaneBuilder& l, Value* x, Value* low = nullptr) {
  const Format& format = format_of(x);
  Reduced reduced = reduce(l, x, low, format.exp_low);
  Value* e = l.add(expm1_of_rest(l, reduced.r, false), 1);
  if (l.has_permutes) return l.scale(e, reduced.whole);
  Value* both = l.ir.CreateAdd(reduced.n, l.integer(reduced.n, 2 * format.bias));
  Value* first = l.ir.CreateLShr(both, l.integer(both, 1));
  Value* second = l.ir.CreateSub(both, first);
  e = l.mul(e, power_of_two(l, first, format, x->getType()));
  return l.mul(e, power_of_two(l, second, format, x->getType()));
}

/// e^x - 1 = 2 * (h * (e^r - 1) + (h - 1/2)) with h = 2^(n - 1), which does not overflow.
Value* expm1(LaneBuilder& l, Value* x) {
  const Format& format = format_of(x);
  Reduced reduced = reduce(l, x, nullptr, format.expm1_low);
  Value* rest = expm1_of_rest(l, reduced.r, true);
  Value* exponent = l.ir.CreateAdd(reduced.n, l.integer(reduced.n, format.bias - 1));
  Value* half = power_of_two(l, exponent, format, x->getType());
  return l.copy_sign(l.mul(l.fma(rest, half, l.add(half, -0.5)), 2), x);  // -0 stays -0
}

}  // namespace

Value* exp_of(LaneBuilder& l, LaneValues x) { return exp(l, x[0]); }
Value* exp_of_sum(LaneBuilder& l, Value* x, Value* low) { return exp(l, x, low); }
Value* expm1_of(LaneBuilder& l, LaneValues x) { return expm1(l, x[0]); }

/// By the exponential s of -|x|, which cannot overflow: s / (1 + s) or 1 / (1 + s). What rounding
/// adds to 1 + s is taken out again to first order, with 1 / (1 + s) = 1 - s / (1 + s).
Value* sigmoid_of(LaneBuilder& l, LaneValues x) {
  Value* small = exp(l, l.ir.CreateFNeg(l.abs(x[0])));
  Value* is_negative = l.less(x[0], 0);
  Value* sum = l.add(small, 1);
  Value* quotient = l.div(l.select(is_negative, small, l.constant(small, 1)), sum);
  Value* excess = l.sub(l.add(sum, -1), small);
  Value* inverse = l.select(is_negative, l.sub(1, quotient), quotient);
  return l.fma(l.mul(quotient, inverse), excess, quotient);
}

/// A polynomial where x is small, else 1 - 2 / (e^(2|x|) + 1).
Value* tanh_of(LaneBuilder& l, LaneValues x) {
  Value* square = l.mul(x[0], x[0]);
  Value* tail = LaneBuilder::is_double(x[0])
                    ? l.polynomial(square, {6.5027026360694284093e-6, -3.1238812084257249495e-5,
                                            9.2606176139172007957e-5, -2.3760902339466327853e-4,
                                            5.8966664487985093792e-4, -1.4557766653367834329e-3,
                                            3.5921219196470154578e-3, -8.863235117362895511e-3,
                                            2.1869488519698785375e-2, -5.3968253967914303415e-2,
                                            1.3333333333333058523e-1, -3.3333333333333332965e-1})
                    : l.polynomial(square, {2.298942105e-3, -8.350008645e-3, 2.177099592e-2,
                                            -5.39595503e-2, 1.333330498e-1, -3.333333318e-1});
  Value* near = l.fma(l.mul(square, x[0]), tail, x[0]);
  Value* size = l.abs(x[0]);
  Value* far = l.sub(1, l.div(2, l.add(exp(l, l.mul(size, 2)), 1)));
  return l.copy_sign(l.select(l.less(size, 0.625), near, far), x[0]);
}

}  // namespace netc
