// The verifier: for each rule a graph that breaks it, and graphs that only seem to.
#include "ir/verify.h"

#include "test/unit/ir_graph_text.h"

namespace netc {
namespace {

Graph with_operations(const std::string& operations) {
  return graph_of(
      "graph @m.train(%x: f32[N, 28], %label: u8[N] in 0..10, %raw: i32[N]) batch 32 {\n"
      "  setting %rate = 0.1\n"
      "  param @w: f32[28, 10] init glorot_uniform\n"
      "  param @b: f32[10] init zeros\n" +
      operations + "}\n");
}

void expect_fine(const std::string& operations) {
  EXPECT_EQ(verify(with_operations(operations)), std::vector<std::string>{}) << operations;
}

void expect_broken(const Graph& graph, const std::string& message) {
  for (const std::string& text : verify(graph))
    if (text.find(message) != std::string::npos) return;
  ADD_FAILURE() << "expected \"" << message << "\" among " << testing::PrintToString(verify(graph));
}

void expect_broken(const std::string& operations, const std::string& message) {
  expect_broken(with_operations(operations), message);
}

TEST(Verify, PlainGraphsAreFine) {
  expect_fine("  %z[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]\n  update @w = @w\n");
  expect_fine("");
}

TEST(Verify, IdsExist) {
  Graph graph = with_operations("  %z[n] = %x[n, 0]\n");
  graph.ops[0].results = {ValueId{99}};
  expect_broken(graph, "does not exist");
  graph = with_operations("  %z[n] = %x[n, 0]\n");
  std::get<Definition>(graph.ops[0].what).body = ExprId{99};
  expect_broken(graph, "holds an id of nothing");
  graph = with_operations("  %z[n] = %x[n, 0]\n");
  graph.ops[0].what = Reshape{ValueId{99}};
  expect_broken(graph, "operand does not exist");
}

TEST(Verify, OperandsComeFirst) {
  Graph graph = with_operations("  %a[n] = %x[n, 0]\n  %b[n] = %a[n]\n");
  std::swap(graph.ops[0], graph.ops[1]);
  expect_broken(graph, "`a` is read before it is made");
  expect_broken(graph, "`b` names another producer");
}

TEST(Verify, NamesAreWellFormedAndUnique) {
  Graph graph = with_operations("  %a[n] = %x[n, 0]\n  %b[n] = %a[n]\n");
  graph.values.back().name = "a";
  expect_broken(graph, "two values are called `a`");
  graph.values.back().name = "a b";
  expect_broken(graph, "`a b` is no name");
  graph.values.back().name = "b";  // a variable may share its name with another value
  EXPECT_EQ(verify(graph), std::vector<std::string>{});
}

TEST(Verify, Declarations) {
  Graph graph = with_operations("");
  graph[graph.variables[0]].type.dims[0].batch = true;
  expect_broken(graph, "variable `w` depends on the batch");
  graph = with_operations("");
  graph[graph.settings[0]].type.dtype = DType::f32;
  expect_broken(graph, "setting `rate` is f32[]");
  graph = with_operations("");
  graph[graph.inputs[0]].checked = true;
  expect_broken(graph, "`x` is checked and no integer input");
  graph = with_operations("");
  graph[graph.inputs[1]].high = 0;
  expect_broken(graph, "no value of `label` passes");
}

TEST(Verify, FunctionsMeetTheirTypes) {
  expect_broken("  %y[n] = exp(%label[n])\n", "`exp` takes floats, not u8");
  expect_broken("  %y[n] = %label[n] and %label[n]\n", "`logical_and` takes bools, not u8");
  expect_broken("  %y[n] = (%x[n, 0] > 0) + (%x[n, 1] > 0)\n", "`add` takes numbers, not bools");
}

TEST(Verify, ReadsStayInBounds) {
  expect_broken("  %y[n] = %x[n, 28]\n",
                "position 1 of a read of `x` can leave 0..28; it goes from 28");
  expect_broken("  %y[n, p: 14] = sum[a: 3] %x[n, 2 * p + a]\n", "from 0 to 28");
  expect_fine("  %y[n, p: 13] = sum[a: 3] %x[n, 2 * p + a]\n");
  expect_fine("  %y[n, p: 14] = sum[a: 3] (%x[n, 2 * p + a] else 0)\n");
  expect_broken("  %y[i: 28] = %x[i, i]\n", "it goes from 0 to 27");
  expect_fine("  %y[n: N] = %x[0, 3] + %x[N - 1, 3] + %x[N - n - 1, 0]\n");
  expect_broken("  %y[n: 2 * N] = %x[n, 0]\n", "it goes from 0 to 2 * N-1");
}

TEST(Verify, GathersStayInBounds) {
  expect_fine("  %y[n] = @b[%label[n]]\n");
  expect_broken("  %y[n] = @b[%label[n] + 1]\n", "it goes from 1 to 10");
  expect_broken("  %y[n] = @b[%raw[n]]\n", "can leave 0..10");
  expect_fine("  %y[n] = @b[clamp(%raw[n], 0, 9)] + @b[(%raw[n] % 10)] + (@b[%raw[n]] else 0)\n");
  expect_broken("  %y[n] = @b[(%raw[n] / 10)]\n", "can leave");
  expect_fine(
      "  %k[n] = argmax[o: 10] %x[n, o]\n  %r: i32[1, N] = reshape %k\n  %y[n] = @b[%r[0, n]]\n");
  expect_broken("  %k[n] = argmax[i] %x[n, i]\n  %y[n] = @b[%k[n]]\n", "it goes from 0 to 27");
  expect_fine("  %k[i] = argmax[n] %x[n, i]\n  %y[i] = %x[%k[i], i]\n");
  expect_fine("  %k[n] = if %x[n, 0] > 0 then i32(%label[n]) else 3\n  %y[n] = @b[%k[n]]\n");
  expect_fine(
      "  %k[n] = max(min(%raw[n], 9), 0)\n  %c = concat %k, %k axis 0\n  %y[m] = @b[%c[m]]\n");
  expect_broken("  %y[n] = @b[i32(%x[n, 0])]\n", "can leave");
}

TEST(Verify, WrappingIsKnown) {
  // 255 + 1 is 0 in u8, so nothing follows from the sum but its type.
  expect_broken("  %k[n] = u8(%raw[n]) + 1\n  %y[n] = %x[n, %k[n]]\n", "it goes from 0 to 255");
}

TEST(Verify, Reductions) {
  expect_broken("  %y[o] = @b[o] + max[i] @w[i, o]\n", "a `max` has a base");
  Graph graph = with_operations("  %y[o] = @b[o] + sum[i] @w[i, o]\n");
  auto& definition = std::get<Definition>(graph.ops[0].what);
  definition.base = definition.body;
  expect_broken(graph, "the base uses a reduced index");
  definition.base = {};
  definition.reduction = Reduction::none;
  expect_broken(graph, "a map has 1 reduced indices");
  graph = with_operations("  %y[o] = @b[o]\n");
  std::get<Definition>(graph.ops[0].what).reduction = Reduction::sum;
  expect_broken(graph, "`sum` has no index to go over");
  expect_broken("  %y = sum[n] (%x[n, 0] > 0)\n", "`sum` takes numbers, not bools");
}

TEST(Verify, ResultsHaveTheTypeOfTheirElements) {
  expect_broken("  %y[n]: f64[N] = %x[n, 0]\n", "the result is f64, its elements are f32");
  expect_broken("  %y[n]: f32[N, 2] = %x[n, 0]\n", "written at 1 positions");
}

TEST(Verify, TargetsWriteEachElementOnce) {
  expect_fine("  %y[n, 2 * q + r]: f32[N, 56] for n, q, r: 2 = %x[n, q] * f32(r)\n");
  expect_fine("  %y[27 - i, n]: f32[28, N] for n, i = %x[n, i]\n");
  expect_fine("  %y[n, 3 * q + r - 1]: f32[N, 56] for n, q: 28, r: 3 = %x[n, q] * f32(r)\n");
  expect_fine("  %y[2 * n + r]: f32[2 * N] for n, r: 2 = %x[n, r]\n");
  expect_broken("  %y[n + 2 * r]: f32[2 * N] for n, r: 2 = %x[n, r]\n",
                "not proved to be written once");
  expect_broken("  %y[n, 2 * q]: f32[N, 56] = %x[n, q]\n", "not proved to be written once");
  expect_broken("  %y[n, q + r]: f32[N, 28] for n, q, r: 2 = %x[n, q]\n", "not proved");
  expect_broken("  %y[n, q]: f32[N, 29] = %x[n, q]\n", "does not cover dimension 1");
  expect_broken("  %y[n, q + 1]: f32[N, 28] = %x[n, q]\n", "does not cover dimension 1");
  expect_broken("  %y[n]: f32[N] for n, q = %x[n, q]\n", "does not tell values of `q` apart");
  expect_broken("  %y[q, q]: f32[28, 28] for q = @w[q, 0]\n", "`q` stands twice in the target");
  expect_broken("  %y[%label[n]]: f32[10] for n = %x[n, 0]\n", "gathers without accumulating");
}

TEST(Verify, TargetsUseFreeIndices) {
  Graph graph = with_operations("  %y[o] = sum[i] @w[i, o]\n");
  std::get<Definition>(graph.ops[0].what).target[0].affine = Affine::of(IndexId{1});
  expect_broken(graph, "the target uses the reduced index `i`");
}

TEST(Verify, Accumulations) {
  expect_fine("  %y[%label[n], j]: f32[10, 28] += %x[n, j]\n");
  expect_fine("  %y[%raw[n]]: f32[10] += %x[n, 0]\n");
  expect_broken("  %y[n]: f32[N] += sum[j] %x[n, j]\n", "an accumulation holds a reduction");
}

TEST(Verify, ReshapesKeepElements) {
  expect_fine("  %r: f32[28, N] = reshape %x\n  %s: f32[14 * N, 2] = reshape %r\n");
  expect_broken("  %r: f32[N, 27] = reshape %x\n", "f32[N, 28] cannot be seen as f32[N, 27]");
  expect_broken("  %r: f64[N, 28] = reshape %x\n", "cannot be seen");
  expect_broken("  %r: f32[28] = reshape %x\n", "cannot be seen");
}

TEST(Verify, ConcatsDifferAlongTheirAxisOnly) {
  expect_fine("  %c = concat %x, %x axis 1\n  %d = concat %x, %c axis 1\n");
  expect_broken("  %c = concat %x, @w axis 0\n", "`w` is f32[28, 10] beside f32[N, 28]");
  expect_broken("  %c = concat %x, @b axis 0\n", "`b` is f32[10] beside f32[N, 28]");
}

TEST(Verify, GradientsAreOfScalarsByFloats) {
  expect_fine("  %l = sum[n, i] %x[n, i]\n  %d.w = gradient %l by @w\n");
  expect_broken("  %d.w = gradient %x by @w\n", "the gradient is of f32[N, 28]");
  expect_broken("  %l = sum[n, i] %x[n, i]\n  %d.label = gradient %l by %label\n",
                "a gradient by `label`, which is u8[N]");
}

TEST(Verify, Updates) {
  expect_broken("  update @w = @b\n", "f32[10] is stored in f32[28, 10]");
  expect_broken("  update @w = @w\n  update @w = @w\n", "it is updated twice");
  expect_broken("  update %x = %x\n", "`x` is no variable");
}

TEST(Verify, Results) {
  expect_broken("  loss = %x\n", "the loss is f32[N, 28]");
  expect_broken("  metric a = %x\n", "metric `a` is f32[N, 28]");
  expect_broken("  output a = %x\n  output a = %x\n", "two results are called `a`");
}

TEST(Verify, Kernels) {
  expect_fine("  kernel k {\n    %a[n] = %x[n, 0]\n  }\n  update @w = @w\n");
  expect_broken("  kernel k {\n    %a[n] = %x[n, 0]\n  }\n  %b[n] = %x[n, 0]\n",
                "%b: it stands in 0 kernels");
}

}  // namespace
}  // namespace netc
