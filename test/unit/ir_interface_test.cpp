// What graphs have in common, and plans as JSON.
#include "ir/interface.h"

#include <gtest/gtest.h>

#include "ir/plan.h"
#include "test/unit/ir_graph_text.h"

namespace netc {
namespace {

TEST(Interface, EntriesShareInputsAndVariables) {
  const Graph train = graph_of(
      "graph @m.train(%x: f32[N, 2], %t: u8[N] in 0..10) batch 8 {\n"
      "  setting %rate = 0.1\n"
      "  param @w: f32[2] init zeros\n"
      "  optimizer @m.w: f32[2] init zeros\n"
      "  %l = sum[n] %x[n, 0]\n"
      "  loss = %l\n"
      "}\n");
  const Graph predict = graph_of(
      "graph @m.predict(%x: f32[N, 2]) batch 4 {\n"
      "  param @w: f32[2] init zeros\n"
      "  output y = %x\n"
      "}\n");
  const Graph other = graph_of("graph @other.predict(%z: f32[N]) {\n  output z = %z\n}\n");
  const auto models = interfaces_of({train, predict, other});
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].name, "m");
  EXPECT_EQ(models[0].capacity, 8);
  EXPECT_EQ(models[0].inputs.size(), 2u);
  EXPECT_EQ(models[0].variables.size(), 2u);
  EXPECT_EQ(models[0].settings.size(), 1u);
  ASSERT_EQ(models[0].entries.size(), 2u);
  EXPECT_EQ(models[0].entries[0].inputs, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(models[0].entries[1].inputs, (std::vector<uint32_t>{0}));
  EXPECT_EQ(to_string(models[0].entries[1].result_types[0]), "f32[N, 2]");
  EXPECT_EQ(models[1].name, "other");
}

TEST(Interface, AllChecksOfAnInputHold) {
  const Graph a = graph_of("graph @m.a(%t: u8[N]) {\n}\n");
  const Graph b = graph_of("graph @m.b(%t: u8[N] in 0..10) {\n}\n");
  const Graph c = graph_of("graph @m.c(%t: u8[N] in 1..20) {\n}\n");
  const auto models = interfaces_of({a, b, c});
  EXPECT_TRUE(models[0].inputs[0].checked);
  EXPECT_EQ(models[0].inputs[0].low, 1);
  EXPECT_EQ(models[0].inputs[0].high, 10);
}

TEST(Interface, MetricsThatAreExponentialsAreMarked) {
  const Graph graph = graph_of(
      "graph @m.evaluate(%x: f32[N]) {\n"
      "  %l = sum[n] %x[n]\n"
      "  %p = exp(%l)\n"
      "  loss = %l\n"
      "  metric length = %l\n"
      "  metric perplexity = %p\n"
      "}\n");
  const auto models = interfaces_of({graph});
  EXPECT_EQ(models[0].entries[0].exponential, (std::vector<bool>{false, false, true}));
}

TEST(Plan, IsOneLineOfJson) {
  TrainPlan plan{.model = "m", .entry = "train", .directory = "a \"b\"\n"};
  plan.data.push_back({.input = "x", .kind = "csv", .path = "x.csv", .columns = {0, 2}});
  plan.data.push_back({.input = "t",
                       .kind = "csv",
                       .path = "x.csv",
                       .column = "species",
                       .classes = {"a", "b"},
                       .header = false,
                       .part = std::pair<int64_t, int64_t>{0, 1500}});
  plan.validation.push_back({.input = "x", .kind = "npz", .path = "v.npz", .name = "x"});
  plan.early_stop = 5;
  EXPECT_EQ(to_json(plan),
            R"({"model":"m","entry":"train","directory":"a \"b\"\u000a","data":[)"
            R"({"input":"x","kind":"csv","path":"x.csv","columns":[0,2],"header":true},)"
            R"({"input":"t","kind":"csv","path":"x.csv","column":"species","classes":["a","b"],)"
            R"("header":false,"part":[0,1500]}],)"
            R"("validation":[{"input":"x","kind":"npz","path":"v.npz","name":"x"}],)"
            R"("batch":32,"epochs":1,"shuffle":true,"seed":0,"early_stop":5})");
}

}  // namespace
}  // namespace netc
