// Random expressions that are linear in what they read as gradients: the sum of the terms that are
// taken out, each a gradient times its factor, has the same value.
#include "tools/explain/linear_form.h"

#include <gtest/gtest.h>

#include <random>

#include "ir/functions.h"

namespace netc::explain {
namespace {

constexpr uint32_t first_fixed = 2;  ///< tensors from here on are no gradients

bool is_gradient(ValueId tensor) { return tensor.index < first_fixed; }

double evaluate(const ExprDag& dag, ExprId node, const std::vector<double>& values) {
  const Expr& e = dag[node];
  if (e.kind == ExprKind::constant) return e.type == DType::boolean ? e.integer : e.number;
  if (e.kind == ExprKind::read) return values[e.tensor.index];
  std::vector<double> args;
  for (const ExprId arg : e.args) args.push_back(evaluate(dag, arg, values));
  if (e.kind == ExprKind::convert) return args[0];
  return info(e.function).evaluate(args.data());
}

class RandomExpression {
 public:
  RandomExpression(ExprBuilder& builder, uint32_t seed) : b(builder), random_(seed) {}

  ExprId linear(int depth) {
    if (depth == 0) return b.read(ValueId{pick(first_fixed)}, DType::f64, {});
    switch (pick(7)) {
      case 0:
        return b.neg(linear(depth - 1));
      case 1:
        return b.add(linear(depth - 1), linear(depth - 1));
      case 2:
        return b.sub(linear(depth - 1), linear(depth - 1));
      case 3:
        return b.mul(linear(depth - 1), fixed(depth - 1));
      case 4:
        return b.mul(fixed(depth - 1), linear(depth - 1));
      case 5:
        return b.div(linear(depth - 1), b.add(b.number(2, DType::f64), squared(fixed(1))));
      default: {
        const ExprId condition = b.apply(Function::less, {fixed(1), fixed(1)});
        const ExprId zero = b.number(0, DType::f64);
        return b.select(condition, linear(depth - 1), pick(2) ? zero : linear(depth - 1));
      }
    }
  }

  ExprId fixed(int depth) {
    if (depth == 0) return b.read(ValueId{first_fixed + pick(2)}, DType::f64, {});
    return pick(2) ? b.apply(Function::tanh, {fixed(depth - 1)})
                   : b.mul(fixed(depth - 1), fixed(depth - 1));
  }

 private:
  ExprId squared(ExprId x) { return b.mul(x, x); }
  uint32_t pick(uint32_t count) { return static_cast<uint32_t>(random_() % count); }

  ExprBuilder& b;
  std::mt19937 random_;
};

TEST(LinearForm, SumsUpToTheExpression) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    ExprDag dag;
    ExprBuilder b(dag);
    const ExprId root = RandomExpression(b, seed).linear(5);
    const auto terms = linear_form(dag, root, is_gradient);
    ASSERT_TRUE(terms) << seed;
    const std::vector<double> values = {0.7, -1.3, 0.4 + seed * 0.001, -0.6};
    double sum = 0;
    for (const LinearTerm& term : *terms) {
      EXPECT_EQ(dag[term.incoming].kind, ExprKind::read);
      std::vector<double> without_gradients = values;
      without_gradients[0] = without_gradients[1] = 1e6;
      const double factor = evaluate(dag, term.factor, values);
      EXPECT_EQ(factor, evaluate(dag, term.factor, without_gradients)) << "reads a gradient";
      sum += evaluate(dag, term.incoming, values) * factor;
    }
    const double whole = evaluate(dag, root, values);
    EXPECT_NEAR(sum, whole, 1e-9 * (1 + std::abs(whole))) << seed;
  }
}

TEST(LinearForm, OneTermAGradient) {
  ExprDag dag;
  ExprBuilder b(dag);
  const ExprId g = b.read(ValueId{0}, DType::f64, {}), x = b.read(ValueId{2}, DType::f64, {});
  const auto terms = linear_form(dag, b.add(b.mul(g, x), g), is_gradient);
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->size(), 1u);
}

TEST(LinearForm, NothingForWhatIsNotLinear) {
  ExprDag dag;
  ExprBuilder b(dag);
  const ExprId g = b.read(ValueId{0}, DType::f64, {}), x = b.read(ValueId{2}, DType::f64, {});
  const ExprId one = b.number(1, DType::f64);
  EXPECT_FALSE(linear_form(dag, b.mul(g, g), is_gradient));
  EXPECT_FALSE(linear_form(dag, b.div(x, g), is_gradient));
  EXPECT_FALSE(linear_form(dag, b.add(g, one), is_gradient));
  EXPECT_FALSE(linear_form(dag, b.apply(Function::exp, {g}), is_gradient));
  const ExprId positive = b.apply(Function::greater, {g, x});
  EXPECT_FALSE(linear_form(dag, b.select(positive, g, b.neg(g)), is_gradient));
  EXPECT_FALSE(linear_form(dag, b.read(ValueId{0}, DType::f64, {}, one), is_gradient));
}

}  // namespace
}  // namespace netc::explain
