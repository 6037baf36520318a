// The time of each transcendental function for an element, as compiled for this machine, beside a
// loop of calls to libm.
//
// usage: function_speed [--cpu NAME] [FUNCTION...]
//
// Arguments are those of ordinary use and stay in the first caches. Of many rounds, the fastest
// counts.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "bench/function_kernel.h"
#include "ir/functions.h"
#include "test/unit/codegen_run.h"

namespace netc {
namespace {

constexpr size_t elements = 2048;
constexpr int rounds = 3000;

struct Row {
  Function function;
  double low, high;  ///< of arguments; exponents are between -3 and 3
  void (*f32)(const float* x, const float* y, float* z);
  void (*f64)(const double* x, const double* y, double* z);
};

#define NETC_LOOP(type, expression)              \
  [](const type* xs, const type* ys, type* zs) { \
    for (size_t i = 0; i < elements; ++i) {      \
      const type x = xs[i], y = ys[i];           \
      zs[i] = ((void)y, expression);             \
    }                                            \
  }
#define NETC_ROW(name, low, high, expression) \
  { Function::name, low, high, NETC_LOOP(float, expression), NETC_LOOP(double, expression) }
const Row table[] = {
    NETC_ROW(exp, -20, 20, std::exp(x)),
    NETC_ROW(expm1, -20, 20, std::expm1(x)),
    NETC_ROW(log, 1e-3, 1e3, std::log(x)),
    NETC_ROW(log1p, -0.9, 10, std::log1p(x)),
    NETC_ROW(tanh, -4, 4, std::tanh(x)),
    NETC_ROW(sigmoid, -10, 10, 1 / (1 + std::exp(-x))),
    NETC_ROW(erf, -4, 4, std::erf(x)),
    NETC_ROW(sin, -100, 100, std::sin(x)),
    NETC_ROW(cos, -100, 100, std::cos(x)),
    NETC_ROW(sqrt, 1e-3, 1e3, std::sqrt(x)),
    NETC_ROW(rsqrt, 1e-3, 1e3, 1 / std::sqrt(x)),
    NETC_ROW(pow, 1e-3, 1e3, std::pow(x, y)),
};
#undef NETC_ROW
#undef NETC_LOOP

/// Nanoseconds for an element.
template <typename Run>
double time(const Run& run) {
  using Clock = std::chrono::steady_clock;
  double least = INFINITY;
  for (int round = 0; round < rounds; ++round) {
    Clock::time_point start = Clock::now();
    run();
    least = std::min(least, std::chrono::duration<double, std::nano>(Clock::now() - start).count());
  }
  return least / elements;
}

template <typename T>
void measure(const Row& row, DType type, void (*libm)(const T*, const T*, T*),
             const std::string& cpu) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<T> arguments(T(row.low), T(row.high)), exponents(-3, 3);
  std::vector<T> x(elements), y(elements), z(elements);
  for (T& value : x) value = arguments(random);
  for (T& value : y) value = exponents(random);
  int lanes = type == DType::f32 ? 16 : 8;
  CompiledLoops compiled(function_kernel(row.function, type, lanes, elements), cpu);
  double ours = time([&] { compiled.run(elements, {x.data(), y.data()}, {z.data()}); });
  double theirs = time([&] { libm(x.data(), y.data(), z.data()); });
  fmt::print("{:8} {}  {:7.2f} ns, libm {:7.2f} ns: {:5.1f} times as fast\n",
             info(row.function).name, name(type), ours, theirs, theirs / ours);
  std::fflush(stdout);
}

}  // namespace
}  // namespace netc

int main(int argc, char** argv) {
  std::string cpu = "native";
  std::vector<std::string_view> wanted;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--cpu" && i + 1 < argc)
      cpu = argv[++i];
    else
      wanted.push_back(argument);
  }
  for (const netc::Row& row : netc::table) {
    std::string_view name = netc::info(row.function).name;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    netc::measure<float>(row, netc::DType::f32, row.f32, cpu);
    netc::measure<double>(row, netc::DType::f64, row.f64, cpu);
  }
}
