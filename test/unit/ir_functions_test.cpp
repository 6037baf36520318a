// The table of scalar functions: each derivative against central differences, and the values that
// are chosen at kinks, for NaN, and for integers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ir/expr.h"
#include "ir/functions.h"

namespace netc {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::vector<Function> all_functions() {
  return {
#define NETC_FUNCTION(name) Function::name,
#include "ir/functions.def"
  };
}

/// The value of a node whose reads are of tensors 0, 1, 2: the arguments.
double value_of(const ExprDag& dag, ExprId root, const std::vector<double>& arguments) {
  std::vector<double> values(dag.size());
  for (const ExprId node : reachable(dag, root)) {
    const Expr& expr = dag[node];
    double& value = values[node.index];
    if (expr.kind == ExprKind::constant) {
      value = is_float(expr.type) ? expr.number : static_cast<double>(expr.integer);
    } else if (expr.kind == ExprKind::read) {
      value = arguments[expr.tensor.index];
    } else {
      double args[3] = {};
      int64_t wholes[3] = {};
      for (size_t i = 0; i < expr.args.size(); ++i) {
        args[i] = values[expr.args[i].index];
        wholes[i] = static_cast<int64_t>(args[i]);
      }
      const FunctionInfo& row = info(expr.function);
      value = row.evaluate ? row.evaluate(args) : static_cast<double>(row.evaluate_integer(wholes));
    }
  }
  return values[root.index];
}

/// The derivative of the function by argument `k`, with adjoint 1, at these arguments. The
/// condition of a selection is a number that is compared with 0.
double derivative_at(Function function, int k, const std::vector<double>& at) {
  ExprDag dag;
  ExprBuilder builder(dag);
  std::vector<ExprId> args;
  for (uint32_t i = 0; i < info(function).arity; ++i)
    args.push_back(builder.read(ValueId{i}, DType::f64, {}));
  const ExprId zero = builder.number(0, DType::f64);
  if (function == Function::select) args[0] = builder.apply(Function::not_equal, {args[0], zero});
  const ExprId result = builder.apply(function, args);
  const ExprId adjoint = builder.number(1, DType::f64);
  const ExprId slope = info(function).derivative(builder, args, result, k, adjoint);
  if (!slope.valid()) return 0;
  EXPECT_EQ(builder.type(slope), DType::f64);
  return value_of(dag, slope, at);
}

double difference_at(Function function, int k, std::vector<double> at) {
  const double step = 1e-6;
  std::vector<double> low = at, high = at;
  low[k] -= step;
  high[k] += step;
  return (info(function).evaluate(high.data()) - info(function).evaluate(low.data())) / (2 * step);
}

class EachFunction : public testing::TestWithParam<Function> {};

TEST_P(EachFunction, DerivativeIsTheSlope) {
  const FunctionInfo& row = info(GetParam());
  if (!row.derivative) {
    EXPECT_EQ(row.derivative_text, "none") << row.name;
    return;
  }
  const double width = row.domain.high - row.domain.low;
  for (int point = 0; point < 40; ++point) {
    // Quotients that are irrational, so that no point falls on a tie or a whole number.
    std::vector<double> at;
    for (int i = 0; i < row.arity; ++i)
      at.push_back(row.domain.low +
                   width * std::fmod(0.618034 * (point + 1) + 0.414214 * i * (point + 2), 1.0));
    const int first = row.kind == FunctionClass::selection ? 1 : 0;
    if (GetParam() == Function::mod && std::fmod(at[0] / at[1], 1.0) < 1e-3) continue;
    for (int k = first; k < row.arity; ++k) {
      const double expected = difference_at(GetParam(), k, at);
      EXPECT_NEAR(derivative_at(GetParam(), k, at), expected, 1e-6 * (1 + std::fabs(expected)))
          << row.name << " by argument " << k << " at " << testing::PrintToString(at);
    }
  }
}

TEST_P(EachFunction, IsFoundByTheWayItIsWritten) {
  const FunctionInfo& row = info(GetParam());
  if (row.syntax.symbol.empty()) {
    EXPECT_EQ(find_function(row.name), GetParam());
  } else if (row.arity < 3) {
    EXPECT_EQ(find_operator(row.syntax.symbol, row.arity), GetParam());
  }
}

std::string name_of(const testing::TestParamInfo<Function>& test) {
  return std::string(info(test.param).name);
}

INSTANTIATE_TEST_SUITE_P(Functions, EachFunction, testing::ValuesIn(all_functions()), name_of);

TEST(Functions, OperatorsHaveNoNamesToCallThemBy) {
  EXPECT_FALSE(find_function("add").has_value());
  EXPECT_FALSE(find_function("select").has_value());
  EXPECT_EQ(find_function("pow"), Function::pow);
}

TEST(Functions, DerivativesAreChosenAtKinks) {
  EXPECT_EQ(derivative_at(Function::abs, 0, {0}), 0);
  EXPECT_EQ(derivative_at(Function::max, 0, {1, 1}), 0.5);
  EXPECT_EQ(derivative_at(Function::max, 1, {1, 1}), 0.5);
  EXPECT_EQ(derivative_at(Function::min, 0, {1, 1}), 0.5);
  for (const double bound : {-1.0, 1.0}) {
    EXPECT_EQ(derivative_at(Function::clamp, 0, {bound, -1, 1}), 1);
    EXPECT_EQ(derivative_at(Function::clamp, 1, {bound, -1, 1}), 0);
    EXPECT_EQ(derivative_at(Function::clamp, 2, {bound, -1, 1}), 0);
  }
}

TEST(Functions, SelectionsLetNoNaNThrough) {
  // The side that is not taken has the derivative 0, not 0 times something.
  EXPECT_EQ(derivative_at(Function::select, 1, {0, nan, 1}), 0);
  EXPECT_EQ(derivative_at(Function::select, 2, {1, 1, inf}), 0);
}

TEST(Functions, PowersAtZero) {
  EXPECT_EQ(derivative_at(Function::pow, 0, {0, 2}), 0);
  EXPECT_EQ(derivative_at(Function::pow, 0, {0, 1}), 1);
  EXPECT_EQ(derivative_at(Function::pow, 0, {0, 0}), 0);
  EXPECT_EQ(derivative_at(Function::pow, 1, {0, 2}), 0);
}

TEST(Functions, PowersWithConstantExponents) {
  for (const double exponent : {0.0, 1.0, 2.0, 3.0, -1.0, 0.5}) {
    ExprDag dag;
    ExprBuilder builder(dag);
    const std::vector<ExprId> args = {builder.read(ValueId{0}, DType::f64, {}),
                                      builder.number(exponent, DType::f64)};
    const ExprId slope = info(Function::pow)
                             .derivative(builder, args, builder.apply(Function::pow, args), 0,
                                         builder.number(1, DType::f64));
    const double x = 1.7, expected = exponent * std::pow(x, exponent - 1);
    EXPECT_NEAR(slope.valid() ? value_of(dag, slope, {x}) : 0, expected, 1e-12) << exponent;
    EXPECT_EQ(slope.valid(), exponent != 0);
  }
  // Negative bases have derivatives where the exponent is whole.
  EXPECT_NEAR(derivative_at(Function::pow, 0, {-1.5, 3}), 3 * 2.25, 1e-12);
}

double evaluated(Function function, std::vector<double> args) {
  return info(function).evaluate(args.data());
}

int64_t evaluated_integer(Function function, std::vector<int64_t> args) {
  return info(function).evaluate_integer(args.data());
}

TEST(Functions, NaNWinsInMinAndMax) {
  for (const Function function : {Function::min, Function::max}) {
    EXPECT_TRUE(std::isnan(evaluated(function, {nan, 1})));
    EXPECT_TRUE(std::isnan(evaluated(function, {1, nan})));
  }
  EXPECT_TRUE(std::isnan(evaluated(Function::clamp, {nan, -1, 1})));
  EXPECT_EQ(evaluated(Function::max, {-inf, -1}), -1);
}

TEST(Functions, RoundingGoesToEven) {
  EXPECT_EQ(evaluated(Function::round, {0.5}), 0);
  EXPECT_EQ(evaluated(Function::round, {1.5}), 2);
  EXPECT_EQ(evaluated(Function::round, {-2.5}), -2);
}

TEST(Functions, RemaindersHaveTheSignOfTheDivisor) {
  EXPECT_DOUBLE_EQ(evaluated(Function::mod, {-1, 3}), 2);
  EXPECT_DOUBLE_EQ(evaluated(Function::mod, {1, -3}), -2);
  EXPECT_EQ(evaluated_integer(Function::mod, {-1, 3}), 2);
  EXPECT_EQ(evaluated_integer(Function::mod, {1, -3}), -2);
  EXPECT_EQ(evaluated_integer(Function::mod, {5, 0}), 0);
}

TEST(Functions, IntegersFloorAndWrap) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(evaluated_integer(Function::div, {-7, 2}), -4);
  EXPECT_EQ(evaluated_integer(Function::div, {7, 0}), 0);
  EXPECT_EQ(evaluated_integer(Function::div, {least, -1}), least);
  EXPECT_EQ(evaluated_integer(Function::mul, {least, -1}), least);
  EXPECT_EQ(evaluated_integer(Function::abs, {least}), least);
  EXPECT_EQ(evaluated_integer(Function::pow, {3, 4}), 81);
  EXPECT_EQ(evaluated_integer(Function::pow, {2, -1}), 0);
  EXPECT_EQ(evaluated_integer(Function::pow, {-1, -3}), -1);
}

TEST(Functions, ExtremeArguments) {
  EXPECT_EQ(evaluated(Function::sigmoid, {-1000}), 0);
  EXPECT_EQ(evaluated(Function::sigmoid, {1000}), 1);
  EXPECT_EQ(evaluated(Function::rsqrt, {0}), inf);
  EXPECT_TRUE(std::isnan(evaluated(Function::sign, {nan})));
}

TEST(Functions, RoundingToTypes) {
  EXPECT_EQ(round_to(DType::f32, 0.1), 0.1f);
  EXPECT_EQ(round_to(DType::f16, 65519), 65504);
  EXPECT_EQ(round_to(DType::f16, 65520), inf);
  EXPECT_EQ(round_to(DType::f16, 1 + 1.0 / 2048), 1);
  EXPECT_EQ(round_to(DType::f16, 0x1p-24), 0x1p-24);
  EXPECT_EQ(round_to(DType::f16, 0x1p-26), 0);
  EXPECT_EQ(round_to(DType::bf16, 1 + 3.0 / 256), 1 + 2.0 / 128);
  EXPECT_EQ(round_to(DType::u8, 300), 44);
}

TEST(Functions, FloatsSaturateAndIntegersWrap) {
  EXPECT_EQ(saturate_to(DType::u8, 300), 255);
  EXPECT_EQ(saturate_to(DType::u8, -1), 0);
  EXPECT_EQ(saturate_to(DType::i32, 1e10), 2147483647);
  EXPECT_EQ(saturate_to(DType::i64, -1e30), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(saturate_to(DType::i32, -2.9), -2);
  EXPECT_EQ(saturate_to(DType::i32, nan), 0);
  EXPECT_EQ(wrap_to(DType::u8, 300), 44);
  EXPECT_EQ(wrap_to(DType::i32, int64_t{1} << 31), -(int64_t{1} << 31));
}

}  // namespace
}  // namespace netc
