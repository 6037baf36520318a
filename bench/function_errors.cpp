// The largest error of each transcendental function, as compiled, over all numbers of f32 (or every
// K-th) and over special and random ones of f64; of powers, in both.
//
// usage: function_errors [--every K] [--samples N] [--flush] [--cpu NAME] [FUNCTION...]
//
// An error is told in units of the last place of the exact result, which for f32 is computed in
// f64 and for f64 in long double. Special results (NaN, infinities, the signs of zeros) must be
// those. With --flush, subnormal numbers count as zero, as during a step.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numbers>
#include <random>
#include <tuple>

#include "bench/function_kernel.h"
#include "ir/functions.h"
#include "runtime/core/threads.h"
#include "test/unit/codegen_run.h"
#include "test/unit/units.h"

namespace netc {
namespace {

constexpr size_t rows = 65536;  // of a call

template <typename T>
using Exact = T (*)(T, T);

struct Row {
  Function function;
  Exact<double> f32;  ///< of f32's arguments
  Exact<long double> f64;
};

template <typename T>
T sigmoid(T x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

#define NETC_ROW(name, expression)                                                      \
  {                                                                                     \
    Function::name, [](double x, double y) -> double { return (void)y, expression; },   \
        [](long double x, long double y) -> long double { return (void)y, expression; } \
  }
const Row table[] = {
    NETC_ROW(exp, std::exp(x)),        NETC_ROW(expm1, std::expm1(x)),
    NETC_ROW(log, std::log(x)),        NETC_ROW(log1p, std::log1p(x)),
    NETC_ROW(tanh, std::tanh(x)),      NETC_ROW(sigmoid, sigmoid(x)),
    NETC_ROW(erf, std::erf(x)),        NETC_ROW(sin, std::sin(x)),
    NETC_ROW(cos, std::cos(x)),        NETC_ROW(sqrt, std::sqrt(x)),
    NETC_ROW(rsqrt, 1 / std::sqrt(x)), NETC_ROW(pow, std::pow(x, y)),
};
#undef NETC_ROW

template <typename T>
struct Worst {
  double error = 0;
  T x = 0, y = 0, found = 0;
  int64_t wrong = 0;  ///< special results
  T wrong_x = 0, wrong_y = 0, wrong_found = 0;
};

template <typename T>
T flushed(T x, bool flush) {
  return flush && std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(T(0), x) : x;
}

/// What is flushed on the way to a number below `ends` may be any of these.
template <typename T, typename Wide>
bool may_be_flushed(T found, Wide exact) {
  constexpr T ends = 2 * std::numeric_limits<T>::min();
  return std::fabs(exact) < ends && std::fabs(found) < ends;
}

template <typename T, typename Wide>
class Survey {
 public:
  Survey(const Row& row, Exact<Wide> exact, DType type, bool flush, const std::string& cpu)
      : exact_(exact),
        flush_(flush),
        compiled_(function_kernel(row.function, type, 8, rows), cpu) {}

  /// Takes `rows` pairs of arguments.
  void add(std::vector<T>& x, std::vector<T>& y) {
    unsigned mode = flush_ ? netc_float_mode_set() : 0;
    compiled_.run(rows, {x.data(), y.data()}, {result_.data()});
    if (flush_) netc_float_mode_restore(mode);
    for (size_t i = 0; i < rows; ++i) {
      Wide exact = exact_(flushed(x[i], flush_), flushed(y[i], flush_));
      if (flush_ && may_be_flushed(result_[i], exact)) continue;
      double error = units_off(result_[i], exact);
      if (std::isinf(error)) {
        if (worst_.wrong++ == 0) {
          worst_.wrong_x = x[i];
          worst_.wrong_y = y[i];
          worst_.wrong_found = result_[i];
        }
      } else if (error > worst_.error) {
        worst_ = {error,        x[i],           y[i],           result_[i],
                  worst_.wrong, worst_.wrong_x, worst_.wrong_y, worst_.wrong_found};
      }
    }
  }

  const Worst<T>& worst() const { return worst_; }

 private:
  Exact<Wide> exact_;
  bool flush_;
  CompiledLoops compiled_;
  std::vector<T> result_ = std::vector<T>(rows);
  Worst<T> worst_;
};

template <typename T>
void print(std::string_view function, std::string_view type, const Worst<T>& worst) {
  fmt::print("{:8} {}  {:12.4g} ULP at {:a} ({:.9g}), {:a}", function, type, worst.error, worst.x,
             worst.x, worst.y);
  if (worst.wrong)
    fmt::print("; {} special results are wrong, as of {:a}, {:a}: {}", worst.wrong, worst.wrong_x,
               worst.wrong_y, worst.wrong_found);
  fmt::print("\n");
  std::fflush(stdout);
}

/// Numbers of all sizes: random bits.
template <typename T, typename Bits>
T random_number(std::mt19937_64& random) {
  auto bits = static_cast<Bits>(random());
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Where functions are hard: in ranges where they are neither 0 nor infinite, at all sizes, next to
/// 0, to 1 and to multiples of pi / 2; powers with results of all sizes, and of whole numbers.
template <typename T, typename Bits>
class Arguments {
 public:
  std::pair<T, T> next() {
    switch (turn_++ % 8) {
      case 0:
        return {ordinary(), ordinary()};
      case 1:
        return {any(), ordinary()};
      case 2:
        return {ordinary(), any()};
      case 3:
        return {any(), any()};
      case 4:
        return {small(), ordinary()};
      case 5: {
        T base = std::fabs(any());
        return {base, exponent(base)};
      }
      case 6: {
        T base = 1 + small();
        return {base, exponent(base)};
      }
      default:
        return {next_to_zero_of_sine(), std::floor(ordinary())};
    }
  }

 private:
  T ordinary() { return std::uniform_real_distribution<T>(T(-30), T(30))(random_); }
  T any() { return random_number<T, Bits>(random_); }
  T small() { return std::ldexp(ordinary(), -static_cast<int>(random_() % 60)); }
  T next_to_zero_of_sine() {
    auto count = static_cast<long double>(random_() % (1 << 20));
    return static_cast<T>(count * std::numbers::pi_v<long double> / 2);
  }
  /// The power of it is any number up to the largest.
  T exponent(T base) {
    T largest = std::log(std::numeric_limits<T>::max());
    T size = std::uniform_real_distribution<T>(T(-1.1) * largest, T(1.1) * largest)(random_);
    return size / std::log(std::fabs(base));
  }

  std::mt19937_64 random_{1};
  uint64_t turn_ = 0;
};

template <typename T, typename Bits, typename Wide>
void sample(Survey<T, Wide>& survey, int64_t samples) {
  Arguments<T, Bits> arguments;
  std::vector<T> x(rows), y(rows);
  for (int64_t done = 0; done < samples; done += rows) {
    for (size_t i = 0; i < rows; ++i) std::tie(x[i], y[i]) = arguments.next();
    survey.add(x, y);
  }
}

/// All pairs of zeros, infinities, NaN, whole numbers, the ends of the range and their neighbours.
template <typename T, typename Wide>
void take_special_values(Survey<T, Wide>& survey) {
  using Limits = std::numeric_limits<T>;
  T units = 2 / Limits::epsilon();  // the first even number whose neighbours are whole
  std::vector<T> values;
  for (T size : {T(0), T(0.5), T(1), T(1.5), T(2), T(3), T(4), T(127), units, units - 1, units / 2,
                 units / 2 + 1, units * 4, Limits::denorm_min(), Limits::min(), Limits::max(),
                 Limits::infinity(), std::nextafter(T(1), T(0)), 1 + Limits::epsilon()}) {
    values.push_back(size);
    values.push_back(-size);
  }
  values.push_back(Limits::quiet_NaN());
  std::vector<T> x(rows, 1), y(rows, 1);
  size_t row = 0;
  for (T first : values)
    for (T second : values) {
      x[row] = first;
      y[row++] = second;
    }
  survey.add(x, y);
}

/// Every f32, or every `every`-th.
void exhaust(Survey<float, double>& survey, uint64_t every) {
  std::vector<float> x(rows), y(rows);
  for (uint64_t next = 0; next < uint64_t{1} << 32;) {
    for (size_t i = 0; i < rows; ++i, next += every) {
      auto bits = static_cast<uint32_t>(next);
      std::memcpy(&x[i], &bits, sizeof bits);
    }
    survey.add(x, y);
  }
}

void run(const Row& row, uint64_t every, int64_t samples, bool flush, const std::string& cpu) {
  std::string_view name = info(row.function).name;
  Survey<float, double> narrow(row, row.f32, DType::f32, flush, cpu);
  take_special_values(narrow);
  if (info(row.function).arity == 2)
    sample<float, uint32_t>(narrow, samples);
  else
    exhaust(narrow, every);
  print(name, "f32", narrow.worst());
  Survey<double, long double> wide(row, row.f64, DType::f64, flush, cpu);
  take_special_values(wide);
  sample<double, uint64_t>(wide, samples);
  print(name, "f64", wide.worst());
}

}  // namespace
}  // namespace netc

int main(int argc, char** argv) {
  uint64_t every = 1;
  int64_t samples = 10'000'000;
  bool flush = false;
  std::string cpu = "native";
  std::vector<std::string_view> wanted;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--flush")
      flush = true;
    else if (argument == "--every" && i + 1 < argc)
      every = std::max(1, std::atoi(argv[++i]));
    else if (argument == "--cpu" && i + 1 < argc)
      cpu = argv[++i];
    else if (argument == "--samples" && i + 1 < argc)
      samples = std::atoll(argv[++i]);
    else
      wanted.push_back(argument);
  }
  for (const netc::Row& row : netc::table) {
    std::string_view name = netc::info(row.function).name;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
      netc::run(row, every, samples, flush, cpu);
  }
}
