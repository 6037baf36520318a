// What counts as a change of a graph, and what does not.
#include "passes/same_graph.h"

#include <gtest/gtest.h>

#include <string>

#include "test/unit/ir_graph_text.h"

namespace netc {
namespace {

constexpr char program[] = R"(graph @m.predict(%x: f32[N, 6]) {
  param @w: f32[6, 4] init zeros
  %y[n, o] = sum[i] %x[n, i] * @w[i, o]
  %z[n, o: 4] = (%y[n, o - 1] else 1) + 0.5
  output z = %z
}
)";

Graph changed(const std::string& from, const std::string& to) {
  std::string text = program;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return graph_of(text.replace(at, from.size(), to));
}

TEST(PassesSameGraph, UnusedNodesAreNoChange) {
  Graph graph = graph_of(program);
  Graph other = graph;
  EXPECT_TRUE(same_operations(graph, other));
  auto& definition = std::get<Definition>(other.ops[0].what);
  Definition copy = definition;
  copy.dag = {};
  ExprBuilder build(copy.dag);
  build.number(7, DType::f32);
  copy.body = copy_expr(definition.dag, definition.body, build);
  definition = copy;
  EXPECT_TRUE(same_operations(graph, other));
}

TEST(PassesSameGraph, EverythingElseIsOne) {
  const Graph graph = graph_of(program);
  const std::pair<const char*, const char*> changes[] = {
      {"sum[i]", "max[i]"},
      {"0.5", "0.25"},
      {"else 1", "else 0"},
      {"o - 1] else", "o + 1] else"},
      {"@w[i, o]", "abs(@w[i, o])"},
      {"output z = %z", "output z = %y"},
      {"%y[n, o - 1] else 1) + 0.5", "%y[n, o - 1] else 1) + %y[n, o]"}};
  for (auto [from, to] : changes) {
    const Graph other = changed(from, to);
    EXPECT_FALSE(same_operations(graph, other)) << to;
    EXPECT_FALSE(same_operations(other, graph)) << to;
  }
}

}  // namespace
}  // namespace netc
