// The third column of the table of scalar functions: beside what a function means (ir/functions),
// how it is computed on floats, on integers, and on bools. A function that lacks a row does not
// compile.
#include "codegen/functions.h"

#include <array>
#include <optional>

#include "codegen/integer_math.h"
#include "codegen/vector_math.h"
#include "ir/support/check.h"

namespace netc {

namespace {

using L = LaneBuilder;
using V = LaneValues;
using llvm::Value;
namespace Intrinsic = llvm::Intrinsic;

using FloatLowering = Value* (*)(L&, V);
using IntegerLowering = Value* (*)(L&, V, bool is_signed);

/// Optional rather than null: under the sanitizers, whether a function's address is null is no
/// constant for GCC.
struct Row {
  Function function;
  std::optional<FloatLowering> on_floats;
  std::optional<IntegerLowering> on_integers;  ///< bools too: unsigned numbers of one bit
};

bool is_number(Value* x) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(x);
  if (constant && x->getType()->isVectorTy()) constant = constant->getSplatValue();
  auto* number = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  return number && !number->isNaN();
}

/// max or min by `wins` (a > b or a < b). The comparison is false where an operand is NaN and
/// gives the second, so one more test is needed, unless one of them is a known number.
Value* extremum(L& l, Value* a, Value* b, llvm::CmpInst::Predicate wins) {
  if (is_number(b)) std::swap(a, b);
  Value* winner = l.select(l.ir.CreateFCmp(wins, a, b), a, b);
  return is_number(a) ? winner : l.select(l.is_nan(a), a, winner);
}

Value* float_max(L& l, V x) { return extremum(l, x[0], x[1], llvm::CmpInst::FCMP_OGT); }
Value* float_min(L& l, V x) { return extremum(l, x[0], x[1], llvm::CmpInst::FCMP_OLT); }

Value* integer_extremum(L& l, V x, bool is_signed, bool largest) {
  Intrinsic::ID name = is_signed ? (largest ? Intrinsic::smax : Intrinsic::smin)
                                 : (largest ? Intrinsic::umax : Intrinsic::umin);
  return l.ir.CreateBinaryIntrinsic(name, x[0], x[1]);
}

Value* integer_max(L& l, V x, bool is_signed) { return integer_extremum(l, x, is_signed, true); }
Value* integer_min(L& l, V x, bool is_signed) { return integer_extremum(l, x, is_signed, false); }

Value* sign_of(L& l, V x) {
  Value* one = l.copy_sign(l.constant(x[0], 1), x[0]);
  Value* ordered_nonzero = l.ir.CreateFCmpONE(x[0], l.constant(x[0], 0));
  return l.select(ordered_nonzero, one, x[0]);
}

Value* sign_of_integer(L& l, V x, bool is_signed) {
  Value* zero = l.integer(x[0], 0);
  Value* positive = l.ir.CreateZExt(l.ir.CreateICmpNE(x[0], zero), x[0]->getType());
  if (!is_signed) return positive;
  return l.select(l.ir.CreateICmpSLT(x[0], zero), l.integer(x[0], -1), positive);
}

/// The rest has the divisor's sign, as Python's.
Value* float_mod(L& l, V x) {
  Value* rest = l.ir.CreateFRem(x[0], x[1]);
  Value* zero = l.constant(rest, 0);
  Value* differ = l.ir.CreateXor(l.ir.CreateFCmpOLT(rest, zero), l.ir.CreateFCmpOLT(x[1], zero));
  Value* moved = l.select(differ, l.add(rest, x[1]), rest);
  return l.select(l.ir.CreateFCmpOEQ(rest, zero), l.copy_sign(rest, x[1]), moved);
}

template <llvm::CmpInst::Predicate predicate>
Value* compare(L& l, V x) {
  return l.ir.CreateFCmp(predicate, x[0], x[1]);
}

template <llvm::CmpInst::Predicate of_signed>
Value* compare_integers(L& l, V x, bool is_signed) {
  llvm::CmpInst::Predicate predicate =
      is_signed ? of_signed : llvm::ICmpInst::getUnsignedPredicate(of_signed);
  return l.ir.CreateICmp(predicate, x[0], x[1]);
}

template <llvm::CmpInst::Predicate predicate>
Value* compare_equality(L& l, V x, bool) {
  return l.ir.CreateICmp(predicate, x[0], x[1]);
}

template <Intrinsic::ID intrinsic>
Value* intrinsic_of(L& l, V x) {
  return l.call(intrinsic, x[0]);
}

Value* first(L&, V x) { return x[0]; }
Value* first_integer(L&, V x, bool) { return x[0]; }
Value* select_float(L& l, V x) { return l.select(x[0], x[1], x[2]); }
Value* select_integer(L& l, V x, bool) { return l.select(x[0], x[1], x[2]); }

constexpr std::array<Row, function_count> table = {{
    {Function::add, [](L& l, V x) { return l.add(x[0], x[1]); },
     [](L& l, V x, bool) { return l.ir.CreateAdd(x[0], x[1]); }},
    {Function::sub, [](L& l, V x) { return l.sub(x[0], x[1]); },
     [](L& l, V x, bool) { return l.ir.CreateSub(x[0], x[1]); }},
    {Function::mul, [](L& l, V x) { return l.mul(x[0], x[1]); },
     [](L& l, V x, bool) { return l.ir.CreateMul(x[0], x[1]); }},
    {Function::div, [](L& l, V x) { return l.div(x[0], x[1]); }, floor_div},
    {Function::mod, float_mod, floor_mod},
    {Function::neg, [](L& l, V x) { return l.ir.CreateFNeg(x[0]); },
     [](L& l, V x, bool) { return l.ir.CreateNeg(x[0]); }},
    {Function::pow, pow_of, integer_pow},
    {Function::equal, compare<llvm::CmpInst::FCMP_OEQ>, compare_equality<llvm::CmpInst::ICMP_EQ>},
    {Function::not_equal, compare<llvm::CmpInst::FCMP_UNE>,
     compare_equality<llvm::CmpInst::ICMP_NE>},
    {Function::less, compare<llvm::CmpInst::FCMP_OLT>, compare_integers<llvm::CmpInst::ICMP_SLT>},
    {Function::less_equal, compare<llvm::CmpInst::FCMP_OLE>,
     compare_integers<llvm::CmpInst::ICMP_SLE>},
    {Function::greater, compare<llvm::CmpInst::FCMP_OGT>,
     compare_integers<llvm::CmpInst::ICMP_SGT>},
    {Function::greater_equal, compare<llvm::CmpInst::FCMP_OGE>,
     compare_integers<llvm::CmpInst::ICMP_SGE>},
    {Function::logical_and, std::nullopt,
     [](L& l, V x, bool) { return l.ir.CreateAnd(x[0], x[1]); }},
    {Function::logical_or, std::nullopt, [](L& l, V x, bool) { return l.ir.CreateOr(x[0], x[1]); }},
    {Function::logical_not, std::nullopt, [](L& l, V x, bool) { return l.ir.CreateNot(x[0]); }},
    {Function::select, select_float, select_integer},
    {Function::exp, exp_of},
    {Function::log, log_of},
    {Function::log1p, log1p_of},
    {Function::expm1, expm1_of},
    {Function::sqrt, intrinsic_of<Intrinsic::sqrt>},
    {Function::rsqrt, [](L& l, V x) { return l.div(1, l.call(Intrinsic::sqrt, x[0])); }},
    {Function::sin, sin_of},
    {Function::cos, cos_of},
    {Function::tanh, tanh_of},
    {Function::sigmoid, sigmoid_of},
    {Function::erf, erf_of},
    {Function::abs, intrinsic_of<Intrinsic::fabs>,
     [](L& l, V x, bool is_signed) {
       return is_signed ? l.ir.CreateBinaryIntrinsic(Intrinsic::abs, x[0], l.ir.getFalse()) : x[0];
     }},
    {Function::sign, sign_of, sign_of_integer},
    {Function::floor, intrinsic_of<Intrinsic::floor>},
    {Function::ceil, intrinsic_of<Intrinsic::ceil>},
    {Function::round, intrinsic_of<Intrinsic::roundeven>},
    {Function::min, float_min, integer_min},
    {Function::max, float_max, integer_max},
    {Function::clamp,
     [](L& l, V x) {
       return float_min(l, {float_max(l, {x[0], x[1]}), x[2]});
     },
     [](L& l, V x, bool is_signed) {
       return integer_min(l, {integer_max(l, {x[0], x[1]}, is_signed), x[2]}, is_signed);
     }},
    {Function::stop_gradient, first, first_integer},
    {Function::random, std::nullopt, philox_bits},
}};

consteval bool is_complete() {
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i].function != static_cast<Function>(i) ||
        (!table[i].on_floats && !table[i].on_integers))
      return false;
  return true;
}
static_assert(is_complete(), "a function of ir/functions.def lacks its lowering");

}  // namespace

Value* lower_function(LaneBuilder& lanes, Function function, DType element, LaneValues operands) {
  const Row& row = table[static_cast<size_t>(function)];
  if (is_float(element)) {
    NETC_CHECK(row.on_floats.has_value(), "{} of {}", info(function).name, name(element));
    return (*row.on_floats)(lanes, operands);
  }
  NETC_CHECK(row.on_integers.has_value(), "{} of {}", info(function).name, name(element));
  bool is_signed = element == DType::i64 || element == DType::i32;
  return (*row.on_integers)(lanes, operands, is_signed);
}

}  // namespace netc
