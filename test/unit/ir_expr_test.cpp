// Affine forms, hash-consing and copying of expressions.
#include <gtest/gtest.h>

#include "ir/expr.h"

namespace netc {
namespace {

TEST(Affine, TermsAreSortedAndZerosVanish) {
  Affine sum = Affine::of(IndexId{2}, 3);
  sum.add(Affine::of(IndexId{0})).add(Affine::of(IndexId{2}), -3).add(Affine::of_constant(5), 2);
  ASSERT_EQ(sum.terms.size(), 1u);
  EXPECT_EQ(sum.terms[0].index, IndexId{0});
  EXPECT_EQ(sum.constant, 10);
  EXPECT_FALSE(sum.single().has_value());
  EXPECT_EQ(Affine::of(IndexId{1}).single(), IndexId{1});
  EXPECT_FALSE(Affine::of(IndexId{1}, 2).single().has_value());
}

TEST(Affine, AddsItself) {
  Affine sum = Affine::of(IndexId{0});
  sum.batch = 1;
  sum.add(sum, 2);
  EXPECT_EQ(sum.coefficient(IndexId{0}), 3);
  EXPECT_EQ(sum.batch, 3);
}

TEST(Affine, Substitution) {
  Affine by = Affine::of(IndexId{1}, 2);
  by.constant = -1;
  Affine place = Affine::of(IndexId{0}, 3);
  place.add(Affine::of(IndexId{1}));
  const Affine result = place.substituted(IndexId{0}, by);
  EXPECT_EQ(result.coefficient(IndexId{0}), 0);
  EXPECT_EQ(result.coefficient(IndexId{1}), 7);
  EXPECT_EQ(result.constant, -3);
}

TEST(ExprDag, EqualNodesAreOne) {
  ExprDag dag;
  ExprBuilder builder(dag);
  const ExprId x = builder.read(ValueId{0}, DType::f32, {});
  EXPECT_EQ(builder.add(x, x), builder.add(x, x));
  EXPECT_NE(builder.number(0.0, DType::f32), builder.number(-0.0, DType::f32));
  EXPECT_NE(builder.number(1, DType::f32), builder.number(1, DType::f64));
  EXPECT_EQ(builder.number(__builtin_nan("1"), DType::f32),
            builder.number(-__builtin_nan("2"), DType::f32));
  EXPECT_EQ(builder.convert(x, DType::f32), x);
}

TEST(ExprDag, CopyingReplacesLeaves) {
  ExprDag from, to;
  ExprBuilder source(from), target(to);
  const ExprId x = source.read(ValueId{0}, DType::f32, {{Affine::of(IndexId{0}), {}}});
  const ExprId y = source.read(ValueId{1}, DType::f32, {{{}, source.index(IndexId{1})}});
  const ExprId root = source.mul(source.add(x, y), x);
  const ExprId three = target.number(3, DType::f32);
  const Expr replaced = from[x];
  const ExprId copy = copy_expr(from, root, [&](Expr expr) {
    return expr.same_as(replaced) ? three : target.node(std::move(expr));
  });
  EXPECT_EQ(to[copy].args[1], three);
  const Expr& sum = to[to[copy].args[0]];
  EXPECT_EQ(sum.args[0], three);
  EXPECT_EQ(to[sum.args[1]].tensor, ValueId{1});
  EXPECT_EQ(to[to[sum.args[1]].subscripts[0].data].index, IndexId{1});
}

TEST(ExprDag, DeepExpressionsNeedNoStack) {
  ExprDag dag;
  ExprBuilder builder(dag);
  ExprId root = builder.number(0, DType::f32);
  for (int i = 0; i < 300000; ++i) root = builder.apply(Function::exp, {root});
  EXPECT_EQ(reachable(dag, root).size(), 300001u);
}

TEST(ExprBuilder, AffineValues) {
  ExprDag dag;
  ExprBuilder builder(dag);
  Affine value = Affine::of(IndexId{0}, 2);
  value.batch = 1;
  value.constant = -1;
  const ExprId root = builder.affine(value);
  EXPECT_EQ(builder.type(root), DType::i64);
  EXPECT_EQ(reachable(dag, root).size(), 7u);
  EXPECT_EQ(dag[builder.affine({})].integer, 0);
}

}  // namespace
}  // namespace netc
