// Logarithms. x = 2^e * m with m between sqrt(1/2) and sqrt(2), and log(x) = e * ln 2 + log(m).
// The polynomials are fitted by fit_polynomials.py.
#include <cmath>
#include <limits>

#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::Value;

struct Format {
  int mantissa_bits;
  int64_t bias;
  int64_t sqrt_half;  ///< the bits of sqrt(1/2)
  double least_normal;
  double count;  ///< 2^mantissa_bits, to whose bits a small integer can be added
  int64_t count_bits;
  double ln2_high, ln2_low;
};

constexpr Format f32_format = {23,     127,        0x3f3504f3,  0x1p-126,
                               0x1p23, 0x4b000000, 0x1.62e4p-1, 1.4286068203094173e-6};
constexpr Format f64_format = {52,
                               1023,
                               0x3fe6a09e667f3bcd,
                               0x1p-1022,
                               0x1p52,
                               0x4330000000000000,
                               0x1.62e42feep-1,
                               1.9082149292705878e-10};

const Format& format_of(Value* x) { return LaneBuilder::is_double(x) ? f64_format : f32_format; }

/// f - log(1 + f) - e * ln2_low, so that the two large terms are added last.
Value* small_part(LaneBuilder& l, Value* f, Value* e, const Format& format) {
  Value* square = l.mul(f, f);
  if (LaneBuilder::is_double(f)) {
    // With s = f / (2 + f), log(1 + f) = 2 s + s^3 * tail(s^2) = f - f^2 / 2 + s * (f^2 / 2 + R).
    Value* half = l.mul(square, 0.5);
    Value* s = l.div(f, l.add(f, 2));
    Value* z = l.mul(s, s);
    Value* tail = l.polynomial(
        z, {1.4618325605489091424e-1, 1.5331560257878662251e-1, 1.8182894324967134959e-1,
            2.222221105762336154e-1, 2.8571428626492734569e-1, 3.9999999999898237662e-1,
            6.6666666666666697364e-1});
    Value* rest = l.mul(s, l.fma(z, tail, half));
    return l.ir.CreateFSub(half, l.fma(e, format.ln2_low, rest));
  }
  Value* tail = l.polynomial(
      f, {7.332522892e-2, -1.165992453e-1, 1.163466249e-1, -1.239670099e-1, 1.425115571e-1,
          -1.666915099e-1, 2.000068808e-1, -2.499998119e-1, 3.333333126e-1});
  Value* rest = l.fma(e, format.ln2_low, l.mul(l.mul(tail, f), square));
  return l.ir.CreateFNeg(l.fma(square, -0.5, rest));
}

/// -inf at 0, NaN below.
Value* log(LaneBuilder& l, Value* x) {
  llvm::IRBuilder<>& ir = l.ir;
  const Format& format = format_of(x);
  auto [e, f] = split_float(l, x);
  Value* result = ir.CreateFSub(f, small_part(l, f, e, format));
  result = l.fma(e, format.ln2_high, result);

  constexpr double infinity = std::numeric_limits<double>::infinity();
  result = l.select(ir.CreateFCmpOEQ(x, l.constant(x, infinity)), x, result);
  result = l.select(ir.CreateFCmpOEQ(x, l.constant(x, 0)), l.constant(x, -infinity), result);
  return l.select(ir.CreateFCmpULT(x, l.constant(x, 0)), l.constant(x, std::nan("")), result);
}

}  // namespace

SplitFloat split_float(LaneBuilder& l, Value* x) {
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Type* type = x->getType();
  const Format& format = format_of(x);
  Value* subnormal = l.less(x, format.least_normal);
  Value* scaled = l.select(subnormal, l.mul(x, format.count), x);
  Value* above = l.bits(scaled);
  above = ir.CreateSub(above, l.integer(above, format.sqrt_half));

  Value* biased = ir.CreateAdd(above, l.integer(above, format.bias << format.mantissa_bits));
  biased = ir.CreateLShr(biased, l.integer(biased, format.mantissa_bits));
  Value* counted = l.from_bits(ir.CreateOr(biased, l.integer(biased, format.count_bits)), type);
  Value* e = l.add(counted, -(format.count + static_cast<double>(format.bias)));
  e = l.select(subnormal, l.add(e, -format.mantissa_bits), e);

  Value* mantissa = ir.CreateAnd(above, l.integer(above, (int64_t{1} << format.mantissa_bits) - 1));
  Value* m = l.from_bits(ir.CreateAdd(mantissa, l.integer(above, format.sqrt_half)), type);
  return {e, l.add(m, -1)};
}

Value* log_of(LaneBuilder& l, LaneValues x) { return log(l, x[0]); }

/// With u = 1 + x rounded, log(1 + x) = log(u) + c / u, where c is what the rounding lost.
Value* log1p_of(LaneBuilder& l, LaneValues x) {
  Value* u = l.add(x[0], 1);
  Value* lost = l.sub(x[0], l.add(u, -1));
  Value* matters = l.ir.CreateFCmpONE(lost, l.constant(lost, 0));
  Value* correction = l.select(matters, l.div(lost, u), l.constant(lost, 0));
  return l.copy_sign(l.add(log(l, u), correction), x[0]);  // -0 stays -0
}

}  // namespace netc
