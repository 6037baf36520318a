// Graph text: what is printed reads back and prints the same; what cannot be read is reported.
#include <gtest/gtest.h>

#include "ir/parse.h"
#include "ir/print.h"

namespace netc {
namespace {

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  std::vector<Graph> graphs;
};

Parsed parsed(const std::string& text) {
  Parsed result;
  const FileId file = result.sources.add("test.graph", text);
  result.graphs = parse_graphs(result.sources, file, result.diagnostics);
  return result;
}

/// Wraps operations in a graph with values of all kinds.
std::string with_operations(const std::string& operations) {
  return "graph @m.train(%x: f32[N, 28], %label: u8[N] in 0..10, %img: f32[N, 8, 8, 3]) batch 32 "
         "{\n"
         "  setting %rate = 0.1\n"
         "  param @w: f32[28, 10] init glorot_uniform\n"
         "  param @b: f32[10] init zeros\n" +
         operations + "}\n";
}

/// The text is what the printer writes, to the letter.
void expect_same(const std::string& operations) {
  const std::string text = with_operations(operations);
  const Parsed result = parsed(text);
  EXPECT_EQ(render(result.diagnostics, result.sources), "");
  ASSERT_EQ(result.graphs.size(), 1u);
  EXPECT_EQ(print(result.graphs), text);
}

/// The operations cannot be read, for the reason given.
void expect_refused(const std::string& operations, const std::string& message) {
  const Parsed result = parsed(with_operations(operations));
  ASSERT_EQ(result.diagnostics.error_count(), 1u) << render(result.diagnostics, result.sources);
  EXPECT_NE(result.diagnostics.all()[0].message.find(message), std::string::npos)
      << result.diagnostics.all()[0].message;
  EXPECT_TRUE(result.graphs.empty());
}

TEST(GraphText, ProductWithBase) {
  expect_same("  %z[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]\n");
}

TEST(GraphText, BaseOfSeveralTermsAndSelectionBase) {
  expect_same("  %z[n, o] = @b[o] - 2 * @b[o] + sum[i] %x[n, i] * @w[i, o]\n");
  expect_same("  %z[o] = (if @b[o] > 0 then 1 else 0) + sum[i] @w[i, o]\n");
}

TEST(GraphText, ReductionTakesInProductsAndParenthesesMore) {
  expect_same("  %s = sum[n, i] %x[n, i] * %x[n, i] / 2\n  %t = max[n, i] (%x[n, i] + 1)\n");
  expect_same("  %p[n] = argmax[i] %x[n, i]\n  %q[n] = prod[i] -%x[n, i]\n");
}

TEST(GraphText, ExtentsAreWrittenWhereTheyDoNotFollow) {
  expect_same("  %y[n, p: 14, c] = sum[a: 2] %img[n, 2 * p + a, 0, c]\n");
  expect_same("  %i[k: 4 * N] = f32(k)\n");
  expect_same("  %y[n, j: 3] = %x[n, j]\n");
  expect_same("  %y[i: 8] = %img[0, i, i, 0] + @w[i, 0]\n");
}

TEST(GraphText, ReadsWithElseCountOnlyWhereNoOthersDo) {
  expect_same("  %y[n, j] = (%x[n, j] else 0)\n  %z[n, j] = %x[n, j] + (%y[j, n] else 0)\n");
}

TEST(GraphText, ConvolutionWithPadding) {
  expect_same("  %y[n, p: 8, c] = sum[a: 3] (%img[n, p + a - 1, 0, c] else 0)\n");
}

TEST(GraphText, TypesAreWrittenWhereTargetsAreNotPlain) {
  expect_same("  %y[n, 2 * q + r]: f32[N, 56] for n, q, r: 2 = %x[n, q] * f32(r)\n");
  expect_same("  %y[j, n]: f32[28, N] for n, j = %x[n, j]\n");
  expect_same("  %y[n, 27 - j]: f32[N, 28] = %x[n, j]\n");
  expect_same("  %y[n, 0]: f32[N, 1] = %x[n, 3]\n");
}

TEST(GraphText, Accumulation) {
  expect_same("  %y[%label[n], j]: f32[10, 28] += %x[n, j]\n");
  expect_same("  %s: f32[] for n += %x[n, 0]\n");
}

TEST(GraphText, Gathers) {
  expect_same(
      "  %k[n] = argmax[i] %x[n, i]\n"
      "  %y[n] = @b[%label[n]] + @b[clamp(%k[n], 0, 9)] + (@b[%k[n] + 1] else 0)\n"
      "  %z[n] = (@b[(%k[n] * 2)] else 0) + (@b[(%k[n] else 0)] else 0)\n");
}

TEST(GraphText, ConstantsTakeTheirTypesFromTheirNeighbours) {
  expect_same("  %zero[n, o]: f32[N, 10] = 0\n  %one: f64[] = 1\n");
  expect_same("  %y[n] = if %label[n] == 3 then %x[n, 0] else -1\n");
  expect_same("  %y[n] = f64(%x[n, 0]) * 0.1 + %rate\n");
  expect_same("  %y[n] = f32(%label[n]) / 255\n");
  expect_same("  %c[n: 4] = if f32(1) < 2 then f64(n) else 0\n");
  expect_same("  %k = argmax[i: 3] f32(1)\n");
  expect_same("  %c = f32(f64(0.5))\n");
}

TEST(GraphText, NumbersKeepTheirBits) {
  expect_same(
      "  %y[n] = 0.1 + %x[n, 0] * 1e-30 - 3.141592653589793 + inf - -0\n"
      "  %z[n] = max(-inf, %x[n, 0]) + nan\n"
      "  %i[n: 3] = n + -9223372036854775808\n");
}

TEST(GraphText, Precedence) {
  expect_same(
      "  %y[n] = (%x[n, 0] + 1) * 2 - (%x[n, 1] - (3 - %x[n, 2])) / (4 / %x[n, 3])\n"
      "  %a[n] = -%x[n, 0] ^ 2 + (-%x[n, 0]) ^ 2 + 2 ^ -%x[n, 0] ^ 3 + (2 ^ %x[n, 0]) ^ 3\n");
  expect_same("  %b[n] = -(1) + %x[n, 0] - -(-%x[n, 1]) + (-1) ^ %x[n, 2] - -2 ^ %x[n, 1]\n");
  expect_same("  %c[n] = %x[n, 0] > 0 and not %x[n, 1] == 2 or (not %x[n, 3] < 1) == true\n");
  expect_same("  %d[n] = %x[n, 0] % 2 * (%x[n, 1] % 3)\n");
  expect_same("  %e[n] = 1 + (if true then 1 else if %x[n, 0] > 2 then %x[n, 1] else 3)\n");
}

TEST(GraphText, SharedNodesAreNamedOnce) {
  expect_same("  %h[n] = let t1 = exp(%x[n, 0]); t1 / (t1 + 1)\n");
  expect_same("  %h[n, t1] = let t2 = exp(%x[n, t1]); let t3 = t2 + 1; t2 * t3 / sqrt(t3)\n");
  expect_same("  %h[n] = let t1 = exp(@b[0]); t1 + sum[i] t1 * %x[n, i]\n");
  expect_same(
      "  %h[n] =\n"
      "    let t1 = exp(%x[n, 0] + %x[n, 1] + %x[n, 2] + %x[n, 3] + %x[n, 4] + %x[n, 5]);\n"
      "    t1 / (t1 + 1)\n");
}

TEST(GraphText, OtherOperations) {
  expect_same(
      "  %r: f32[N, 192] = reshape %img\n"
      "  %c = concat %x, %r, %x axis 1\n"
      "  %s = sum[n, i] %c[n, i]\n"
      "  %d.w, %d.b = gradient %s by @w, @b\n"
      "  %w.next[i, o] = @w[i, o] - f32(%rate) * %d.w[i, o]\n"
      "  update @w = %w.next\n"
      "  loss = %s\n"
      "  output reshaped = %r\n"
      "  metric m = %s\n"
      "  gradient w = %d.w\n");
}

TEST(GraphText, KernelsAroundNeighboursAndAgain) {
  expect_same(
      "  kernel k1 {\n"
      "    %a[n] = %x[n, 0]\n"
      "    %b[n] = exp(%a[n])\n"
      "  }\n"
      "  kernel k2 {\n"
      "    %c[n] = %b[n]\n"
      "  }\n"
      "  kernel k1 {\n"
      "    %d[n] = %b[n]\n"
      "  }\n");
}

TEST(GraphText, Declarations) {
  const std::string text =
      "graph @m() batch 1 {\n"
      "  setting %sgd.rate = nan\n"
      "  param @block.0.w: bf16[2, 3] init normal(0, 0.02)\n"
      "  state @count: i64[] init constant(-inf)\n"
      "  optimizer @m: f64[4] init load(\"a \\\"b\\\" \\\\.f\", \"x\")\n"
      "  average @average.w: f32[2] init ones\n"
      "}\n";
  const Parsed result = parsed(text + "\n" + text);
  EXPECT_EQ(render(result.diagnostics, result.sources), "");
  EXPECT_EQ(print(result.graphs), text + "\n" + text);
}

TEST(GraphText, DeepExpressionsAreCutByNames) {
  Graph graph;
  graph.model = "m";
  Definition definition;
  ExprBuilder builder(definition.dag);
  ExprId value = builder.number(1, DType::f32);
  for (int i = 0; i < 20000; ++i) value = builder.apply(Function::exp, {value});
  definition.body = value;
  graph.add_op(std::move(definition), {DType::f32, {}}, "deep", {});
  const std::string text = print(graph);
  const Parsed result = parsed(text);
  EXPECT_EQ(render(result.diagnostics, result.sources), "");
  EXPECT_EQ(print(result.graphs), text);
}

TEST(GraphText, ClashingIndexNamesAreMadeApart) {
  Graph graph;
  graph.model = "m";
  Definition definition;
  definition.indices = {{"i", {2}}, {"i", {3}}, {"sum", {4}}, {"0", {5}}};
  definition.free_count = 4;
  ExprBuilder builder(definition.dag);
  ExprId value = builder.index(IndexId{0});
  for (uint32_t i = 0; i < 4; ++i) {
    definition.target.push_back({Affine::of(IndexId{i}), {}});
    value = builder.add(value, builder.index(IndexId{i}));
  }
  definition.body = value;
  graph.add_op(std::move(definition), {DType::i64, {{2}, {3}, {4}, {5}}}, "x", {});
  const std::string text = print(graph);
  EXPECT_NE(text.find("%x[i: 2, i2: 3, i3: 4, i4: 5] = i + i + i2 + i3 + i4"), std::string::npos)
      << text;
  EXPECT_EQ(print(parsed(text).graphs), text);
}

TEST(GraphText, Refusals) {
  expect_refused("  %y[n] = %q[n]\n", "no value `%q`");
  expect_refused("  %y[n] = @wb[n]\n", "there is `@");
  expect_refused("  %y[n] = %x[n]\n", "takes 2 positions, found 1");
  expect_refused("  %y[n] = %x[n, m]\n", "no index or `let` is called `m`");
  expect_refused("  %y[n, m] = %x[n, 0]\n", "`m` stands alone nowhere");
  expect_refused("  %y[n] = %x[n, n]\n", "differ");
  expect_refused("  %y[n] = %x[n, 0] + %label[n]\n", "operands of `add` are f32 and u8");
  expect_refused("  %y = 1\n", "nothing beside `1` tells its type");
  expect_refused("  %y[n] = %label[n] + 300\n", "`300` does not fit u8");
  expect_refused("  %y[n] = %label[n] + 0.5\n", "`0.5` does not fit u8");
  expect_refused("  %y[n] = foo(%x[n, 0])\n", "no function is called `foo`");
  expect_refused("  %y[n] = exp(%x[n, 0], 1)\n", "takes 1 operands, found 2");
  expect_refused("  %y[n] = 2 * sum[i] %x[n, i]\n", "a reduction stands alone");
  expect_refused("  %x[n] = %label[n]\n", "named twice");
  expect_refused("  %y[2 * n] = %x[n, 0]\n", "the type of this result does not follow");
  expect_refused("  %y[n, n2: 0] = %x[n, 0]\n", "a size is");
  expect_refused("  %y[n] = if %x[n, 0] then %x[n, 1] else 2\n", "the condition of `if` is f32");
  expect_refused("  %y[n] = let a = b; let b = %x[n, 0]; a\n", "used before its `let`");
  expect_refused("  %y[n] = %x[n, 9999999999999999]\n", "below 2^48");
  expect_refused("  %y[n] = (%x[n, 0] else %label[n])\n", "the value outside of `x` is u8");
  expect_refused("  %r = reshape %x\n", "needs the type");
  expect_refused("  %c = concat %x axis 2\n", "no axis 2");
  expect_refused("  %a = gradient %x by @w, @b\n", "1 results for the gradients by 2 values");
  expect_refused("  frobnicate\n", "expected a statement, found `frobnicate`");
  expect_refused("  %y[n] = \"abc\n", "expected an expression");
}

TEST(GraphText, NestingHasALimit) {
  const std::string open(100000, '('), minus(100000, '-');
  expect_refused("  %y[n] = " + open + "\n", "nest deeper than 256");
  expect_refused("  %y[n] = " + minus + "1\n", "nest deeper than 256");
}

TEST(GraphText, GarbageIsReportedNotCrashedOn) {
  const std::string text = with_operations(
      "  %z[n, o] = @b[o] + sum[i] %x[n, i] * (@w[i, o] else 0)\n"
      "  %y[%label[n], j]: f32[10, 28] for n, j += let t = exp(%x[n, j]); t\n");
  for (size_t cut = 0; cut < text.size(); cut += 3) {
    parsed(text.substr(0, cut));
    std::string changed = text;
    changed[cut] = "(]%@.=\"+\x80"[cut % 9];
    parsed(changed);
  }
}

TEST(GraphText, OneErrorAGraph) {
  const Parsed result = parsed("graph @a() { x y z }\ngraph @b() {\n}\ngraph @c( { }\n");
  EXPECT_EQ(result.diagnostics.error_count(), 2u);
  ASSERT_EQ(result.graphs.size(), 1u);
  EXPECT_EQ(result.graphs[0].model, "b");
}

}  // namespace
}  // namespace netc
