// Division traps on 0 and on the least integer by -1, also in lanes that are thrown away, so the
// divisor is replaced by 1 there before dividing.
#include "codegen/integer_math.h"

namespace netc {

namespace {

using llvm::Value;

struct Division {
  Value* quotient;
  Value* rest;
};

Division divide(LaneBuilder& l, Value* a, Value* b, bool is_signed) {
  llvm::IRBuilder<>& ir = l.ir;
  Value* zero = l.integer(a, 0);
  Value* one = l.integer(a, 1);
  Value* by_zero = ir.CreateICmpEQ(b, zero);
  if (!is_signed) {
    Value* divisor = l.select(by_zero, one, b);
    return {l.select(by_zero, zero, ir.CreateUDiv(a, divisor)),
            l.select(by_zero, zero, ir.CreateURem(a, divisor))};
  }
  if (const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(b);
      constant && constant->getValue().isStrictlyPositive() && constant->getValue().isPowerOf2()) {
    Value* quotient = ir.CreateAShr(a, l.integer(a, constant->getValue().logBase2()));
    return {quotient, ir.CreateAnd(a, l.integer(a, constant->getSExtValue() - 1))};
  }
  Value* by_minus_one = ir.CreateICmpEQ(b, l.integer(a, -1));
  Value* divisor = l.select(ir.CreateOr(by_zero, by_minus_one), one, b);
  Value* quotient = ir.CreateSDiv(a, divisor);
  Value* rest = ir.CreateSub(a, ir.CreateMul(quotient, divisor));
  Value* signs_differ = ir.CreateICmpSLT(ir.CreateXor(rest, divisor), zero);
  Value* inexact = ir.CreateICmpNE(rest, zero);
  Value* down = ir.CreateAnd(inexact, signs_differ);
  quotient = ir.CreateAdd(quotient, ir.CreateSExt(down, a->getType()));
  rest = ir.CreateAdd(rest, l.select(down, divisor, zero));
  quotient = l.select(by_minus_one, ir.CreateNeg(a), quotient);
  return {l.select(by_zero, zero, quotient), l.select(by_zero, zero, rest)};
}

}  // namespace

Value* floor_div(LaneBuilder& l, LaneValues x, bool is_signed) {
  return divide(l, x[0], x[1], is_signed).quotient;
}

Value* floor_mod(LaneBuilder& l, LaneValues x, bool is_signed) {
  return divide(l, x[0], x[1], is_signed).rest;
}

Value* integer_pow(LaneBuilder& l, LaneValues x, bool is_signed) {
  llvm::IRBuilder<>& ir = l.ir;
  Value* base = x[0];
  Value* exponent = x[1];
  Value* zero = l.integer(base, 0);
  Value* one = l.integer(base, 1);
  Value* power = one;
  Value* square = base;
  unsigned exponent_bits = base->getType()->getScalarSizeInBits() - (is_signed ? 1 : 0);
  for (unsigned bit = 0; bit < exponent_bits; ++bit) {
    Value* set = ir.CreateICmpNE(ir.CreateAnd(exponent, l.integer(base, int64_t{1} << bit)), zero);
    power = l.select(set, ir.CreateMul(power, square), power);
    square = ir.CreateMul(square, square);
  }
  if (!is_signed) return power;
  Value* odd = ir.CreateICmpNE(ir.CreateAnd(exponent, one), zero);
  Value* minus_one = l.integer(base, -1);
  Value* below = l.select(odd, minus_one, zero);  // of a base less than -1: between -1 and 1
  Value* of_minus_one = l.select(odd, minus_one, one);
  Value* inverse = l.select(ir.CreateICmpSLT(base, minus_one), below, zero);
  inverse = l.select(ir.CreateICmpEQ(base, minus_one), of_minus_one, inverse);
  inverse = l.select(ir.CreateICmpEQ(base, one), one, inverse);
  return l.select(ir.CreateICmpSLT(exponent, zero), inverse, power);
}

Value* philox_bits(LaneBuilder& l, LaneValues x, bool) {
  llvm::IRBuilder<>& ir = l.ir;
  constexpr int64_t word = 0xFFFFFFFF;
  const auto low = [&](Value* v) { return ir.CreateAnd(v, l.integer(v, word)); };
  const auto high = [&](Value* v) { return ir.CreateLShr(v, l.integer(v, 32)); };
  Value* k0 = low(x[0]);
  Value* k1 = ir.CreateXor(high(x[0]), high(x[2]));
  Value* c[4] = {low(x[3]), high(x[3]), low(x[1]), low(x[2])};
  for (int round = 0; round < 10; ++round) {
    Value* first = ir.CreateMul(c[0], l.integer(c[0], 0xD2511F53));
    Value* second = ir.CreateMul(c[2], l.integer(c[2], 0xCD9E8D57));
    Value* next[4] = {ir.CreateXor(ir.CreateXor(high(second), c[1]), k0), low(second),
                      ir.CreateXor(ir.CreateXor(high(first), c[3]), k1), low(first)};
    std::copy(next, next + 4, c);
    k0 = low(ir.CreateAdd(k0, l.integer(k0, 0x9E3779B9)));
    k1 = low(ir.CreateAdd(k1, l.integer(k1, 0xBB67AE85)));
  }
  Value* bits = ir.CreateOr(ir.CreateShl(c[1], l.integer(c[1], 32)), c[0]);
  return ir.CreateLShr(bits, l.integer(bits, 11));
}

}  // namespace netc
