// Random programs: `.net` text from a seed, compiled with and without its passes, against the
// interpreter. The seed of a failure is printed with the program.
#include <gtest/gtest.h>

#include <cstdlib>

#include "frontend/frontend.h"
#include "passes/autodiff.h"
#include "passes/simplify.h"
#include "passes_schedule_run.h"

namespace netc {
namespace {

/// Writes a model statement by statement; every tensor is [N, a, b] with small a and b.
class RandomProgram {
 public:
  explicit RandomProgram(uint32_t seed) : random_(seed) {}

  std::string text() {
    text_ = "model m {\n  input x: [N, 3, 4]\n  input k: u8[N]\n  param w: [5, 4] init zeros\n";
    tensors_ = {{"x", 3, 4}};
    line("table[n, i: 3, j] = w[k[n] % 5, j] * f32(i + 1)");
    tensors_.push_back({"table", 3, 4});
    const int64_t statements = below(7) + 2;
    for (int64_t i = 0; i < statements; ++i) statement("t" + std::to_string(i));
    line("output y = " + tensors_.back().name);
    line("loss mean(sin(" + tensors_.back().name + ")) + mean(" + some().name + " ^ 2)");
    return text_ + "}\n";
  }

 private:
  struct Known {
    std::string name;
    int64_t a, b;
  };

  int64_t below(int64_t end) { return static_cast<int64_t>(random_() % end); }
  const Known& some() { return tensors_[below(tensors_.size())]; }
  void line(const std::string& text) { text_ += "  " + text + "\n"; }
  std::string number(int64_t value) { return std::to_string(value); }

  std::string element(const std::string& x) {
    switch (below(9)) {
      case 0:
        return "tanh(" + x + ")";
      case 1:
        return "sigmoid(" + x + ")";
      case 2:
        return "relu(" + x + " - 0.3)";
      case 3:
        return "softmax(" + x + ")";
      case 4:
        return "log_softmax(" + x + ")";
      case 5:
        return "gelu(" + x + ")";
      case 6:
        return "(if " + x + " > 0.5 then " + x + " else 0.25 * " + x + ")";
      case 7:
        return "softplus(" + x + ")";
      default:
        return "cos(0.5 * " + x + ")";
    }
  }

  void statement(const std::string& y) {
    const Known x = some();
    Known made{y, x.a, x.b};
    const std::string v = "w" + y;
    switch (below(15)) {
      case 0:
        line(y + " = " + element(x.name));
        break;
      case 1:
        line(y + " = tanh(" + x.name + " + mean(" + some().name + "))");
        break;
      case 2:
        made.b = below(6) + 1;
        line(y + " = tanh(" + x.name + " |> dense(" + number(made.b) + "))");
        break;
      case 3:
        made.a = x.b, made.b = x.a;
        line(y + " = permute(" + x.name + ", [0, 2, 1])");
        break;
      case 4:
        line(y + " = reverse(" + x.name + ", axis: " + number(1 + below(2)) + ")");
        break;
      case 5:
        made.b = 2 * x.b;
        line(y + " = concat([" + x.name + ", " + element(x.name) + "], axis: 2)");
        break;
      case 6:
        made.a = (x.a + 1) / 2;
        line(y + "[n, p: " + number(made.a) + ", j] = sum[r: 3] (" + x.name +
             "[n, 2 * p + r - 1, j] else " + (below(2) ? "0" : "0.5") + ") * f32(r + 1)");
        break;
      case 7:
        line(y + " = cumulated(" + x.name + ")");
        scan(y, x);
        break;
      case 8:
        made.a = x.a * x.b, made.b = 1;
        line(y + " = reshape(" + x.name + ", [N, " + number(made.a) + ", 1])");
        break;
      case 9: {
        const char* kinds[] = {"sum", "mean", "max", "min", "prod"};
        made.b = x.a;
        line(y + "[n, i, q] = " + kinds[below(5)] + "[j] (tanh(" + x.name + "[n, i, j]) * " +
             x.name + "[n, q, j])");
        break;
      }
      case 10:
        line(y + " = layer_norm(" + x.name + ")");
        break;
      case 11:
        made.a = x.a + 2, made.b = x.b + 1;
        line(y + " = pad(" + x.name + ", [[0, 0], [1, 1], [0, 1]], value: 0.5)");
        break;
      case 12:
        made.b = 2;
        line(y + "= " + x.name + " |> lstm(2)");
        break;
      case 13:
        line(y + " = " + x.name + " - mean(" + x.name + ", axis: 0, keep: true)");
        break;
      default:
        made.a = 1;
        line(y + " = " + x.name + "[:, -1:, :] * bernoulli(fill([N, 1, " + number(x.b) +
             "], 0.5))");
    }
    if (made.a * made.b > 60) {
      line(y + "s = " + y + "[:, :2, :2]");
      made = {y + "s", std::min<int64_t>(made.a, 2), std::min<int64_t>(made.b, 2)};
    }
    tensors_.push_back(made);
  }

  void scan(const std::string& y, const Known& x) {
    text_.erase(text_.rfind("  " + y));
    line("h" + y + " = zeros([N, " + number(x.b) + "])");
    line(y + " = scan s in " + (below(2) ? x.name : "reverse(" + x.name + ", axis: 1)") +
         " axis 1 {\n    h" + y + " <- tanh(0.5 * h" + y + " + s)\n    yield h" + y + " * s\n  }");
  }

  std::mt19937 random_;
  std::string text_;
  std::vector<Known> tensors_;
};

void run_program(uint32_t seed) {
  const std::string text = RandomProgram(seed).text();
  SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text);
  for (bool doubles : {false, true}) {
    SourceMap sources;
    FileId file = sources.add("random.net", text);
    Diagnostics diagnostics;
    Module module =
        elaborate(sources, file, {.batch = 3, .double_precision = doubles}, diagnostics);
    ASSERT_EQ(render(diagnostics, sources), "");
    for (const Graph& graph : module.graphs)
      for (bool optimized : {false, true}) {
        Graph ready = graph;
        if (optimized) simplify(ready);
        autodiff(ready);
        if (optimized) simplify(ready);
        CompiledGraph compiled(ready, {optimized, target_of("native")});
        for (int64_t n : {1, 3})
          EXPECT_LE(compiled.error(n, seed), doubles ? 1e-10 : 2e-4)
              << graph.entry << " N = " << n << (optimized ? " optimized" : "");
      }
  }
}

/// NETC_PROGRAMS=FIRST,COUNT runs others than the few that every run of the tests takes.
TEST(RandomPrograms, ComputeWhatTheirGraphsMean) {
  unsigned first = 1, count = 20;
  if (const char* wanted = std::getenv("NETC_PROGRAMS")) sscanf(wanted, "%u,%u", &first, &count);
  for (unsigned seed = first; seed < first + count; ++seed) run_program(seed);
}

}  // namespace
}  // namespace netc
