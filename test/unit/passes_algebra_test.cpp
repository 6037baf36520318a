// Scalar algebra against the meaning of expressions: random ones are rebuilt by `rewrite`, and both
// forms give the same bits at zeros of either sign, ones, infinities, NaN and ordinary numbers.
#include "passes/algebra.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "ir/functions.h"

namespace netc {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The value of a node; variables are reads of tensors 0, 1 and 2.
struct Scalar {
  double real = 0;
  int64_t whole = 0;
};

Scalar evaluate(const ExprDag& dag, ExprId node, const std::vector<Scalar>& variables) {
  const Expr& e = dag[node];
  if (e.kind == ExprKind::constant) return {e.number, e.integer};
  if (e.kind == ExprKind::read) return variables[e.tensor.index];
  std::vector<Scalar> args;
  for (const ExprId arg : e.args) args.push_back(evaluate(dag, arg, variables));
  if (e.kind == ExprKind::convert) {
    const DType from = dag[e.args[0]].type;
    const double value = is_float(from) ? args[0].real : static_cast<double>(args[0].whole);
    if (is_float(e.type)) return {round_to(e.type, value), 0};
    return {0, is_float(from) ? saturate_to(e.type, value) : wrap_to(e.type, args[0].whole)};
  }
  const FunctionInfo& row = info(e.function);
  if (row.kind == FunctionClass::selection) return args[0].whole != 0 ? args[1] : args[2];
  const DType type = dag[e.args[0]].type;
  if (is_float(type)) {
    double values[3] = {};
    for (size_t i = 0; i < args.size(); ++i) values[i] = args[i].real;
    const double value = row.evaluate(values);
    if (e.type == DType::boolean) return {0, value != 0};
    return {round_to(type, value), 0};
  }
  int64_t values[3] = {};
  for (size_t i = 0; i < args.size(); ++i) values[i] = args[i].whole;
  return {0, wrap_to(e.type, row.evaluate_integer(values))};
}

/// Random expressions over few constants, so that rules find what they look for.
class RandomExpression {
 public:
  RandomExpression(ExprBuilder& builder, uint32_t seed, DType type)
      : b(builder), random_(seed), type_(type) {}

  ExprId value(int depth) {
    if (depth == 0 || pick(6) == 0) return leaf();
    switch (pick(9)) {
      case 0:
        return b.neg(value(depth - 1));
      case 1:
        return b.apply(Function::pow, {value(depth - 1), leaf()});
      case 2:
        return b.select(truth(depth - 1), value(depth - 1), value(depth - 1));
      case 3:
        return b.apply(Function::max, {value(depth - 1), value(depth - 1)});
      case 4:
        return b.sub(value(depth - 1), value(depth - 1));
      case 5:
        return b.div(value(depth - 1), value(depth - 1));
      case 6:
        return b.add(value(depth - 1), value(depth - 1));
      case 7:
        return b.convert(b.convert(value(depth - 1), DType::f64), type_);
      default:
        return b.mul(value(depth - 1), value(depth - 1));
    }
  }

 private:
  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }

  ExprId leaf() {
    constexpr double constants[] = {0.0, -0.0, 1, -1, 2, 3, inf, nan};
    const uint32_t choice = pick(16);
    if (choice >= 8) return b.read(ValueId{choice % 3}, type_, {});
    const double constant = constants[choice];
    return is_float(type_) ? b.number(constant, type_)
                           : b.integer(std::isfinite(constant) ? int64_t(constant) : 7, type_);
  }

  ExprId truth(int depth) {
    switch (depth <= 0 ? 0 : pick(4)) {
      case 1:
        return b.apply(Function::logical_not, {truth(depth - 1)});
      case 2:
        return b.apply(Function::logical_and, {truth(depth - 1), truth(depth - 1)});
      case 3:
        return b.apply(Function::logical_or, {truth(depth - 1), truth(depth - 1)});
      default:
        break;
    }
    constexpr Function comparisons[] = {Function::less, Function::equal, Function::not_equal,
                                        Function::less_equal, Function::greater};
    return b.apply(comparisons[pick(5)], {leaf(), leaf()});
  }

  ExprBuilder& b;
  std::mt19937 random_;
  DType type_;
};

bool is_same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

class Algebra : public testing::TestWithParam<DType> {};

TEST_P(Algebra, KeepsEveryValue) {
  const double points[] = {0.0, -0.0, 1, -1, 0.375, -3, inf, -inf, nan};
  size_t before = 0, after = 0;
  for (uint32_t seed = 0; seed < 4000; ++seed) {
    ExprDag original, simple;
    ExprBuilder from(original), to(simple);
    const ExprId root = RandomExpression(from, seed, GetParam()).value(4);
    const ExprId rebuilt =
        rewrite(original, root, to, [&](Expr expr) { return simple.add(std::move(expr)); });
    before += reachable(original, root).size();
    after += reachable(simple, rebuilt).size();
    std::mt19937 random(seed);
    for (int i = 0; i < 12; ++i) {
      std::vector<Scalar> at(3);
      for (Scalar& variable : at) {
        if (is_float(GetParam()))
          variable.real = points[random() % std::size(points)];
        else
          variable.whole = wrap_to(GetParam(), static_cast<int64_t>(random() % 7) - 3);
      }
      const Scalar x = evaluate(original, root, at), y = evaluate(simple, rebuilt, at);
      ASSERT_TRUE(is_same(x.real, y.real)) << x.real << " became " << y.real << ", seed " << seed;
      ASSERT_EQ(x.whole, y.whole) << "seed " << seed;
    }
  }
  EXPECT_LT(after, before);
}

INSTANTIATE_TEST_SUITE_P(Types, Algebra,
                         testing::Values(DType::f64, DType::f32, DType::i64, DType::u8),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace netc
