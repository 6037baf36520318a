// Transcendental functions of one argument against long double, with stated bounds.
#include <cmath>
#include <numbers>
#include <random>

#include "test/unit/codegen_apply.h"
#include "test/unit/units.h"

namespace netc {
namespace {

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
    {Function::erf, std::erf, -6.5, 6.5, 1.5, 1.5},
    {Function::erf, std::erf, -1.1, 1.1, 1.5, 1.5},
    {Function::sin, std::sin, -7, 7, 2, 1.5},
    {Function::sin, std::sin, -1e6, 1e6, 2, 1.5},
    {Function::cos, std::cos, -7, 7, 2, 1.5},
    {Function::cos, std::cos, -1e6, 1e6, 2, 1.5},
};

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
    double error = units_off(y[i], bound.exact(x[i]));
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

TEST(CodegenVectorMath, IsAsGoodWhereRegistersHoldNoTables) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) GTEST_SKIP();
  for (const Bound& bound : bounds) {
    check_bound<float>(bound, DType::f32, bound.f32_ulp, "x86-64-v3");
    check_bound<double>(bound, DType::f64, bound.f64_ulp, "x86-64-v3");
  }
#endif
}

TEST(CodegenVectorMath, DoesNotDependOnTheNumberOfLanes) {
  std::vector<float> x(4096);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(static_cast<int>(i) - 2048) / 23;
  std::vector<double> wide(x.begin(), x.end());
  for (Function function : {Function::exp, Function::erf, Function::tanh}) {
    const std::vector<float> y = apply<float>(function, DType::f32, 16, {x});
    const std::vector<double> z = apply<double>(function, DType::f64, 8, {wide});
    for (int lanes : {1, 2, 4, 32}) {
      EXPECT_EQ(apply<float>(function, DType::f32, lanes, {x}), y) << lanes;
      EXPECT_EQ(apply<double>(function, DType::f64, lanes, {wide}), z) << lanes;
    }
  }
}

TEST(CodegenVectorMath, ReachesSubnormalsAndTheEdges) {
  std::vector<float> x = {-87.5f, -100, -103.9f, -104.5f, 88.7f, 88.8f, 1e-40f, -1e-40f};
  std::vector<float> y = apply<float>(Function::exp, DType::f32, 8, {x});
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_LE(units_off(y[i], std::exp(static_cast<long double>(x[i]))), 1.5) << x[i];
  std::vector<float> small = {1e-40f, 1e-45f, 1e-38f, 2e-38f, 3e38f, 1, 0.70710677f, 1.4142135f};
  y = apply<float>(Function::log, DType::f32, 8, {small});
  for (size_t i = 0; i < small.size(); ++i)
    EXPECT_LE(units_off(y[i], std::log(static_cast<long double>(small[i]))), 1.5) << small[i];
}

/// Of what gelu multiplies by 1 + erf(x) nothing may be left where x is large and negative.
TEST(CodegenVectorMath, ReachesOneByTheErrorFunction) {
  const std::vector<double> wide = {6, -6.5, 7, -100, 1e30, -1e300, INFINITY, -INFINITY};
  const std::vector<float> narrow = {3.94f, -3.95f, 4, -4.1f, 100, -3e38f, INFINITY, -INFINITY};
  for (const char* cpu : {"native", "x86-64"}) {
    const std::vector<double> y = apply<double>(Function::erf, DType::f64, 8, {wide}, cpu);
    const std::vector<float> z = apply<float>(Function::erf, DType::f32, 8, {narrow}, cpu);
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(y[i], wide[i] < 0 ? -1 : 1) << wide[i] << " for " << cpu;
      EXPECT_EQ(z[i], narrow[i] < 0 ? -1 : 1) << narrow[i] << " for " << cpu;
    }
  }
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

/// The sine and cosine of numbers, by which a lane that is too large for the quick way stands.
template <typename T>
void check_circle(DType type, const std::vector<T>& x, const std::string& cpu) {
  struct Row {
    Function function;
    long double (*exact)(long double);
  };
  for (const Row& row : {Row{Function::sin, std::sin}, Row{Function::cos, std::cos}}) {
    std::vector<T> y = apply<T>(row.function, type, 8, {x}, cpu);
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_LE(units_off<T>(y[i], row.exact(x[i])), 2)
          << info(row.function).name << " of " << fmt::format("{:a}", x[i]) << " for " << cpu;
  }
}

TEST(CodegenVectorMath, FindsWhatIsLeftNextToMultiplesOfQuarterTurns) {
  std::vector<double> wide;
  std::vector<float> narrow;
  for (int64_t count = 0; count < 1 << 20; count += count < 4096 ? 1 : 61) {
    long double angle = static_cast<long double>(count) * std::numbers::pi_v<long double> / 2;
    wide.push_back(static_cast<double>(count % 2 ? angle : -angle));
    narrow.push_back(static_cast<float>(angle));
  }
  wide.resize(wide.size() / 8 * 8);
  narrow.resize(wide.size());
  for (const char* cpu : {"native", "x86-64"}) {
    check_circle(DType::f64, wide, cpu);
    check_circle(DType::f32, narrow, cpu);
  }
}

TEST(CodegenVectorMath, TurnsHugeAnglesTooWhateverStandsBesideThem) {
  double infinity = INFINITY;
  std::vector<double> wide = {1, 1048575.9, 1048576, -1e7, 1e22, -0x1p1000, infinity, NAN};
  std::vector<float> narrow = {1, 1048575.9f, 1048576, -1e7f, 1e9f, -3e38f, -INFINITY, NAN};
  check_circle(DType::f64, wide, "native");
  check_circle(DType::f32, narrow, "native");

  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> ordinary(-1e3, 1e3);
  std::vector<double> x(8192);
  for (double& value : x) value = ordinary(random);
  std::vector<double> alone = apply<double>(Function::sin, DType::f64, 8, {x});
  for (size_t i = 0; i < x.size(); i += 8) x[i + i / 8 % 8] = 1e9;
  std::vector<double> beside = apply<double>(Function::sin, DType::f64, 8, {x});
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i] != 1e9) {
      ASSERT_EQ(beside[i], alone[i]) << x[i];
    }
}

}  // namespace
}  // namespace netc
