// Scans by the interpreter, on values computed by hand, and what is kept in them.
#include "ir/print.h"
#include "ir/scan_partition.h"
#include "ir/verify.h"
#include "test/unit/ir_graph_text.h"

namespace netc {
namespace {

using Values = std::vector<double>;

Values evaluated(const std::string& operations) {
  const Graph graph =
      graph_of("graph @m.predict(%x: f32[3, 2]) batch 1 {\n" + operations + "  output y = %y\n}\n");
  Evaluation evaluation;
  evaluation.inputs["x"] = floats({3, 2}, {1, 5, 3, -1, 0.5, 2});
  const Status status = interpret(graph, evaluation, {});
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error());
  return status.ok() ? evaluation.results["output.y"].floats : Values{};
}

TEST(Scan, CarriesFromStepToStep) {
  EXPECT_EQ(evaluated(R"(
  scan t: 3 carries %y: f32[3, 2] {
    %before[t: 3, i: 2] = (%y[t - 1, i] else 10)
    %y[t, i] = 2 * %before[t, i] + %x[t, i]
  }
)"),
            (Values{21, 25, 45, 49, 90.5, 100}));
}

TEST(Scan, RunsBackwards) {
  EXPECT_EQ(evaluated(R"(
  scan t: 3 reversed carries %y: f32[3, 2] {
    %y[t: 3, i: 2] = (%y[t + 1, i] else 0) + %x[t, i]
  }
)"),
            (Values{4.5, 6, 3.5, 1, 0.5, 2}));
}

TEST(Scan, RunsInsideOfAnother) {
  // g is the sum of all rows so far, h the running sum within it.
  EXPECT_EQ(evaluated(R"(
  scan t: 3 carries %g: f32[3], %h: f32[3, 2] {
    %before[t: 3] = (%g[t - 1] else 0)
    scan s: 2 {
      %h[t, s: 2] = (%h[t, s - 1] else %before[t]) + %x[t, s]
    }
    %g[t] = %h[t, 1]
  }
  %y[t] = %g[t]
)"),
            (Values{6, 8, 10.5}));
}

TEST(Scan, KeepsOnlyWhatRunsStepByStep) {
  Graph graph = graph_of(R"(graph @m.predict(%x: f32[3, 2]) batch 1 {
  scan t: 3 carries %h: f32[3, 2] {
    %before[t: 3, i: 2] = (%h[t - 1, i] else 0)
    %e[t, i] = exp(%x[t, i])
    %h[t, i] = sin(%before[t, i]) + %e[t, i]
    %y[t, i] = 2 * %h[t, i]
  }
  output y = %y
}
)");
  partition_scan(graph, ScanId{0});
  EXPECT_EQ(verify(graph), std::vector<std::string>());
  EXPECT_EQ(print(graph), R"(graph @m.predict(%x: f32[3, 2]) batch 1 {
  %e[t, i] = exp(%x[t, i])
  scan t: 3 carries %h: f32[3, 2] {
    %before[t: 3, i] = (%h[t - 1, i] else 0)
    %h[t, i] = sin(%before[t, i]) + %e[t, i]
  }
  %y[t, i] = 2 * %h[t, i]
  output y = %y
}
)");
}

}  // namespace
}  // namespace netc
