// Every scalar function, compiled for scalars and vectors of every type it is defined for, against
// its row in the table.
#include <gmock/gmock.h>

#include <cmath>

#include "test/unit/codegen_apply.h"

namespace netc {
namespace {

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

}  // namespace
}  // namespace netc
