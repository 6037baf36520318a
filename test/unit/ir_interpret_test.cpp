// The reference interpreter on values computed by hand.
#include "ir/interpret.h"

#include <cmath>
#include <limits>

#include "test/unit/ir_graph_text.h"

namespace netc {
namespace {

/// Evaluates one operation `%y...` over fixed inputs and gives its elements.
std::vector<double> evaluated(const std::string& operations, bool round_to_types = false) {
  const Graph graph = graph_of(
      "graph @m.predict(%x: f32[N, 3], %t: i32[N] in 0..3, %u: u8[N]) batch 8 {\n"
      "  setting %rate = 0.5\n"
      "  param @w: f32[3, 2] init zeros\n" +
      operations + "  output y = %y\n}\n");
  Evaluation evaluation;
  evaluation.inputs["x"] = floats({2, 3}, {1, 5, 3, -1, 0.5, 2});
  evaluation.inputs["t"] = integers({2}, {2, 0});
  evaluation.inputs["u"] = integers({2}, {250, 7}, DType::u8);
  evaluation.variables["w"] = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  const Status status = interpret(graph, evaluation, {.n = 2, .round_to_types = round_to_types});
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error());
  std::vector<double> result;
  if (!status.ok() || evaluation.results.empty()) return result;
  const Tensor& y = evaluation.results["output.y"];
  for (int64_t i = 0; i < y.elements(); ++i) result.push_back(y.as_double(i));
  return result;
}

using Values = std::vector<double>;

TEST(Interpret, MapsAndReductions) {
  EXPECT_EQ(evaluated("  %y[n, i] = %x[n, i] * 2\n"), (Values{2, 10, 6, -2, 1, 4}));
  EXPECT_EQ(evaluated("  %y[n, o] = 1 + sum[i] %x[n, i] * @w[i, o]\n"), (Values{32, 41, 11.5, 13}));
  EXPECT_EQ(evaluated("  %y[n] = prod[i] %x[n, i]\n"), (Values{15, -1}));
  EXPECT_EQ(evaluated("  %y[n] = max[i] %x[n, i]\n"), (Values{5, 2}));
  EXPECT_EQ(evaluated("  %y[n] = min[i] -%x[n, i]\n"), (Values{-5, -2}));
  EXPECT_EQ(evaluated("  %y[n] = argmax[i] %x[n, i]\n"), (Values{1, 2}));
  EXPECT_EQ(evaluated("  %y = argmax[n, i] -%x[n, i]\n"), (Values{3}));
  EXPECT_EQ(evaluated("  %y = sum[n, i] %x[n, i]\n"), (Values{10.5}));
}

TEST(Interpret, ArgmaxTakesTheFirst) {
  EXPECT_EQ(evaluated("  %y = argmax[i: 5] f32(1)\n"), (Values{0}));
  EXPECT_EQ(evaluated("  %y = argmax[i: 5] (if i > 2 then nan else f32(i))\n"), (Values{3}));
}

TEST(Interpret, NaNWinsInReductions) {
  EXPECT_TRUE(std::isnan(evaluated("  %y = max[i: 3] (if i == 1 then f32(nan) else 9)\n")[0]));
  EXPECT_TRUE(std::isnan(evaluated("  %y = min[i: 3] (if i == 0 then f32(nan) else 9)\n")[0]));
}

TEST(Interpret, ReadsOutside) {
  EXPECT_EQ(evaluated("  %y[n, i: 3] = (%x[n, i - 1] else 7)\n"), (Values{7, 1, 5, 7, -1, 0.5}));
  EXPECT_EQ(evaluated("  %y[n] = (@w[%u[n], 0] else -1) + (@w[%t[n] + 1, 1] else 0)\n"),
            (Values{-1, 3}));
}

TEST(Interpret, Gathers) {
  EXPECT_EQ(evaluated("  %y[n, o] = @w[%t[n], o]\n"), (Values{5, 6, 1, 2}));
  EXPECT_EQ(evaluated("  %y[n] = %x[n, %t[n]]\n"), (Values{3, -1}));
}

TEST(Interpret, Targets) {
  EXPECT_EQ(evaluated("  %y[n, 3 * r + i]: f32[N, 6] for n, i, r: 2 = %x[n, i] * f32(1 + r)\n"),
            (Values{1, 5, 3, 2, 10, 6, -1, 0.5, 2, -2, 1, 4}));
  EXPECT_EQ(evaluated("  %y[n, 2 - i]: f32[N, 3] = %x[n, i]\n"), (Values{3, 5, 1, 2, 0.5, -1}));
  EXPECT_EQ(evaluated("  %y[i - 1]: f32[1] for i = %x[0, i]\n"), (Values{5}));
}

TEST(Interpret, Accumulation) {
  EXPECT_EQ(evaluated("  %y[i + n]: f32[3] for n, i += %x[n, i]\n"), (Values{1, 4, 3.5}));
  EXPECT_EQ(evaluated("  %y[%t[n]]: f32[3] += %x[n, 0]\n"), (Values{-1, 0, 1}));
  EXPECT_EQ(evaluated("  %y[%u[n]]: f32[8] += %x[n, 0]\n"), (Values{0, 0, 0, 0, 0, 0, 0, -1}));
}

TEST(Interpret, TheBatchIsAValue) {
  EXPECT_EQ(evaluated("  %y = let t1 = f32(N); sum[n] %x[n, 0] / t1\n"), (Values{0}));
  EXPECT_EQ(evaluated("  %y[n: N] = f32(n) + f32(N)\n"), (Values{2, 3}));
}

TEST(Interpret, IntegersWrapAndFloor) {
  EXPECT_EQ(evaluated("  %y[n] = %u[n] + 10\n"), (Values{4, 17}));
  EXPECT_EQ(evaluated("  %y[n] = (%t[n] - 3) / 2\n"), (Values{-1, -2}));
  EXPECT_EQ(evaluated("  %y[n] = (%t[n] - 3) % 0\n"), (Values{0, 0}));
  EXPECT_EQ(evaluated("  %y[n] = u8(%x[n, 0] * 300)\n"), (Values{255, 0}));
  EXPECT_EQ(evaluated("  %y[n] = u8(i32(%u[n]) * 2)\n"), (Values{244, 14}));
  EXPECT_EQ(evaluated("  %y = sum[n] %u[n]\n"), (Values{1}));
}

TEST(Interpret, ComparisonsAndSelections) {
  EXPECT_EQ(evaluated("  %y[n, i] = %x[n, i] >= 1 and not %x[n, i] == 5\n"),
            (Values{1, 0, 1, 0, 0, 1}));
  EXPECT_EQ(evaluated("  %y[n, i] = if %x[n, i] > 1 or i == 0 then %x[n, i] else -inf\n"),
            (Values{1, 5, 3, -1, -std::numeric_limits<double>::infinity(), 2}));
}

TEST(Interpret, ReshapeAndConcat) {
  EXPECT_EQ(evaluated("  %r: f32[3, N] = reshape %x\n  %y[i] = %r[i, 0]\n"), (Values{1, 3, 0.5}));
  EXPECT_EQ(evaluated("  %a[n, k: 1] = %x[n, k]\n  %y = concat %a, %x, %a axis 1\n"),
            (Values{1, 1, 5, 3, 1, -1, -1, 0.5, 2, -1}));
  EXPECT_EQ(evaluated("  %y = concat %t, %t axis 0\n"), (Values{2, 0, 2, 0}));
}

TEST(Interpret, RoundsOnRequest) {
  EXPECT_EQ(evaluated("  %y = f32(%rate) + 0.1\n"), (Values{0.6}));
  EXPECT_EQ(evaluated("  %y = f32(%rate) + 0.1\n", true), (Values{0.6f}));
  EXPECT_EQ(evaluated("  %y = f16(%rate) + 0.1\n", true), (Values{0.60009765625}));
}

TEST(Interpret, UpdatesCommitAtTheEnd) {
  const Graph graph = graph_of(
      "graph @m.train() {\n"
      "  setting %step = 1\n"
      "  state @a: f64[] init zeros\n"
      "  state @b: f64[] init zeros\n"
      "  %a.next = @a + %step\n"
      "  %b.next = @b + @a\n"
      "  update @a = %a.next\n"
      "  update @b = %b.next\n"
      "  loss = @a\n"
      "}\n");
  Evaluation evaluation;
  evaluation.variables["a"] = floats({}, {3}, DType::f64);
  evaluation.variables["b"] = floats({}, {4}, DType::f64);
  evaluation.settings["step"] = floats({}, {10}, DType::f64);
  ASSERT_TRUE(interpret(graph, evaluation, {}).ok());
  EXPECT_EQ(evaluation.variables["a"].floats[0], 13);
  EXPECT_EQ(evaluation.variables["b"].floats[0], 7);
  EXPECT_EQ(evaluation.results["loss"].floats[0], 3);
}

class BadCall : public testing::Test {
 protected:
  BadCall()
      : graph_(graph_of("graph @m.predict(%t: i32[N, 2] in 0..3) {\n"
                        "  param @w: f32[3] init zeros\n"
                        "  %y[n, i] = @w[%t[n, i]]\n"
                        "  output y = %y\n"
                        "}\n")) {
    evaluation_.inputs["t"] = integers({2, 2}, {0, 1, 2, 0});
    evaluation_.variables["w"] = floats({3}, {1, 2, 3});
  }

  std::string error(int64_t n = 2) {
    const Status status = interpret(graph_, evaluation_, {.n = n});
    return status.ok() ? "" : status.error();
  }

  Graph graph_;
  Evaluation evaluation_;
};

TEST_F(BadCall, NoneIsNone) { EXPECT_EQ(error(), ""); }

TEST_F(BadCall, OutOfRange) {
  evaluation_.inputs["t"].integers[2] = 3;
  EXPECT_EQ(error(), "input `t` holds 3 at [1, 0], but its values are from 0 to 2");
}

TEST_F(BadCall, OtherShape) {
  EXPECT_EQ(error(3), "input `t` has shape [2, 2], but needs [3, 2]");
  evaluation_.variables["w"].dims = {2};
  EXPECT_EQ(error(), "variable `w` has shape [2], but needs [3]");
}

TEST_F(BadCall, OtherElements) {
  evaluation_.inputs["t"] = floats({2, 2}, {0, 1, 2, 0});
  EXPECT_EQ(error(), "input `t` is f32, but needs i32");
  evaluation_.inputs["t"] = integers({2, 2}, {0, 1});
  EXPECT_EQ(error(), "input `t` holds 2 elements, but its shape has 4");
}

TEST_F(BadCall, Missing) {
  evaluation_.inputs.clear();
  EXPECT_EQ(error(), "input `t` is missing");
}

TEST_F(BadCall, NoBatch) { EXPECT_EQ(error(0), "the batch is 0, but starts at 1"); }

TEST_F(BadCall, TooLarge) {
  EXPECT_NE(error(int64_t{1} << 40).find("too large to interpret"), std::string::npos);
}

TEST(Interpret, GradientsNeedAutodiff) {
  const Graph graph = graph_of(
      "graph @m.train(%x: f32[2]) {\n  %s = sum[i] %x[i]\n  %d.x = gradient %s by %x\n}\n");
  Evaluation evaluation;
  evaluation.inputs["x"] = floats({2}, {1, 2});
  const Status status = interpret(graph, evaluation, {});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error(), "`d.x` is a gradient: run the pass autodiff first");
}

TEST(Interpret, BrokenGraphsAreRefused) {
  Graph graph = graph_of("graph @m.train(%x: f32[2]) {\n  %y[i: 3] = %x[i]\n}\n");
  Evaluation evaluation;
  evaluation.inputs["x"] = floats({2}, {1, 2});
  const Status status = interpret(graph, evaluation, {});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().find("not well formed"), std::string::npos);
}

}  // namespace
}  // namespace netc
