// The table of scalar functions: one row a function with its meaning, its derivative and its
// documentation. All of differentiation that is not index arithmetic fits in this file.
#include "ir/functions.h"

#include <array>
#include <cmath>
#include <numbers>

#include "ir/expr.h"
#include "ir/scalar_arithmetic.h"

namespace netc {

namespace {

using Args = std::span<const ExprId>;
using B = ExprBuilder;
using FloatArgs = const double*;
using IntegerArgs = const int64_t*;

/// The derivative of `max` or `min`: all to the side that `wins`, half to each on a tie.
ExprId to_winner(B& b, Args x, int k, ExprId adjoint, Function wins) {
  const ExprId won = b.apply(wins, {x[k], x[1 - k]});
  const ExprId tie = b.apply(Function::equal, {x[k], x[1 - k]});
  const ExprId half = b.mul(adjoint, b.constant_like(adjoint, 0.5));
  return b.select(won, adjoint, b.select(tie, half, b.constant_like(adjoint, 0)));
}

/// d(x ^ p) by x is p * x ^ (p - 1), without the 0 * inf of p = 0 at x = 0.
ExprId power_by_base(B& b, Args x, ExprId adjoint) {
  const Expr exponent = b.dag()[x[1]];
  if (exponent.kind == ExprKind::constant) {
    const double p = exponent.number;
    if (p == 0) return {};
    if (p == 1) return adjoint;
    const ExprId rest =
        p == 2 ? x[0] : b.apply(Function::pow, {x[0], b.constant_like(x[0], p - 1)});
    return b.mul(adjoint, b.mul(x[1], rest));
  }
  const ExprId zero = b.constant_like(adjoint, 0);
  const ExprId lower = b.sub(x[1], b.constant_like(x[1], 1));
  const ExprId slope = b.mul(adjoint, b.mul(x[1], b.apply(Function::pow, {x[0], lower})));
  return b.select(b.apply(Function::equal, {x[1], zero}), zero, slope);
}

/// d(x ^ p) by p is y * log(x), and 0 at x = 0, where y approaches 0 faster than log grows.
ExprId power_by_exponent(B& b, Args x, ExprId y, ExprId adjoint) {
  const ExprId zero = b.constant_like(adjoint, 0);
  const ExprId slope = b.mul(adjoint, b.mul(y, b.apply(Function::log, {x[0]})));
  return b.select(b.apply(Function::equal, {x[0], zero}), zero, slope);
}

/// The argument that decides the result gets the whole: x on and between the bounds.
ExprId clamp_derivative(B& b, Args x, int k, ExprId adjoint) {
  const ExprId above_low = b.apply(Function::less_equal, {x[1], x[0]});
  const ExprId below_high = b.apply(Function::less_equal, {x[0], x[2]});
  const ExprId low_below_high = b.apply(Function::less_equal, {x[1], x[2]});
  const ExprId zero = b.constant_like(adjoint, 0);
  if (k == 0)
    return b.select(b.apply(Function::logical_and, {above_low, below_high}), adjoint, zero);
  const ExprId at_low =
      b.apply(Function::logical_and, {b.apply(Function::less, {x[0], x[1]}), low_below_high});
  if (k == 1) return b.select(at_low, adjoint, zero);
  const ExprId raised = b.apply(Function::max, {x[0], x[1]});
  return b.select(b.apply(Function::greater, {raised, x[2]}), adjoint, zero);
}

ExprId no_slope(B&, Args, ExprId, int, ExprId) { return {}; }

// Precedences of operators, loosest first.
constexpr uint8_t level_or = 1, level_and = 2, level_not = 3, level_comparison = 4, level_sum = 5,
                  level_product = 6, level_negation = 8, level_power = 9;

using enum FunctionClass;

// Rows are laid out by hand: what belongs together stands on one line.
// clang-format off
constexpr std::array<FunctionInfo, function_count> table = {{
    {.function = Function::add, .name = "add", .arity = 2, .kind = arithmetic,
     .syntax = {"+", level_sum}, .commutative = true,
     .summary = "the sum; integers wrap", .derivative_text = "1, 1",
     .derivative = [](B&, Args, ExprId, int, ExprId adjoint) { return adjoint; },
     .evaluate = [](FloatArgs a) { return a[0] + a[1]; },
     .evaluate_integer = [](IntegerArgs a) {
       return static_cast<int64_t>(static_cast<uint64_t>(a[0]) + static_cast<uint64_t>(a[1]));
     },
     .domain = {-2, 2}},
    {.function = Function::sub, .name = "sub", .arity = 2, .kind = arithmetic,
     .syntax = {"-", level_sum}, .commutative = false,
     .summary = "the difference; integers wrap", .derivative_text = "1, -1",
     .derivative = [](B& b, Args, ExprId, int k, ExprId adjoint) {
       return k == 0 ? adjoint : b.neg(adjoint);
     },
     .evaluate = [](FloatArgs a) { return a[0] - a[1]; },
     .evaluate_integer = [](IntegerArgs a) {
       return static_cast<int64_t>(static_cast<uint64_t>(a[0]) - static_cast<uint64_t>(a[1]));
     },
     .domain = {-2, 2}},
    {.function = Function::mul, .name = "mul", .arity = 2, .kind = arithmetic,
     .syntax = {"*", level_product}, .commutative = true,
     .summary = "the product; integers wrap", .derivative_text = "b, a",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       return k == 0 ? b.mul(adjoint, x[1]) : b.mul(x[0], adjoint);
     },
     .evaluate = [](FloatArgs a) { return a[0] * a[1]; },
     .evaluate_integer = [](IntegerArgs a) { return wrapping_mul(a[0], a[1]); },
     .domain = {-2, 2}},
    {.function = Function::div, .name = "div", .arity = 2, .kind = arithmetic,
     .syntax = {"/", level_product}, .commutative = false,
     .summary = "the quotient; of integers its floor, and 0 where the divisor is 0",
     .derivative_text = "1 / b, -y / b",
     .derivative = [](B& b, Args x, ExprId y, int k, ExprId adjoint) {
       return k == 0 ? b.div(adjoint, x[1]) : b.neg(b.div(b.mul(adjoint, y), x[1]));
     },
     .evaluate = [](FloatArgs a) { return a[0] / a[1]; },
     .evaluate_integer = [](IntegerArgs a) { return floor_div(a[0], a[1]); },
     .domain = {0.5, 2}},
    {.function = Function::mod, .name = "mod", .arity = 2, .kind = arithmetic,
     .syntax = {"%", level_product}, .commutative = false,
     .summary = "the rest of the floored quotient, with the divisor's sign; of integers 0 where "
                "the divisor is 0",
     .derivative_text = "1, -floor(a / b)",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       if (k == 0) return adjoint;
       return b.neg(b.mul(adjoint, b.apply(Function::floor, {b.div(x[0], x[1])})));
     },
     .evaluate = [](FloatArgs a) { return float_mod(a[0], a[1]); },
     .evaluate_integer = [](IntegerArgs a) { return floor_mod(a[0], a[1]); },
     .domain = {0.5, 2}},
    {.function = Function::neg, .name = "neg", .arity = 1, .kind = arithmetic,
     .syntax = {"-", level_negation}, .commutative = false,
     .summary = "the negative; integers wrap", .derivative_text = "-1",
     .derivative = [](B& b, Args, ExprId, int, ExprId adjoint) { return b.neg(adjoint); },
     .evaluate = [](FloatArgs a) { return -a[0]; },
     .evaluate_integer = [](IntegerArgs a) { return wrapping_neg(a[0]); },
     .domain = {-2, 2}},
    {.function = Function::pow, .name = "pow", .arity = 2, .kind = arithmetic,
     .syntax = {"^", level_power, true, true}, .commutative = false,
     .summary = "a to the power b; of integers wrapping, the floor where b is negative",
     .derivative_text = "b * a ^ (b - 1), 0 where b is 0; y * log(a), 0 where a is 0",
     .derivative = [](B& b, Args x, ExprId y, int k, ExprId adjoint) {
       return k == 0 ? power_by_base(b, x, adjoint) : power_by_exponent(b, x, y, adjoint);
     },
     .evaluate = [](FloatArgs a) { return std::pow(a[0], a[1]); },
     .evaluate_integer = [](IntegerArgs a) { return integer_pow(a[0], a[1]); },
     .domain = {0.5, 2}},

    {.function = Function::equal, .name = "equal", .arity = 2, .kind = comparison,
     .syntax = {"==", level_comparison}, .commutative = true,
     .summary = "whether both are equal; NaN equals nothing", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] == a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] == a[1]; },
     .domain = {-2, 2}},
    {.function = Function::not_equal, .name = "not_equal", .arity = 2, .kind = comparison,
     .syntax = {"!=", level_comparison}, .commutative = true,
     .summary = "whether both differ; NaN differs from everything", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] != a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] != a[1]; },
     .domain = {-2, 2}},
    {.function = Function::less, .name = "less", .arity = 2, .kind = comparison,
     .syntax = {"<", level_comparison}, .commutative = false,
     .summary = "whether a is below b", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] < a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] < a[1]; },
     .domain = {-2, 2}},
    {.function = Function::less_equal, .name = "less_equal", .arity = 2, .kind = comparison,
     .syntax = {"<=", level_comparison}, .commutative = false,
     .summary = "whether a is at most b", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] <= a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] <= a[1]; },
     .domain = {-2, 2}},
    {.function = Function::greater, .name = "greater", .arity = 2, .kind = comparison,
     .syntax = {">", level_comparison}, .commutative = false,
     .summary = "whether a is above b", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] > a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] > a[1]; },
     .domain = {-2, 2}},
    {.function = Function::greater_equal, .name = "greater_equal", .arity = 2, .kind = comparison,
     .syntax = {">=", level_comparison}, .commutative = false,
     .summary = "whether a is at least b", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0] >= a[1] ? 1.0 : 0.0; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] >= a[1]; },
     .domain = {-2, 2}},
    {.function = Function::logical_and, .name = "logical_and", .arity = 2, .kind = logic,
     .syntax = {"and", level_and}, .commutative = true,
     .summary = "whether both hold", .derivative_text = "none",
     .derivative = nullptr, .evaluate = nullptr,
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] != 0 && a[1] != 0; },
     .domain = {0, 1}},
    {.function = Function::logical_or, .name = "logical_or", .arity = 2, .kind = logic,
     .syntax = {"or", level_or}, .commutative = true,
     .summary = "whether one of both holds", .derivative_text = "none",
     .derivative = nullptr, .evaluate = nullptr,
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] != 0 || a[1] != 0; },
     .domain = {0, 1}},
    {.function = Function::logical_not, .name = "logical_not", .arity = 1, .kind = logic,
     .syntax = {"not", level_not}, .commutative = false,
     .summary = "whether it does not hold", .derivative_text = "none",
     .derivative = nullptr, .evaluate = nullptr,
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return a[0] == 0; },
     .domain = {0, 1}},

    {.function = Function::select, .name = "select", .arity = 3, .kind = selection,
     .syntax = {"if", 0}, .commutative = false,
     .summary = "`if c then a else b`: a where c holds, b elsewhere",
     .derivative_text = "none; if c then 1 else 0; if c then 0 else 1",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       if (k == 0) return ExprId{};
       const ExprId zero = b.constant_like(adjoint, 0);
       return k == 1 ? b.select(x[0], adjoint, zero) : b.select(x[0], zero, adjoint);
     },
     .evaluate = [](FloatArgs a) { return a[0] != 0 ? a[1] : a[2]; },
     .evaluate_integer = [](IntegerArgs a) { return a[0] != 0 ? a[1] : a[2]; },
     .domain = {-2, 2}},

    {.function = Function::exp, .name = "exp", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "e to the power x", .derivative_text = "y",
     .derivative = [](B& b, Args, ExprId y, int, ExprId adjoint) { return b.mul(adjoint, y); },
     .evaluate = [](FloatArgs a) { return std::exp(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::log, .name = "log", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the natural logarithm; -inf at 0, NaN below", .derivative_text = "1 / x",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) { return b.div(adjoint, x[0]); },
     .evaluate = [](FloatArgs a) { return std::log(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.2, 4}},
    {.function = Function::log1p, .name = "log1p", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "log(1 + x), exact for small x", .derivative_text = "1 / (1 + x)",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) {
       return b.div(adjoint, b.add(b.constant_like(x[0], 1), x[0]));
     },
     .evaluate = [](FloatArgs a) { return std::log1p(a[0]); },
     .evaluate_integer = nullptr, .domain = {-0.8, 4}},
    {.function = Function::expm1, .name = "expm1", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "exp(x) - 1, exact for small x", .derivative_text = "y + 1",
     .derivative = [](B& b, Args, ExprId y, int, ExprId adjoint) {
       return b.mul(adjoint, b.add(y, b.constant_like(y, 1)));
     },
     .evaluate = [](FloatArgs a) { return std::expm1(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::sqrt, .name = "sqrt", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the square root; NaN below 0", .derivative_text = "0.5 / y",
     .derivative = [](B& b, Args, ExprId y, int, ExprId adjoint) {
       return b.div(b.mul(adjoint, b.constant_like(y, 0.5)), y);
     },
     .evaluate = [](FloatArgs a) { return std::sqrt(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.2, 4}},
    {.function = Function::rsqrt, .name = "rsqrt", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "1 / sqrt(x); inf at 0, NaN below", .derivative_text = "-0.5 * y / x",
     .derivative = [](B& b, Args x, ExprId y, int, ExprId adjoint) {
       return b.div(b.mul(b.mul(adjoint, b.constant_like(y, -0.5)), y), x[0]);
     },
     .evaluate = [](FloatArgs a) { return 1 / std::sqrt(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.2, 4}},
    {.function = Function::sin, .name = "sin", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the sine of an angle in radians", .derivative_text = "cos(x)",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) {
       return b.mul(adjoint, b.apply(Function::cos, {x[0]}));
     },
     .evaluate = [](FloatArgs a) { return std::sin(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::cos, .name = "cos", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the cosine of an angle in radians", .derivative_text = "-sin(x)",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) {
       return b.neg(b.mul(adjoint, b.apply(Function::sin, {x[0]})));
     },
     .evaluate = [](FloatArgs a) { return std::cos(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::tanh, .name = "tanh", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the hyperbolic tangent, between -1 and 1", .derivative_text = "1 - y * y",
     .derivative = [](B& b, Args, ExprId y, int, ExprId adjoint) {
       return b.mul(adjoint, b.sub(b.constant_like(y, 1), b.mul(y, y)));
     },
     .evaluate = [](FloatArgs a) { return std::tanh(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::sigmoid, .name = "sigmoid", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "1 / (1 + exp(-x)), between 0 and 1", .derivative_text = "y * (1 - y)",
     .derivative = [](B& b, Args, ExprId y, int, ExprId adjoint) {
       return b.mul(b.mul(adjoint, y), b.sub(b.constant_like(y, 1), y));
     },
     .evaluate = [](FloatArgs a) { return sigmoid(a[0]); },
     .evaluate_integer = nullptr, .domain = {-3, 3}},
    {.function = Function::erf, .name = "erf", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the error function, between -1 and 1",
     .derivative_text = "2 / sqrt(pi) * exp(-x * x)",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) {
       const ExprId bell = b.apply(Function::exp, {b.neg(b.mul(x[0], x[0]))});
       return b.mul(adjoint,
                    b.mul(b.constant_like(bell, 2 * std::numbers::inv_sqrtpi), bell));
     },
     .evaluate = [](FloatArgs a) { return std::erf(a[0]); },
     .evaluate_integer = nullptr, .domain = {-2, 2}},
    {.function = Function::abs, .name = "abs", .arity = 1, .kind = arithmetic,
     .syntax = {}, .commutative = false,
     .summary = "the absolute value; the least integer wraps", .derivative_text = "sign(x), 0 at 0",
     .derivative = [](B& b, Args x, ExprId, int, ExprId adjoint) {
       return b.mul(adjoint, b.apply(Function::sign, {x[0]}));
     },
     .evaluate = [](FloatArgs a) { return std::fabs(a[0]); },
     .evaluate_integer = [](IntegerArgs a) { return a[0] < 0 ? wrapping_neg(a[0]) : a[0]; },
     .domain = {0.2, 2}},
    {.function = Function::sign, .name = "sign", .arity = 1, .kind = arithmetic,
     .syntax = {}, .commutative = false,
     .summary = "1 above 0, -1 below, otherwise x itself (a zero or NaN)", .derivative_text = "0",
     .derivative = no_slope,
     .evaluate = [](FloatArgs a) { return a[0] > 0 ? 1.0 : a[0] < 0 ? -1.0 : a[0]; },
     .evaluate_integer = [](IntegerArgs a) -> int64_t { return (a[0] > 0) - (a[0] < 0); },
     .domain = {0.2, 2}},
    {.function = Function::floor, .name = "floor", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the largest whole number not above x", .derivative_text = "0",
     .derivative = no_slope,
     .evaluate = [](FloatArgs a) { return std::floor(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.1, 0.9}},
    {.function = Function::ceil, .name = "ceil", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the smallest whole number not below x", .derivative_text = "0",
     .derivative = no_slope,
     .evaluate = [](FloatArgs a) { return std::ceil(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.1, 0.9}},
    {.function = Function::round, .name = "round", .arity = 1, .kind = real,
     .syntax = {}, .commutative = false,
     .summary = "the nearest whole number, the even one halfway", .derivative_text = "0",
     .derivative = no_slope,
     .evaluate = [](FloatArgs a) { return std::nearbyint(a[0]); },
     .evaluate_integer = nullptr, .domain = {0.6, 1.4}},
    {.function = Function::min, .name = "min", .arity = 2, .kind = arithmetic,
     .syntax = {}, .commutative = true,
     .summary = "the smaller one; NaN if one of them is NaN",
     .derivative_text = "1 to the smaller one, half to each on a tie",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       return to_winner(b, x, k, adjoint, Function::less);
     },
     .evaluate = [](FloatArgs a) { return nan_min(a[0], a[1]); },
     .evaluate_integer = [](IntegerArgs a) { return a[0] < a[1] ? a[0] : a[1]; },
     .domain = {-2, 2}},
    {.function = Function::max, .name = "max", .arity = 2, .kind = arithmetic,
     .syntax = {}, .commutative = true,
     .summary = "the larger one; NaN if one of them is NaN",
     .derivative_text = "1 to the larger one, half to each on a tie",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       return to_winner(b, x, k, adjoint, Function::greater);
     },
     .evaluate = [](FloatArgs a) { return nan_max(a[0], a[1]); },
     .evaluate_integer = [](IntegerArgs a) { return a[0] > a[1] ? a[0] : a[1]; },
     .domain = {-2, 2}},
    {.function = Function::clamp, .name = "clamp", .arity = 3, .kind = arithmetic,
     .syntax = {}, .commutative = false,
     .summary = "clamp(x, low, high) is min(max(x, low), high)",
     .derivative_text = "1 to x on and between the bounds; otherwise 1 to the bound that is taken",
     .derivative = [](B& b, Args x, ExprId, int k, ExprId adjoint) {
       return clamp_derivative(b, x, k, adjoint);
     },
     .evaluate = [](FloatArgs a) { return nan_min(nan_max(a[0], a[1]), a[2]); },
     .evaluate_integer = [](IntegerArgs a) {
       const int64_t raised = a[0] > a[1] ? a[0] : a[1];
       return raised < a[2] ? raised : a[2];
     },
     .domain = {-2, 2}},
    {.function = Function::stop_gradient, .name = "stop_gradient", .arity = 1, .kind = arithmetic,
     .syntax = {}, .commutative = false,
     .summary = "x itself, through which no gradient passes", .derivative_text = "none",
     .derivative = nullptr,
     .evaluate = [](FloatArgs a) { return a[0]; },
     .evaluate_integer = [](IntegerArgs a) { return a[0]; },
     .domain = {-2, 2}},
    {.function = Function::random, .name = "random", .arity = 4, .kind = draw,
     .syntax = {}, .commutative = false,
     .summary = "53 random bits for a seed, a step, the key of a draw and an element; behind "
                "`uniform`, `normal` and `bernoulli`, not for programs",
     .derivative_text = "none", .derivative = nullptr,
     .evaluate_integer = [](IntegerArgs a) { return philox_bits(a[0], a[1], a[2], a[3]); },
     .domain = {0, 1}},
}};
// clang-format on

/// Rows stand in the order of the list, under its names, and lack nothing.
consteval bool is_complete() {
  constexpr std::array<std::string_view, function_count> names = {
#define NETC_FUNCTION(name) #name,
#include "ir/functions.def"
  };
  for (size_t i = 0; i < function_count; ++i) {
    const FunctionInfo& row = table[i];
    const bool told = row.name == names[i] && !row.summary.empty() && !row.derivative_text.empty();
    const bool evaluated = row.evaluate != nullptr || row.evaluate_integer != nullptr;
    const bool differentiated = row.derivative != nullptr || row.derivative_text == "none";
    const bool ordered = static_cast<size_t>(row.function) == i;
    if (!ordered || !told || !evaluated || !differentiated) return false;
    if (row.arity < 1 || row.arity > 4 || row.domain.low >= row.domain.high) return false;
  }
  return true;
}
static_assert(is_complete(),
              "a row of the table of functions is missing, misplaced or lacks a field");

}  // namespace

const FunctionInfo& info(Function function) { return table[static_cast<size_t>(function)]; }

std::optional<Function> find_function(std::string_view name) {
  for (const FunctionInfo& row : table)
    if (row.name == name && (row.syntax.symbol.empty() || row.syntax.also_called))
      return row.function;
  return std::nullopt;
}

std::optional<Function> find_operator(std::string_view symbol, int arity) {
  for (const FunctionInfo& row : table)
    if (row.syntax.symbol == symbol && row.arity == arity) return row.function;
  return std::nullopt;
}

DType result_type(Function function, DType operand) {
  const FunctionClass kind = info(function).kind;
  const bool truth = kind == FunctionClass::comparison || kind == FunctionClass::logic;
  return truth ? DType::boolean : operand;
}

}  // namespace netc
