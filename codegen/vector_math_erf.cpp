// The error function: x * (1 + a polynomial in x^2) near 0; further out 1 - e^L, where the
// polynomial L is log(1 - erf(x)) and matters the less the smaller it is. Both are fitted by
// fit_polynomials.py.
#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::Value;

/// erf(x) / x - 1 for |x| up to 1.
Value* excess_near(LaneBuilder& l, Value* square) {
  if (!LaneBuilder::is_double(square))
    return l.polynomial(square, {7.853859024e-5, -8.010192872e-4, 5.188327595e-3, -2.685381188e-2,
                                 1.128358515e-1, -3.761262582e-1, 1.283791657e-1});
  return l.polynomial(
      square, {-7.7794658160706922389e-10, 1.3710978771185198075e-8, -1.6206313329059388436e-7,
               1.6447131506868006247e-6, -1.492471229597009533e-5, 1.2055293576533760998e-4,
               -8.5483259293000295363e-4, 5.2239776061181132016e-3, -2.6866170643111413788e-2,
               1.1283791670944184303e-1, -3.7612638903183519526e-1, 1.2837916709551256565e-1});
}

/// log(1 - erf(x)) from 1 to where erf(x) is 1 as far as the format can tell.
Value* log_of_rest(LaneBuilder& l, Value* size) {
  double end = LaneBuilder::is_double(size) ? 6 : 4;
  Value* x = l.select(l.greater(size, end), l.constant(size, end), size);
  if (!LaneBuilder::is_double(size))
    return l.polynomial(x, {-1.567722334e-5, 3.575486837e-4, -3.717229946e-3, 2.367813295e-2,
                            -1.056216126e-1, -6.361936817e-1, -1.127875975, -2.169998666e-4});
  return l.polynomial(
      x, {-4.9462685802577879224e-12, 2.0518427894117157372e-10, -3.9467037579230449952e-9,
          4.6561549086237964482e-8, -3.7436887345025094476e-7, 2.1416769352205380678e-6,
          -8.6927610780385580078e-6, 2.2907071208441394618e-5, -2.0485718366482109863e-5,
          -1.3460293413509844133e-4, 7.6992253767719527573e-4, -1.915033148752658134e-3,
          4.0973745152778245047e-4, 1.8990839601200720134e-2, -1.0270379872536376242e-1,
          -6.3664349324579923389e-1, -1.128374120690462814, -4.994940494329235413e-7});
}

}  // namespace

Value* erf_of(LaneBuilder& l, LaneValues x) {
  Value* near = l.fma(x[0], excess_near(l, l.mul(x[0], x[0])), x[0]);
  Value* size = l.abs(x[0]);
  Value* far = l.sub(1, exp_of(l, {log_of_rest(l, size)}));
  return l.copy_sign(l.select(l.less(size, 1), near, far), x[0]);
}

}  // namespace netc
