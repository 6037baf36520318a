// Gradients against central differences: each program is differentiated, verified, printed and read
// back, and evaluated in f64 by the reference interpreter, before and after `simplify`.
#include "passes/autodiff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/simplify.h"
#include "test/unit/ir_graph_text.h"
#include "test/unit/passes_scan_programs.h"

namespace netc {
namespace {

struct Program {
  const char* name;
  const char* text;  ///< the graph without its first line and brace
  const char* inputs = "%x: f64[N, 6]";
  double low = -1.2, high = 1.2;  ///< what the tensors are filled with
};

void PrintTo(const Program& program, std::ostream* out) { *out << program.name; }

void expect_well_formed(const Graph& graph) {
  for (const std::string& broken : verify(graph)) ADD_FAILURE() << broken << "\n" << print(graph);
  const std::string text = print(graph);
  EXPECT_EQ(text, print(graph_of(text)));
}

/// Numbers that look random and are the same everywhere.
class Numbers {
 public:
  double next(double low, double high) {
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return low + (high - low) * static_cast<double>(state_ >> 11) / 9007199254740992.0;
  }

 private:
  uint64_t state_ = 12345;
};

Tensor filled(const Value& value, int64_t n, const Program& program, Numbers& numbers) {
  std::vector<int64_t> dims;
  for (const Dim dim : value.type.dims) dims.push_back(dim.at(n));
  Tensor tensor = Tensor::zeros(value.type.dtype, dims);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    const bool whole = !is_float(value.type.dtype);
    const double low = whole ? static_cast<double>(value.low) : program.low;
    const double high = whole ? static_cast<double>(value.high) : program.high;
    const double drawn = numbers.next(low, high);
    tensor.set(i, whole ? std::floor(drawn) : drawn);
  }
  return tensor;
}

Evaluation arguments(const Graph& graph, int64_t n, const Program& program) {
  Numbers numbers;
  Evaluation all;
  for (const ValueId input : graph.inputs)
    all.inputs[graph[input].name] = filled(graph[input], n, program, numbers);
  for (const ValueId variable : graph.variables)
    all.variables[graph[variable].name] = filled(graph[variable], n, program, numbers);
  return all;
}

Evaluation evaluated(const Graph& graph, Evaluation evaluation, int64_t n) {
  const Status done = interpret(graph, evaluation, {.n = n});
  EXPECT_TRUE(done.ok()) << done.error();
  return evaluation;
}

double loss(const Graph& graph, const Evaluation& at, int64_t n) {
  return evaluated(graph, at, n).results.at("loss").floats.at(0);
}

/// Moves every element of one tensor up and down.
std::vector<double> differences(const Graph& graph, Evaluation at, const std::string& name,
                                int64_t n) {
  constexpr double step = 1e-5;
  Tensor& tensor = at.inputs.contains(name) ? at.inputs.at(name) : at.variables.at(name);
  std::vector<double> slopes;
  for (double& element : tensor.floats) {
    const double middle = element;
    element = middle + step;
    const double up = loss(graph, at, n);
    element = middle - step;
    const double down = loss(graph, at, n);
    element = middle;
    slopes.push_back((up - down) / (2 * step));
  }
  return slopes;
}

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 double tolerance, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  double scale = 1e-3;
  for (const double value : expected) scale = std::max(scale, std::fabs(value));
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], expected[i], tolerance * scale) << what << " at " << i;
}

void check_gradients(const Graph& graph, const Program& program, int64_t n) {
  const Evaluation at = arguments(graph, n, program);
  const Evaluation result = evaluated(graph, at, n);
  int compared = 0;
  for (const GraphResult& gradient : graph.results) {
    if (gradient.kind != ResultKind::gradient) continue;
    const auto& found = result.results.at("gradient." + gradient.name).floats;
    expect_near(found, differences(graph, at, gradient.name, n), 2e-7,
                "d." + gradient.name + ", N = " + std::to_string(n) + "\n" + print(graph));
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

void expect_same_results(const Graph& a, const Graph& b, const Program& program, int64_t n) {
  const Evaluation at = arguments(a, n, program);
  const Evaluation left = evaluated(a, at, n), right = evaluated(b, at, n);
  for (const auto& [name, tensor] : left.results)
    expect_near(right.results.at(name).floats, tensor.floats, 1e-12, name + "\n" + print(b));
}

class Autodiff : public testing::TestWithParam<Program> {};

TEST_P(Autodiff, AgreesWithDifferences) {
  const Program& program = GetParam();
  std::string text = "graph @test.gradient(" + std::string(program.inputs) + ") batch 4 {\n" +
                     program.text + "}\n";
  for (size_t at; (at = text.find("FLOAT")) != std::string::npos;) text.replace(at, 5, "f64");
  Graph graph = graph_of(text);
  expect_well_formed(graph);
  autodiff(graph);
  expect_well_formed(graph);
  if (HasFailure()) return;
  for (const int64_t n : {1, 3}) check_gradients(graph, program, n);

  Graph simple = graph;
  simplify(simple);
  expect_well_formed(simple);
  const std::string once = print(simple);
  simplify(simple);
  EXPECT_EQ(once, print(simple));
  if (!HasFailure()) expect_same_results(graph, simple, program, 3);

  Graph before = graph_of(text);
  simplify(before);
  expect_well_formed(before);
  autodiff(before);
  expect_well_formed(before);
  if (!HasFailure()) expect_same_results(graph, before, program, 3);
}

const Program programs[] = {
    {"dense_and_cross_entropy", R"(
  param @w: f64[6, 4] init zeros
  param @b: f64[4] init zeros
  %z[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]
  %h[n, o] = sigmoid(%z[n, o])
  %top[n] = max[c] %h[n, c]
  %s[n, c] = %h[n, c] - stop_gradient(%top[n])
  %total[n] = sum[c] exp(%s[n, c])
  %logp[n, c] = %s[n, c] - log(%total[n])
  %sum = sum[n] -%logp[n, %t[n]]
  %loss = %sum / f64(N)
  %d.x, %d.w, %d.b = gradient %loss by %x, @w, @b
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
  gradient b = %d.b
)",
     "%x: f64[N, 6], %t: u8[N] in 0..4"},
    {"softmax_and_logarithm", R"(
  %top[n] = max[c] %x[n, c]
  %e[n, c] = exp(%x[n, c] - stop_gradient(%top[n]))
  %total[n] = sum[c] %e[n, c]
  %p[n, c] = %e[n, c] / %total[n]
  %loss = sum[n] -log(%p[n, %t[n]])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 6], %t: u8[N] in 0..6"},
    {"strided_padded_convolution", R"(
  param @w: f64[3, 2, 4] init zeros
  %y[n, p: 5, f] = sum[a, c] (%x[n, 2 * p + a - 1, c] else 0) * @w[a, c, f]
  %loss = sum[n, p, f] sin(%y[n, p, f])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 10, 2]"},
    {"convolution_with_a_window_larger_than_two_strides", R"(
  param @w: f64[5] init zeros
  %y[n, p: 4] = sum[a] (%x[n, 2 * p + a - 2] else 0) * @w[a]
  %loss = sum[n, p] exp(%y[n, p])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 7]"},
    {"convolution_with_a_stride_above_its_window", R"(
  param @w: f64[2] init zeros
  %y[n, p: 3] = sum[a] %x[n, 4 * p + a + 1] * @w[a]
  %loss = sum[n, p] exp(%y[n, p])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 13]"},
    {"dilated_convolution", R"(
  param @w: f64[3] init zeros
  %y[n, p: 9] = sum[a] (%x[n, p + 2 * a - 2] else 0) * @w[a]
  %loss = sum[n, p] exp(%y[n, p])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 9]"},
    {"strided_and_dilated_convolution", R"(
  param @w: f64[3] init zeros
  param @v: f64[3] init zeros
  %y[n, p: 4] = sum[a] %x[n, 2 * p + 3 * a] * @w[a]
  %z[n, p: 3] = sum[a] %x[n, 2 * p + 4 * a] * @v[a]
  %l[n, p: 3] = exp(%y[n, p]) * cos(%z[n, p])
  %loss = sum[n, p] %l[n, p]
  %d.x, %d.w, %d.v = gradient %loss by %x, @w, @v
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
  gradient v = %d.v
)",
     "%x: f64[N, 13]"},
    {"convolution_of_images", R"(
  param @w: f64[3, 3, 2, 2] init zeros
  %y[n, p: 3, q: 3, f] = sum[a, b, c] (%x[n, 2 * p + a - 1, 2 * q + b - 1, c] else 0) * @w[a, b, c, f]
  %loss = sum[n, p, q, f] tanh(%y[n, p, q, f])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 5, 6, 2]"},
    {"grouped_convolution", R"(
  param @w: f64[2, 2, 6] init zeros
  %y[n, p: 4, g: 3, f: 2] = sum[a, c] %x[n, p + a, 2 * g + c] * @w[a, c, 2 * g + f]
  %loss = sum[n, p, g, f] tanh(%y[n, p, g, f])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 5, 6]"},
    {"transposed_convolution", R"(
  param @w: f64[3] init zeros
  %y[n, 2 * p + a - 1]: f64[N, 9] for n, p, a += %x[n, p] * @w[a]
  %loss = sum[n, q] exp(%y[n, q])
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)",
     "%x: f64[N, 5]"},
    {"max_pooling_with_overlap", R"(
  %y[n, p: 3, q: 3] = max[a: 3, b: 3] (%x[n, 2 * p + a - 1, 2 * q + b - 1] else -inf)
  %loss = sum[n, p, q] exp(%y[n, p, q])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 5, 5]"},
    {"average_pooling", R"(
  %y[n, p: 3] = sum[a: 2] %x[n, 2 * p + a]
  %z[n, p] = exp(%y[n, p] / 2)
  %loss = sum[n, p] %z[n, p]
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"minimum_of_an_expression", R"(
  %y[n] = min[i] sin(%x[n, i]) * %x[n, i]
  %loss = sum[n] exp(%y[n])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"maximum_over_the_batch", R"(
  %y[c] = max[n, d] %x[n, c, d] * %x[n, c, 0]
  %loss = sum[c] exp(%y[c])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 2, 3]"},
    {"embedding", R"(
  param @table: f64[5, 3] init zeros
  %y[n, t, d] = @table[%tok[n, t], d]
  %z[n, t, d] = exp(%y[n, t, d]) * %x[n, t]
  %loss = sum[n, t, d] %z[n, t, d]
  %d.x, %d.table = gradient %loss by %x, @table
  loss = %loss
  gradient x = %d.x
  gradient table = %d.table
)",
     "%x: f64[N, 4], %tok: i32[N, 4] in 0..5"},
    {"gather_with_offset", R"(
  %y[n, a: 3] = (%x[n, a + %t[n] - 1] else 0)
  %loss = sum[n, a] exp(%y[n, a])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 6], %t: u8[N] in 0..6"},
    {"product_with_zeros", R"(
  %y[n] = prod[i] %x[n, i] * (if i == 2 and n == 0 then 0 else 1)
  %loss = sum[n] sin(%y[n] + 1)
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"concat_and_reshape", R"(
  param @w: f64[6, 2] init zeros
  %y[n, o] = sum[i] %x[n, i] * @w[i, o]
  %c = concat %x, %y axis 1
  %r: f64[N, 2, 4] = reshape %c
  %loss = sum[n, i, j] sin(%r[n, i, j]) * %r[n, i, 1]
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"slices_reverse_and_diagonal", R"(
  %a[n, i: 3] = %x[n, i + 2, 1]
  %b[n, i: 4] = %x[n, 3 - i, i]
  %c[n, i: 2] = %x[n, 2 * i, 0]
  %d[n, i: 4] = %x[n, i, i]
  %e[n, i: 2] = %x[n, 3 - 2 * i, 2]
  %la = sum[n, i] exp(%a[n, i])
  %lb = sum[n, i] sin(%b[n, i])
  %lc = sum[n, i] exp(%c[n, i])
  %ld = sum[n, i] exp(%d[n, i])
  %le = sum[n, i] exp(%e[n, i])
  %loss = %la + %lb + %lc * %ld + %le
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 5, 4]"},
    {"pairwise_distances", R"(
  %square[n, m] = sum[d] (%x[n, d] - %x[m, d]) ^ 2
  %distance[n, m] = sqrt(%square[n, m] + 1)
  %loss = sum[n, m] %distance[n, m] * f64(n + 2 * m)
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"causal_attention", R"(
  param @wq: f64[3, 3] init zeros
  param @wk: f64[3, 3] init zeros
  %q[n, t, d] = sum[e] %x[n, t, e] * @wq[e, d]
  %k[n, t, d] = sum[e] %x[n, t, e] * @wk[e, d]
  %dot[n, t, s] = sum[d] %q[n, t, d] * %k[n, s, d]
  %score[n, t, s] = if s > t then -inf else %dot[n, t, s] / 1.7
  %top[n, t] = max[s] %score[n, t, s]
  %e[n, t, s] = exp(%score[n, t, s] - stop_gradient(%top[n, t]))
  %total[n, t] = sum[s] %e[n, t, s]
  %p[n, t, s] = %e[n, t, s] / %total[n, t]
  %y[n, t, d] = sum[s] %p[n, t, s] * %x[n, s, d]
  %loss = sum[n, t, d] %y[n, t, d] * %y[n, t, d]
  %d.x, %d.wq, %d.wk = gradient %loss by %x, @wq, @wk
  loss = %loss
  gradient x = %d.x
  gradient wq = %d.wq
  gradient wk = %d.wk
)",
     "%x: f64[N, 4, 3]"},
    {"layer_norm", R"(
  param @scale: f64[6] init zeros
  %sum[n] = sum[c] %x[n, c]
  %mean[n] = %sum[n] / 6
  %squares[n] = sum[c] (%x[n, c] - %mean[n]) ^ 2
  %inverse[n] = rsqrt(%squares[n] / 6 + 0.00001)
  %y[n, c] = (%x[n, c] - %mean[n]) * %inverse[n] * @scale[c]
  %loss = sum[n, c] sin(%y[n, c]) * f64(c)
  %d.x, %d.scale = gradient %loss by %x, @scale
  loss = %loss
  gradient x = %d.x
  gradient scale = %d.scale
)"},
    {"sides_not_taken", R"(
  %y[n, i] = if %x[n, i] > 0 then sqrt(%x[n, i]) * exp(log(%x[n, i])) else %x[n, i] ^ 2
  %z[n, i] = max(%y[n, i], sqrt(%x[n, i] - 0.5 + (if %x[n, i] < 0.5 then 9 else 0)) / 4)
  %loss = sum[n, i] %z[n, i] * clamp(%x[n, i], -0.7, 0.8)
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"otherwise_with_a_gradient", R"(
  %y[n, i: 6] = (%x[n, i + 2] else %x[n, i] * %x[n, 0]) * 3
  %loss = sum[n, i] exp(%y[n, i])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"nonlinear_window", R"(
  %y[n, p: 5] = sum[a: 2] log(%x[n, p + a] + 2) / (%x[n, p] + 3)
  %loss = sum[n, p] exp(%y[n, p])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"batch_in_a_split_axis", R"(
  %r: f64[2 * N, 3] = reshape %x
  %y[n: N, h: 2] = %r[2 * n + h, h]
  %loss = sum[n, h] exp(%y[n, h])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)"},
    {"second_derivative", R"(
  param @w: f64[6, 3] init zeros
  %z[n, o] = sum[i] %x[n, i] * @w[i, o]
  %h[n, o] = tanh(%z[n, o])
  %energy = sum[n, o] %h[n, o] ^ 2
  %slope = gradient %energy by %x
  %loss = sum[n, i] %slope[n, i] ^ 2
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"second_derivative_of_a_convolution", R"(
  param @w: f64[3] init zeros
  %y[n, p: 3] = sum[a] (%x[n, 2 * p + a - 1] else 0) * @w[a]
  %m[n] = max[p] %y[n, p]
  %energy = sum[n, p] sin(%y[n, p]) * %m[n]
  %slope, %steep = gradient %energy by %x, @w
  %a = sum[n, i] sin(%slope[n, i])
  %loss = %a + sum[i] %steep[i] ^ 3
  %d.x, %d.w = gradient %loss by %x, @w
  loss = %loss
  gradient x = %d.x
  gradient w = %d.w
)"},
    {"second_derivative_of_a_gather", R"(
  param @table: f64[5, 3] init zeros
  %y[n, d] = @table[%t[n], d] * %x[n, d]
  %p[n] = prod[d] %y[n, d]
  %energy = sum[n] exp(%p[n])
  %slope = gradient %energy by @table
  %loss = sum[v, d] %slope[v, d] ^ 2
  %d.x, %d.table = gradient %loss by %x, @table
  loss = %loss
  gradient x = %d.x
  gradient table = %d.table
)",
     "%x: f64[N, 3], %t: u8[N] in 0..5"},
    {"shared_and_unreached", R"(
  param @w: f64[6, 6] init zeros
  param @unread: f64[2] init zeros
  %a[n, o] = sum[i] %x[n, i] * @w[i, o]
  %b[n, o] = tanh(%a[n, o])
  %c[n, o] = sum[i] %b[n, i] * @w[i, o]
  %d[n, o] = %c[n, o] + %b[n, o] + @w[0, o]
  %loss = sum[n, o] sin(%d[n, o])
  %d.w, %d.unread = gradient %loss by @w, @unread
  loss = %loss
  gradient w = %d.w
  gradient unread = %d.unread
)"},
    {"every_function", R"(
  %a[n, i] = exp(%x[n, i]) + log(%x[n, i]) + log1p(%x[n, i]) + expm1(%x[n, i]) + sqrt(%x[n, i])
  %b[n, i] = rsqrt(%x[n, i]) + sin(%x[n, i]) + cos(%x[n, i]) + tanh(%x[n, i]) + sigmoid(%x[n, i])
  %c[n, i] = erf(%x[n, i]) + abs(%x[n, i]) + %x[n, i] ^ 3 + %x[n, i] ^ %x[n, 0] + %x[n, i] / %x[n, 1]
  %e[n, i] = min(%x[n, i], %x[n, 1]) * max(%x[n, i], %x[n, 2]) - -%x[n, i] + %x[n, i] % 1.3
  %loss = sum[n, i] (%a[n, i] * %b[n, i] + %c[n, i] * %e[n, i])
  %d.x = gradient %loss by %x
  loss = %loss
  gradient x = %d.x
)",
     "%x: f64[N, 6]", 0.3, 1.2},
};

std::vector<Program> recurrences() {
  std::vector<Program> all;
  for (const ScanProgram& scan : scan_programs) all.push_back({scan.name, scan.text, scan.inputs});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Recurrences, Autodiff, testing::ValuesIn(recurrences()),
                         [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(Programs, Autodiff, testing::ValuesIn(programs),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace netc
