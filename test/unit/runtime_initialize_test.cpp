// Random numbers against Random123's known answers, and the distributions of the initialisers.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <vector>

#include "runtime/core/dtype.h"
#include "runtime/core/initialize.h"
#include "runtime/core/philox.h"
#include "runtime/core/safetensors.h"

namespace {

TEST(Philox, KnownAnswersOfRandom123) {
  struct Case {
    uint32_t counter[4], key[2], answer[4];
  } cases[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Case& c : cases) {
    uint32_t out[4];
    netc_philox(c.key, c.counter, out);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], c.answer[i]);
  }
}

template <typename T>
std::vector<T> initialize(const char* kind, std::vector<int64_t> dims,
                          std::vector<double> arguments = {}, unsigned dtype = NETC_F64,
                          const char* name = "w", uint64_t seed = 1) {
  netc_tensor tensor{};
  tensor.name = name;
  tensor.dtype = static_cast<uint8_t>(dtype);
  tensor.rank = static_cast<uint8_t>(dims.size());
  tensor.dims = dims.data();
  tensor.init = {kind, arguments.data(), static_cast<uint32_t>(arguments.size()), nullptr, 0};
  std::vector<T> values(netc_elements(dims.data(), tensor.rank, 1));
  char error[200] = "";
  EXPECT_EQ(netc_initialize(&tensor, seed, values.data(), error, sizeof error), NETC_OK) << error;
  return values;
}

double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}
double deviation(const std::vector<double>& v) {
  double m = mean(v), sum = 0;
  for (double x : v) sum += (x - m) * (x - m);
  return std::sqrt(sum / static_cast<double>(v.size()));
}
double largest(const std::vector<double>& v) {
  double most = 0;
  for (double x : v) most = std::max(most, std::fabs(x));
  return most;
}

TEST(Initialize, Constants) {
  EXPECT_EQ(initialize<double>("zeros", {3}), std::vector<double>({0, 0, 0}));
  EXPECT_EQ(initialize<double>("ones", {2, 1}), std::vector<double>({1, 1}));
  EXPECT_EQ(initialize<double>("constant", {2}, {2.5}), std::vector<double>({2.5, 2.5}));
  EXPECT_EQ(initialize<int32_t>("ones", {2}, {}, NETC_I32), std::vector<int32_t>({1, 1}));
}

TEST(Initialize, Uniform) {
  auto values = initialize<double>("uniform", {100000}, {-1, 3});
  EXPECT_NEAR(mean(values), 1, 0.02);
  EXPECT_NEAR(deviation(values), 4 / std::sqrt(12.0), 0.02);
  for (double v : values) ASSERT_TRUE(v >= -1 && v < 3);
}

TEST(Initialize, Normal) {
  auto values = initialize<double>("normal", {100001}, {2, 0.5});
  EXPECT_NEAR(mean(values), 2, 0.01);
  EXPECT_NEAR(deviation(values), 0.5, 0.01);
}

TEST(Initialize, FansAreThoseOfKeras) {
  // A kernel of 3 by 3 from 8 channels to 16: fan-in 72, fan-out 144.
  std::vector<int64_t> dims{3, 3, 8, 16};
  EXPECT_LE(largest(initialize<double>("glorot_uniform", dims)), std::sqrt(6.0 / 216));
  EXPECT_GT(largest(initialize<double>("glorot_uniform", dims)), 0.95 * std::sqrt(6.0 / 216));
  EXPECT_NEAR(deviation(initialize<double>("glorot_normal", dims)), std::sqrt(2.0 / 216), 0.01);
  EXPECT_GT(largest(initialize<double>("he_uniform", dims)), 0.95 * std::sqrt(6.0 / 72));
  EXPECT_LE(largest(initialize<double>("he_uniform", dims)), std::sqrt(6.0 / 72));
  EXPECT_NEAR(deviation(initialize<double>("he_normal", dims)), std::sqrt(2.0 / 72), 0.02);
  EXPECT_NEAR(deviation(initialize<double>("lecun_normal", dims)), std::sqrt(1.0 / 72), 0.01);
  // Rank 1: its size for both.
  EXPECT_LE(largest(initialize<double>("glorot_uniform", {1000})), std::sqrt(6.0 / 2000));
}

void expect_orthogonal(std::vector<int64_t> dims) {
  auto w = initialize<double>("orthogonal", dims);
  size_t columns = static_cast<size_t>(dims.back()), rows = w.size() / columns;
  bool wide = rows <= columns;
  size_t vectors = wide ? rows : columns, length = wide ? columns : rows;
  auto at = [&](size_t v, size_t i) { return wide ? w[v * columns + i] : w[i * columns + v]; };
  for (size_t a = 0; a < vectors; ++a)
    for (size_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (size_t i = 0; i < length; ++i) dot += at(a, i) * at(b, i);
      ASSERT_NEAR(dot, a == b ? 1 : 0, 1e-13);
    }
}

TEST(Initialize, Orthogonal) {
  expect_orthogonal({16, 64});
  expect_orthogonal({64, 16});
  expect_orthogonal({32, 32});
  expect_orthogonal({3, 3, 4, 8});
}

TEST(Initialize, KeyedBySeedAndName) {
  auto values = [](const char* name, uint64_t seed) {
    return initialize<double>("uniform", {4}, {0, 1}, NETC_F64, name, seed);
  };
  EXPECT_EQ(values("a", 1), values("a", 1));
  EXPECT_NE(values("a", 1), values("b", 1));
  EXPECT_NE(values("a", 1), values("a", 2));
}

TEST(Initialize, FloatsAreTheDoublesRounded) {
  auto wide = initialize<double>("he_normal", {20, 5});
  auto narrow = initialize<float>("he_normal", {20, 5}, {}, NETC_F32);
  for (size_t i = 0; i < wide.size(); ++i) EXPECT_EQ(narrow[i], static_cast<float>(wide[i]));
}

TEST(Initialize, LoadsFromAFileAndRefusesAnotherShape) {
  std::string path = testing::TempDir() + "initialize_load.safetensors";
  float stored[] = {1, 2, 3};
  int64_t dims[] = {3}, other[] = {4};
  netc_to_store tensor{"table", NETC_F32, 1, dims, stored};
  char error[400] = "";
  ASSERT_EQ(netc_safetensors_write(path.c_str(), &tensor, 1, nullptr, 0, error, sizeof error), 0);
  const char* strings[] = {path.c_str(), "table"};
  netc_tensor variable{};
  variable.name = "w";
  variable.dtype = NETC_F64;
  variable.rank = 1;
  variable.dims = dims;
  variable.init = {"load", nullptr, 0, strings, 2};
  double values[4] = {};
  ASSERT_EQ(netc_initialize(&variable, 0, values, error, sizeof error), NETC_OK) << error;
  EXPECT_EQ(values[2], 3);
  variable.dims = other;
  EXPECT_EQ(netc_initialize(&variable, 0, values, error, sizeof error), NETC_MISMATCH);
  EXPECT_NE(std::string(error).find("`table` is f32[3], but `w`, which starts from it, is f64[4]"),
            std::string::npos)
      << error;
  strings[1] = "tables";
  EXPECT_EQ(netc_initialize(&variable, 0, values, error, sizeof error), NETC_MISMATCH);
  std::remove(path.c_str());
}

TEST(Dtype, HalfPrecisionRoundsToNearestEven) {
  uint16_t bits = 0;
  auto half = [&](double value) { return netc_dtype_store(NETC_F16, &bits, 0, value), bits; };
  EXPECT_EQ(half(1), 0x3c00);
  EXPECT_EQ(half(-2), 0xc000);
  EXPECT_EQ(half(65504), 0x7bff);
  EXPECT_EQ(half(65520), 0x7c00);
  EXPECT_EQ(half(1 + 0x1p-11), 0x3c00);
  EXPECT_EQ(half(1 + 3 * 0x1p-11), 0x3c02);
  EXPECT_EQ(half(0x1p-24), 0x0001);
  EXPECT_EQ(half(0x1p-25), 0x0000);
  EXPECT_EQ(half(0x1.ffep-15), 0x0400);
  for (uint32_t i = 0; i < 65536; ++i) {
    uint16_t original = static_cast<uint16_t>(i);
    double value = netc_dtype_load(NETC_F16, &original, 0);
    if (std::isnan(value)) continue;
    ASSERT_EQ(half(value), original);
  }
}

TEST(Dtype, BrainFloatRoundsOnce) {
  uint16_t bits = 0;
  auto brain = [&](double value) { return netc_dtype_store(NETC_BF16, &bits, 0, value), bits; };
  EXPECT_EQ(brain(1), 0x3f80);
  EXPECT_EQ(brain(1 + 0x1p-8), 0x3f80);
  // A little above a tie, by less than a float shows: rounding by way of float would fall back.
  EXPECT_EQ(brain(1 + 0x1p-8 + 0x1p-40), 0x3f81);
  EXPECT_EQ(brain(-INFINITY), 0xff80);
  EXPECT_EQ(netc_dtype_load(NETC_BF16, &(bits = 0x4049), 0), 3.140625);
}

}  // namespace
