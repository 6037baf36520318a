// Every scalar function, compiled for scalars and vectors of every type it is defined for, against
// its row in the table; the transcendental ones against long double, with stated bounds.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>

#include "ir/functions.h"
#include "test/unit/codegen_run.h"

namespace netc {
namespace {

/// A program that applies `function` to streams of values, `lanes` at a time.
std::string program(Function function, DType type, int lanes) {
  const FunctionInfo& row = info(function);
  std::string parameters;
  std::string loads;
  std::string operands;
  std::string buffers;
  std::string arguments;
  std::string suffix = lanes == 1 ? "" : fmt::format("x{}", lanes);
  for (int k = 0; k < row.arity; ++k) {
    bool condition = (row.kind == FunctionClass::selection && k == 0);
    std::string_view element = name(condition ? DType::boolean : type);
    parameters += fmt::format("%x{}: {}*, ", k, element);
    loads += fmt::format("    %v{0} = load %x{0}[%i] : {1}{2}\n", k, element, suffix);
    operands += fmt::format("{}%v{}", k ? ", " : " ", k);
    buffers += fmt::format("  %x{0}: {1}[N] = input {0}\n", k, element);
    arguments += fmt::format("%x{}, ", k);
  }
  std::string_view result = name(result_type(function, type));
  return fmt::format(
      "kernel @k({}%y: mut {}*) {{\n  for %i = 0 to N step {} {{\n{}    %r = {}{}\n"
      "    store %y[%i], %r\n  }}\n}}\n"
      "step m run capacity 65536 arena 0 {{\n{}  %y: {}[N] = output 0\n  phase {{\n"
      "    @k({}%y)\n  }}\n}}\n",
      parameters, result, lanes, loads, row.name, operands, buffers, result, arguments);
}

template <typename T, typename R = T>
std::vector<R> apply(Function function, DType type, int lanes,
                     const std::vector<std::vector<T>>& columns,
                     const std::string& cpu = "native") {
  CompiledLoops compiled(program(function, type, lanes), cpu);
  std::vector<const void*> inputs;
  for (const std::vector<T>& column : columns) inputs.push_back(column.data());
  std::vector<R> result(columns[0].size());
  compiled.run(static_cast<int64_t>(columns[0].size()), inputs, {result.data()});
  return result;
}

/// All combinations of some values, `arity` columns; a multiple of 8 rows.
template <typename T>
std::vector<std::vector<T>> combinations(const std::vector<T>& values, int arity) {
  size_t count = 1;
  for (int k = 0; k < arity; ++k) count *= values.size();
  std::vector<std::vector<T>> columns(static_cast<size_t>(arity));
  for (size_t row = 0; row < (count + 7) / 8 * 8; ++row) {
    size_t rest = row % count;
    for (auto& column : columns) {
      column.push_back(values[rest % values.size()]);
      rest /= values.size();
    }
  }
  return columns;
}

bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

/// Ordinary and special values, through scalars and vectors, against the table within `tolerance`.
template <typename T>
void check_floats(Function function, DType type, double tolerance) {
  const FunctionInfo& row = info(function);
  if (!row.evaluate || row.kind == FunctionClass::selection) return;
  T inf = std::numeric_limits<T>::infinity();
  auto columns = combinations<T>(
      {T(0), T(-0.0), T(1), T(-1), T(0.5), T(-2.5), T(3), T(1.5), T(100), T(-7), inf, -inf, T(NAN)},
      row.arity);
  for (int lanes : {1, 8}) {
    bool compares = row.kind == FunctionClass::comparison;
    std::vector<T> found(columns[0].size());
    if (compares) {
      std::vector<uint8_t> bytes = apply<T, uint8_t>(function, type, lanes, columns);
      std::copy(bytes.begin(), bytes.end(), found.begin());
    } else {
      found = apply<T>(function, type, lanes, columns);
    }
    for (size_t i = 0; i < found.size(); ++i) {
      double arguments[3] = {};
      for (size_t k = 0; k < columns.size(); ++k) arguments[k] = columns[k][i];
      double expected = round_to(type, row.evaluate(arguments));
      bool near = std::fabs(found[i] - expected) <= tolerance * std::fabs(expected);
      EXPECT_TRUE(same(found[i], expected) || near)
          << row.name << " of " << name(type) << "x" << lanes << " (" << arguments[0] << ", "
          << arguments[1] << ", " << arguments[2] << ") is " << found[i] << ", not " << expected;
    }
  }
}

template <typename T>
void check_integers(Function function, DType type) {
  const FunctionInfo& row = info(function);
  bool defined = row.kind == FunctionClass::arithmetic || row.kind == FunctionClass::comparison ||
                 (row.kind == FunctionClass::draw && type == DType::i64);
  if (!row.evaluate_integer || !defined) return;
  constexpr T least = std::numeric_limits<T>::min();
  constexpr T most = std::numeric_limits<T>::max();
  auto columns = combinations<T>(
      {T(0), T(1), T(-1), T(2), T(-3), T(7), T(-7), T(100), least, most, T(least + 1)}, row.arity);
  for (int lanes : {1, 8}) {
    bool compares = row.kind == FunctionClass::comparison;
    std::vector<T> found(columns[0].size());
    if (compares) {
      std::vector<uint8_t> bytes = apply<T, uint8_t>(function, type, lanes, columns);
      std::copy(bytes.begin(), bytes.end(), found.begin());
    } else {
      found = apply<T>(function, type, lanes, columns);
    }
    for (size_t i = 0; i < found.size(); ++i) {
      int64_t arguments[4] = {};
      for (size_t k = 0; k < columns.size(); ++k) arguments[k] = columns[k][i];
      int64_t expected = row.evaluate_integer(arguments);
      if (!compares) expected = wrap_to(type, expected);
      EXPECT_EQ(int64_t{found[i]}, expected)
          << row.name << " of " << name(type) << " (" << arguments[0] << ", " << arguments[1]
          << ", " << arguments[2] << ")";
    }
  }
}

class CodegenFunctions : public testing::TestWithParam<size_t> {};

TEST_P(CodegenFunctions, MeanWhatTheTableSays) {
  auto function = static_cast<Function>(GetParam());
  check_floats<float>(function, DType::f32, 3e-7);
  check_floats<double>(function, DType::f64, 1e-15);
  check_integers<int64_t>(function, DType::i64);
  check_integers<int32_t>(function, DType::i32);
  check_integers<uint8_t>(function, DType::u8);
}

INSTANTIATE_TEST_SUITE_P(All, CodegenFunctions, testing::Range(size_t{0}, function_count),
                         [](const testing::TestParamInfo<size_t>& it) {
                           return std::string(netc::info(static_cast<Function>(it.param)).name);
                         });

TEST(CodegenFunctions, LogicIsOfBools) {
  std::vector<std::vector<uint8_t>> columns = combinations<uint8_t>({0, 1}, 2);
  auto both = apply<uint8_t>(Function::logical_and, DType::boolean, 8, columns);
  auto either = apply<uint8_t>(Function::logical_or, DType::boolean, 8, columns);
  auto none = apply<uint8_t>(Function::logical_not, DType::boolean, 8, {columns[0]});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(both[i], columns[0][i] && columns[1][i]);
    EXPECT_EQ(either[i], columns[0][i] || columns[1][i]);
    EXPECT_EQ(none[i], !columns[0][i]);
  }
}

/// A function with the largest error, in units of the last place, that it may have.
struct Bound {
  Function function;
  long double (*exact)(long double);
  double low, high;
  double f32_ulp;
  double f64_ulp;
};

long double exact_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

const Bound bounds[] = {
    {Function::exp, std::exp, -104, 89, 1.5, 1.5},
    {Function::exp, std::exp, -1, 1, 1.5, 1.5},
    {Function::expm1, std::expm1, -20, 89, 2, 2},
    {Function::expm1, std::expm1, -0.7, 0.7, 2, 2},
    {Function::log, std::log, 1e-30, 1e30, 1.5, 1.5},
    {Function::log, std::log, 0.5, 2, 1.5, 1.5},
    {Function::log1p, std::log1p, -0.99, 5, 2, 2},
    {Function::log1p, std::log1p, -1e-3, 1e-3, 2, 2},
    {Function::tanh, std::tanh, -10, 10, 2, 2},
    {Function::tanh, std::tanh, -0.7, 0.7, 2, 2},
    {Function::sigmoid, exact_sigmoid, -80, 20, 2, 2},
    {Function::erf, std::erf, -4.5, 4.5, 2, 1.5},
    {Function::erf, std::erf, -1.1, 1.1, 2, 1.5},
    {Function::sin, std::sin, -7, 7, 2, 1},
    {Function::sin, std::sin, -1e6, 1e6, 2, 1},
    {Function::cos, std::cos, -7, 7, 2, 1},
    {Function::cos, std::cos, -1e6, 1e6, 2, 1},
};

template <typename T>
double units(T found, long double exact) {
  T rounded = static_cast<T>(exact);
  if (found == rounded || (std::isnan(found) && std::isnan(rounded))) return 0;
  T size = std::max(std::fabs(rounded), std::numeric_limits<T>::min());
  T unit = size - std::nextafter(size, T(0));
  return static_cast<double>(std::fabs(found - exact) / unit);
}

template <typename T>
void check_bound(const Bound& bound, DType type, double allowed, const std::string& cpu) {
  std::mt19937_64 random(7);
  std::vector<T> x(65536);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<T>(std::uniform_real_distribution<double>(bound.low, bound.high)(random));
  // The edges of the domain, and numbers of every size within it.
  for (size_t i = 0; i < 2000; ++i) {
    T tiny = std::ldexp(x[i], -static_cast<int>(i % 60));
    if (tiny >= T(bound.low)) x[i] = tiny;
  }
  std::vector<T> y = apply<T>(bound.function, type, 8, {x}, cpu);
  double worst = 0;
  T where = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    double error = units<T>(y[i], bound.exact(x[i]));
    if (error > worst) {
      worst = error;
      where = x[i];
    }
  }
  EXPECT_LE(worst, allowed) << info(bound.function).name << " of " << name(type) << " at "
                            << fmt::format("{} ({:a})", where, where) << " for " << cpu;
}

TEST(CodegenVectorMath, StaysWithinItsBounds) {
  for (const Bound& bound : bounds) {
    check_bound<float>(bound, DType::f32, bound.f32_ulp, "native");
    check_bound<double>(bound, DType::f64, bound.f64_ulp, "native");
  }
}

TEST(CodegenVectorMath, IsAsGoodWithoutFusedProducts) {
  for (const Bound& bound : bounds) {
    check_bound<float>(bound, DType::f32, bound.f32_ulp + 0.5, "x86-64");
    check_bound<double>(bound, DType::f64, bound.f64_ulp + 0.5, "x86-64");
  }
}

TEST(CodegenVectorMath, ReachesSubnormalsAndTheEdges) {
  std::vector<float> x = {-87.5f, -100, -103.9f, -104.5f, 88.7f, 88.8f, 1e-40f, -1e-40f};
  std::vector<float> y = apply<float>(Function::exp, DType::f32, 8, {x});
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_LE(units<float>(y[i], std::exp(static_cast<long double>(x[i]))), 1.5) << x[i];
  std::vector<float> small = {1e-40f, 1e-45f, 1e-38f, 2e-38f, 3e38f, 1, 0.70710677f, 1.4142135f};
  y = apply<float>(Function::log, DType::f32, 8, {small});
  for (size_t i = 0; i < small.size(); ++i)
    EXPECT_LE(units<float>(y[i], std::log(static_cast<long double>(small[i]))), 1.5) << small[i];
  std::vector<float> large = {1e9f, -3e20f, 3e38f, 1, 2, 3, 4, 5};
  y = apply<float>(Function::sin, DType::f32, 8, {large});
  for (size_t i = 0; i < large.size(); ++i) EXPECT_FLOAT_EQ(y[i], std::sin(large[i])) << large[i];
}

TEST(CodegenVectorMath, KeepsTheSignOfZero) {
  std::vector<double> x = {-0.0, 0.0, -0.0, 0.0, -1e-300, 1e-300, -0.0, 0.0};
  for (Function function :
       {Function::expm1, Function::log1p, Function::tanh, Function::erf, Function::sin}) {
    std::vector<double> y = apply<double>(function, DType::f64, 8, {x});
    std::vector<float> narrow(x.begin(), x.end());
    std::vector<float> z = apply<float>(function, DType::f32, 8, {narrow});
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_EQ(std::signbit(y[i]), std::signbit(x[i])) << info(function).name << " " << x[i];
      EXPECT_EQ(std::signbit(z[i]), std::signbit(x[i])) << info(function).name << " " << x[i];
    }
  }
}

TEST(CodegenVectorMath, PowersAreThoseOfC) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<float> bases(1e-3f, 50);
  std::uniform_real_distribution<float> exponents(-12, 12);
  std::vector<std::vector<float>> columns(2, std::vector<float>(8192));
  for (float& base : columns[0]) base = bases(random);
  for (float& exponent : columns[1]) exponent = exponents(random);
  std::vector<float> y = apply<float>(Function::pow, DType::f32, 8, columns);
  for (size_t i = 0; i < y.size(); ++i) {
    long double exact = std::pow(static_cast<long double>(columns[0][i]), columns[1][i]);
    ASSERT_LE(units<float>(y[i], exact), 0.51) << columns[0][i] << " ^ " << columns[1][i];
  }
}

}  // namespace
}  // namespace netc
