// Powers against long double: of all sizes, next to 1, of special values, by constants.
#include <cmath>
#include <random>

#include "runtime/core/threads.h"
#include "test/unit/codegen_apply.h"
#include "test/unit/units.h"

namespace netc {
namespace {

template <typename T>
void check_powers(DType type, const std::vector<std::vector<T>>& columns, const std::string& cpu) {
  for (int lanes : {1, 8}) {
    std::vector<T> y = apply<T>(Function::pow, type, lanes, columns, cpu);
    for (size_t i = 0; i < y.size(); ++i) {
      long double exact = std::pow(static_cast<long double>(columns[0][i]), columns[1][i]);
      ASSERT_LE(units_off(y[i], exact), 1.5)
          << fmt::format("{:a} ^ {:a} is {:a}, not {:a}, in {} lanes of {} for {}", columns[0][i],
                         columns[1][i], y[i], static_cast<T>(exact), lanes, name(type), cpu);
    }
  }
}

/// Bases of all sizes, of each kind, and exponents by which the powers are of all sizes too.
template <typename T>
std::vector<std::vector<T>> powers_of_all_sizes() {
  using Limits = std::numeric_limits<T>;
  std::mt19937_64 random(7);
  std::uniform_real_distribution<T> mantissas(T(0.5), 1);
  std::uniform_int_distribution<int> sizes(Limits::min_exponent - 20, Limits::max_exponent);
  std::uniform_real_distribution<T> logarithms(-std::log(Limits::max()) * T(1.1),
                                               std::log(Limits::max()) * T(1.1));
  std::vector<std::vector<T>> columns(2, std::vector<T>(16384));
  for (size_t i = 0; i < columns[0].size(); ++i) {
    T size = std::ldexp(mantissas(random), sizes(random));
    T next_to_one = 1 + std::ldexp(mantissas(random) - T(0.75), -static_cast<int>(i % 23));
    T base = i % 2 ? size : next_to_one;
    columns[0][i] = i % 8 < 6 ? base : -base;
    T exponent = logarithms(random) / std::log(base);
    columns[1][i] = i % 8 < 6 ? exponent : std::floor(exponent);
  }
  return columns;
}

TEST(CodegenPowers, AreNearOfAllSizes) {
  for (const char* cpu : {"native", "haswell", "x86-64"}) {
    check_powers(DType::f32, powers_of_all_sizes<float>(), cpu);
    check_powers(DType::f64, powers_of_all_sizes<double>(), cpu);
  }
}

template <typename T>
std::vector<std::vector<T>> special_powers() {
  using Limits = std::numeric_limits<T>;
  T units = 2 / Limits::epsilon();  // the first even number whose neighbours are whole
  std::vector<T> values;
  for (T size : {T(0), T(0.5), T(1), T(1.5), T(2), T(3), T(126), units - 1, units, units / 2 + 1,
                 units * 4, Limits::denorm_min(), Limits::min(), Limits::max(), Limits::infinity(),
                 std::nextafter(T(1), T(0)), 1 + Limits::epsilon()}) {
    values.push_back(size);
    values.push_back(-size);
  }
  values.push_back(Limits::quiet_NaN());
  return combinations<T>(values, 2);
}

TEST(CodegenPowers, OfSpecialValuesAreThoseOfC) {
  for (const char* cpu : {"native", "x86-64"}) {
    check_powers(DType::f32, special_powers<float>(), cpu);
    check_powers(DType::f64, special_powers<double>(), cpu);
  }
}

/// During a step, what is subnormal is zero, in every comparison that a power makes.
template <typename T>
void check_flushed_base(DType type) {
  T tiny = std::numeric_limits<T>::denorm_min();
  std::vector<std::vector<T>> columns = {{-tiny, -tiny, -tiny, -tiny, tiny, tiny, tiny, tiny},
                                         {T(0.5), 3, T(-0.5), -3, T(0.5), 3, T(-0.5), -3}};
  unsigned mode = netc_float_mode_set();
  std::vector<T> y = apply<T>(Function::pow, type, 8, columns);
  netc_float_mode_restore(mode);
  for (size_t i = 0; i < y.size(); ++i) {
    T exact = std::pow(std::copysign(T(0), columns[0][i]), columns[1][i]);
    EXPECT_EQ(units_off(y[i], exact), 0) << columns[0][i] << " ^ " << columns[1][i];
  }
}

TEST(CodegenPowers, TakeSubnormalBasesForZeroAsStepsDo) {
  check_flushed_base<float>(DType::f32);
  check_flushed_base<double>(DType::f64);
}

template <typename T>
void check_constant_exponent(DType type, double exponent) {
  std::string text = fmt::format(
      "kernel @k(%x: {0}*, %y: mut {0}*) {{\n  for %i = 0 to N step 8 {{\n"
      "    %v = load %x[%i] : {0}x8\n    %p = constant {1} : {0}x8\n    %r = pow %v, %p\n"
      "    store %y[%i], %r\n  }}\n}}\n"
      "step m run capacity 65536 arena 0 {{\n  %x: {0}[N] = input 0\n  %y: {0}[N] = output 0\n"
      "  phase {{\n    @k(%x, %y)\n  }}\n}}\n",
      name(type), exponent);
  std::vector<T> x = special_powers<T>()[0];
  std::mt19937_64 random(7);
  std::uniform_real_distribution<T> bases(-10, 10);
  for (int i = 0; i < 8192; ++i) x.push_back(bases(random));
  std::vector<T> y(x.size());
  CompiledLoops(text).run(static_cast<int64_t>(x.size()), {x.data()}, {y.data()});
  for (size_t i = 0; i < x.size(); ++i) {
    long double exact = std::pow(static_cast<long double>(x[i]), exponent);
    ASSERT_LE(units_off(y[i], exact), 1.5)
        << fmt::format("{:a} ^ {} is {:a} in {}", x[i], exponent, y[i], name(type));
  }
}

TEST(CodegenPowers, ByConstantsAreTheSame) {
  for (double exponent : {-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 0.75, 1.0, 2.0, 3.0, 4.0}) {
    check_constant_exponent<float>(DType::f32, exponent);
    check_constant_exponent<double>(DType::f64, exponent);
  }
}

}  // namespace
}  // namespace netc
