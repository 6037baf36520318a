// Compiled graphs give what the interpreter says they mean.
#include "test/unit/passes_schedule_run.h"

namespace netc {
namespace {

/// A graph around operations, with values of many types.
std::string with_operations(const std::string& operations, const std::string& dtype = "f32",
                            int capacity = 7) {
  std::string text =
      "graph @m.train(%x: FLOAT[N, 20], %img: FLOAT[N, 9, 7, 3], %t: u8[N] in 0..10, %k: i32[N, "
      "5], "
      "%big: i64[N, 3], %flag: bool[N, 20]) batch CAPACITY {\n"
      "  param @w: FLOAT[20, 10] init glorot_uniform\n"
      "  param @b: FLOAT[10] init zeros\n"
      "  param @filter: FLOAT[3, 3, 3, 5] init glorot_uniform\n"
      "  param @table: FLOAT[10, 6] init zeros\n"
      "  setting %rate = 0.1\n" +
      operations + "}\n";
  auto replace = [&](const std::string& from, const std::string& to) {
    for (size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
  };
  replace("FLOAT", dtype);
  replace("CAPACITY", std::to_string(capacity));
  return text;
}

void agrees(const std::string& operations) {
  expect_agrees(with_operations(operations));
  if (::testing::Test::HasFailure()) return;
  expect_agrees(with_operations(operations, "f32", 33), 2e-5, {"x86-64-v3"});
  if (::testing::Test::HasFailure()) return;
  expect_agrees(with_operations(operations, "f64"), 1e-12, {"x86-64-v3"});
}

TEST(Schedule, ElementWise) {
  agrees("  %y[n, i] = %x[n, i] * 2 - 1\n  %z[n, i] = %y[n, i] * %y[n, i]\n  output z = %z\n");
}

TEST(Schedule, Dense) {
  agrees(
      "  %y[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]\n"
      "  %h[n, o] = if %y[n, o] > 0 then %y[n, o] else 0\n  output h = %h\n");
}

TEST(Schedule, DenseByTransposedWeights) {
  agrees(
      "  %y[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]\n"
      "  %d.x[n, i] = sum[o] %y[n, o] * @w[i, o]\n  output d = %d.x\n");
}

TEST(Schedule, SoftmaxCrossEntropyStep) {
  agrees(
      "  %z[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]\n"
      "  %top[n] = max[c] %z[n, c]\n"
      "  %e[n, c] = exp(%z[n, c] - %top[n])\n"
      "  %total[n] = sum[c] %e[n, c]\n"
      "  %p[n, c] = %e[n, c] / %total[n]\n"
      "  %l = sum[n] -log(%p[n, %t[n]])\n"
      "  %d.z[n, c] = %p[n, c] - (if i64(%t[n]) == c then 1 else 0)\n"
      "  %d.w[i, o] = sum[n] %x[n, i] * %d.z[n, o]\n"
      "  %d.b[o] = sum[n] %d.z[n, o]\n"
      "  %d.x[n, i] = sum[o] %d.z[n, o] * @w[i, o]\n"
      "  %w.next[i, o] = @w[i, o] - %d.w[i, o] / 8\n"
      "  %b.next[o] = @b[o] - %d.b[o] / 8\n"
      "  update @w = %w.next\n"
      "  update @b = %b.next\n"
      "  loss = %l\n"
      "  output p = %p\n"
      "  gradient x = %d.x\n");
}

TEST(Schedule, Extremes) {
  agrees(
      "  %hi[n] = max[i] %x[n, i]\n  %lo[i] = min[n] %x[n, i]\n  %at[n] = argmax[i] %x[n, i]\n"
      "  %where[i] = argmax[n] %x[n, i]\n  %all = max[n, i] %x[n, i]\n"
      "  %place = argmax[n, i] %x[n, i]\n"
      "  output hi = %hi\n  output lo = %lo\n  output at = %at\n  output where = %where\n"
      "  output all = %all\n  output place = %place\n");
}

TEST(Schedule, ProductsAndSumsOfEverything) {
  agrees(
      "  %p[n] = prod[i] %x[n, i]\n  %s = sum[n, i] %x[n, i]\n  %c[i] = sum[n] %x[n, i]\n"
      "  %q = sum[n, p, r, c] %img[n, p, r, c] * %img[n, p, r, c]\n"
      "  output p = %p\n  output s = %s\n  output c = %c\n  output q = %q\n");
}

TEST(Schedule, Integers) {
  agrees(
      "  %a[n, i] = %k[n, i] * %k[n, i] + 3\n  %s[n] = sum[i] %a[n, i]\n"
      "  %q[n, j] = %big[n, j] / 2 % 3\n  %top[n] = max[i] %k[n, i]\n"
      "  %low = min[n, j] %big[n, j]\n"
      "  output a = %a\n  output s = %s\n  output q = %q\n  output top = %top\n"
      "  output low = %low\n");
}

TEST(Schedule, Bools) {
  agrees(
      "  %y[n, i] = %flag[n, i] and %x[n, i] > 0\n  %z[n, i] = if %y[n, i] then %x[n, i] else 0\n"
      "  output y = %y\n  output z = %z\n");
}

TEST(Schedule, ConvolutionWithPadding) {
  agrees(
      "  %y[n, p: 9, q: 7, f] = sum[i, j, c] (%img[n, p + i - 1, q + j - 1, c] else 0) "
      "* @filter[i, j, c, f]\n  output y = %y\n");
}

TEST(Schedule, ConvolutionWithStride) {
  agrees(
      "  %y[n, p: 4, q: 3, f] = sum[i, j, c] %img[n, 2 * p + i, 2 * q + j, c] "
      "* @filter[i, j, c, f]\n  output y = %y\n");
}

TEST(Schedule, GradientOfConvolution) {
  agrees(
      "  %y[n, p: 7, q: 5, f] = sum[i, j, c] %img[n, p + i, q + j, c] * @filter[i, j, c, f]\n"
      "  %d.filter[i: 3, j: 3, c, f] = sum[n, p, q] %img[n, p + i, q + j, c] * %y[n, p, q, f]\n"
      "  %d.img[n, p: 9, q: 7, c] = sum[f, i, j] (%y[n, p - i, q - j, f] else 0) "
      "* @filter[i, j, c, f]\n"
      "  output d = %d.filter\n  output e = %d.img\n");
}

TEST(Schedule, PoolingAndShiftedReads) {
  agrees(
      "  %y[n, p: 4, q: 3, c] = max[a: 2, b: 2] %img[n, 2 * p + a, 2 * q + b, c]\n"
      "  %s[n, j: 20] = (%x[n, j - 3] else 7) + (%x[n, j + 2] else -1)\n"
      "  output y = %y\n  output s = %s\n");
}

TEST(Schedule, IndicesInSeveralSubscripts) {
  agrees(
      "  %y[i: 3, q: 2, j: 2] = sum[k: 2] (if j == 1 then (if q == 0 then (@w[k, -k] else 0.5) "
      "* (@table[k, k - i] else 0) else 0) else 0)\n"
      "  %z[o] = sum[k: 9, i: 3] (@w[k, 5 - k] else 2) * (@w[k + i, 2 * k - i] else 0.5) "
      "* @w[k + 2, o]\n"
      "  output y = %y\n  output z = %z\n");
}

TEST(Schedule, GathersAndScatters) {
  agrees(
      "  %e[n, d] = @table[%t[n], d]\n"
      "  %g[%t[n], d]: FLOAT[10, 6] += %e[n, d]\n"
      "  %o[n, j] = (@table[%k[n, j], 2] else 0.5)\n"
      "  output e = %e\n  output g = %g\n  output o = %o\n");
}

TEST(Schedule, ReshapeAndConcat) {
  agrees(
      "  %f: FLOAT[N, 189] = reshape %img\n  %y[n, i] = %f[n, i] * 2\n"
      "  %c = concat %x, %x axis 1\n  %d = concat %c, %c axis 0\n"
      "  output y = %y\n  output c = %c\n  output d = %d\n  output f = %f\n");
}

TEST(Schedule, BatchTwice) {
  agrees(
      "  %d[n, m] = sum[i] (%x[n, i] - %x[m, i]) * (%x[n, i] - %x[m, i])\n"
      "  %r[m, n] = %d[n, m] + FLOAT(n)\n  %s[n] = sum[m] %r[n, m]\n"
      "  output d = %d\n  output r = %r\n  output s = %s\n");
}

TEST(Schedule, ExchangedVariables) {
  agrees(
      "  %n[i, o] = @w[i, o] + 1\n  update @w = %n\n  %s[o] = sum[i] @w[i, o]\n"
      "  update @b = %s\n  output w = @w\n");
}

TEST(Schedule, IndexValuesAndMasks) {
  agrees(
      "  %y[n, i] = if i > 4 then %x[n, i] else -inf\n  %z[i: 30] = f32(i * i)\n"
      "  output y = %y\n  output z = %z\n");
}

TEST(Schedule, WritesOfStridedWindows) {
  agrees(
      "  %y[n, 2 * q + r]: FLOAT[N, 20] for n, q: 10, r: 2 = %x[n, q + 10 * r]\n  %z[n, 19 - i]: "
      "FLOAT[N, 20] = "
      "%x[n, i]\n  output y = %y\n  output z = %z\n");
}

TEST(Schedule, ScalarsOfSettings) {
  expect_agrees(
      with_operations("  %r = %rate * 2 + 1\n  %q = %r ^ 2\n  %y[n, i] = %x[n, i] * f32(%q)\n"
                      "  output y = %y\n"));
}

TEST(Schedule, LargeProductInTasks) {
  std::string text =
      "graph @m.predict(%x: f32[N, 256]) batch 250 {\n"
      "  param @w: f32[256, 250] init glorot_uniform\n"
      "  %y[n, o] = sum[i] %x[n, i] * @w[i, o]\n"
      "  output y = %y\n}\n";
  CompiledGraph compiled(graphs_of(text)[0], {true, target_of("x86-64-v3")});
  const loops::Tasks& tasks = compiled.program().steps[0].phases[0].calls[0].tasks;
  EXPECT_GT(tasks.extent.at(250), tasks.chunk);
  for (int64_t n : {1, 249, 250}) EXPECT_LE(compiled.error(n), 2e-5);
}

/// The last tile of a batch repeats a row, whose operand the row itself has replaced.
TEST(Schedule, RowsThatRepeatInPlace) {
  std::string text =
      "graph @m.predict(%x: f32[N, 24]) batch 37 {\n"
      "  param @w: f32[24, 64] init glorot_uniform\n"
      "  param @v: f32[64, 64] init glorot_uniform\n"
      "  %u[n, o] = sum[i] %x[n, i] * @w[i, o]\n"
      "  %m[n] = max[o] %u[n, o]\n"
      "  %e[n, o] = exp(%u[n, o] - %m[n])\n"
      "  %t[n] = sum[o] %e[n, o]\n"
      "  %q[n, o] = %u[n, o] * 3\n"
      "  %p[n, o] = sum[i] %q[n, i] * @v[i, o]\n"
      "  %z[n, o] = %p[n, o] * %e[n, o] / %t[n]\n"
      "  %r[n] = max[o] %z[n, o]\n"
      "  %y[n, o] = %z[n, o] - %r[n]\n"
      "  output y = %y\n}\n";
  CompiledGraph compiled(graphs_of(text)[0], {true, target_of("x86-64-v3")});
  for (const loops::Buffer& buffer : compiled.program().steps[0].buffers)
    EXPECT_NE(buffer.name, "z");
  for (int64_t n : {1, 5, 37}) EXPECT_LE(compiled.error(n), 2e-5);
}

TEST(Schedule, ProductsInOneKernelEachWithPackedWeights) {
  std::string text =
      "graph @m.predict(%x: f32[N, 96]) batch 1024 {\n"
      "  param @w: f32[96, 96] init glorot_uniform\n"
      "  param @v: f32[96, 96] init glorot_uniform\n"
      "  %h[n, i] = sum[o] %x[n, o] * @w[i, o]\n"
      "  %y[n, j] = sum[i] %h[n, i] * @v[j, i]\n"
      "  output y = %y\n}\n";
  CompiledGraph compiled(graphs_of(text)[0], {true, target_of("x86-64-v3")});
  const std::vector<loops::Buffer>& buffers = compiled.program().steps[0].buffers;
  EXPECT_EQ(std::count_if(buffers.begin(), buffers.end(),
                          [](const auto& b) { return b.name.ends_with(".packed"); }),
            2);
  EXPECT_LE(compiled.error(1000), 2e-5);
}

/// Expects a sum that is cut into parts, whose tasks are run together, to be what it means.
void agrees_in_parts(const std::string& text, const std::vector<int64_t>& batches) {
  for (int threads : {1, 3}) {
    CompiledGraph compiled(graphs_of(text)[0], {true, target_of("x86-64-v3"), threads});
    const loops::Program& program = compiled.program();
    EXPECT_TRUE(loops::runs_tasks_together(program[program.steps[0].phases[0].calls[0].kernel]));
    for (int64_t n : batches) EXPECT_LE(compiled.error(n), 2e-5);
  }
}

TEST(Schedule, LongSumsOverRowsInParts) {
  agrees_in_parts(
      "graph @m.predict(%x: f32[N, 100], %d: f32[N, 113]) batch 1040 {\n"
      "  %w[i, o] = sum[n] %x[n, i] * %d[n, o]\n"
      "  %y[i, o] = %w[i, o] * 2 + 1\n"
      "  output y = %y\n}\n",
      {1, 65, 1040});
}

TEST(Schedule, LongSumsOverImagesInParts) {
  agrees_in_parts(
      "graph @m.predict(%x: f32[N, 16, 16, 9], %d: f32[N, 16, 16, 17]) batch 40 {\n"
      "  %w[i: 3, j: 3, c, f] = sum[n, p, q] "
      "(%x[n, p + i - 1, q + j - 1, c] else 0) * %d[n, p, q, f]\n"
      "  output w = %w\n}\n",
      {1, 39, 40});
}

}  // namespace
}  // namespace netc
