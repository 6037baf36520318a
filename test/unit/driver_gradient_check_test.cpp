// `netc check` against gradients that are wrong on purpose.
#include "tools/driver/gradient_check.h"

#include <gtest/gtest.h>

#include "ir/parse.h"
#include "passes/autodiff.h"

namespace netc {
namespace {

constexpr std::string_view text = R"(graph @m.gradient(%x: f64[N, 3]) batch 4 {
  param @w: f64[3] init ones
  param @v: f64[3] init ones
  %y[n] = sum[i] %x[n, i] * @w[i] * @v[i]
  %loss = sum[n] %y[n] * %y[n]
  %d.w, %d.v = gradient %loss by @w, @v
  loss = %loss
  gradient w = %d.w
  gradient v = %d.v
}
)";

Graph graph_of_text() {
  SourceMap sources;
  const FileId file = sources.add("test.graph", std::string(text));
  Diagnostics diagnostics;
  std::vector<Graph> graphs = parse_graphs(sources, file, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  return graphs.at(0);
}

TEST(GradientCheck, AgreesWithTheGradientsOfAutodiff) {
  const auto report = check_gradients(graph_of_text(), 1);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->tensors, 2u);
  EXPECT_TRUE(report->mismatches.empty());
  EXPECT_LT(report->largest, 1e-8);
}

TEST(GradientCheck, SaysWhichParameterIsWrongAndByHowMuch) {
  const Graph graph = graph_of_text();
  Graph wrong = graph;
  autodiff(wrong);
  // The gradient by v one part in a thousand too large.
  for (Op& op : wrong.ops) {
    auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || wrong[op.results[0]].name != "d.v") continue;
    ExprBuilder build(definition->dag);
    definition->body = build.mul(definition->body, build.number(1.001, DType::f64));
  }
  const auto report = compare_gradients(graph, wrong, 1);
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->mismatches.size(), 1u);
  const GradientMismatch& found = report->mismatches[0];
  EXPECT_EQ(found.tensor, "v");
  EXPECT_NEAR(found.gradient, 1.001 * found.difference, 1e-6);
  EXPECT_GT(found.relative, 1e-5);
  EXPECT_LT(found.relative, 1.1e-3);
}

}  // namespace
}  // namespace netc
