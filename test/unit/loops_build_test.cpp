// What the builder of kernels leaves out: arithmetic with known results, and loops without rounds.
#include <gtest/gtest.h>

#include "ir/loops/build.h"
#include "ir/loops/text.h"

namespace netc::loops {
namespace {

/// A builder, and two of its numbers of which nothing is known.
class LoopsBuild : public testing::Test {
 protected:
  RegisterId number(int64_t value) { return b.integer(value); }

  bool is(RegisterId id, int64_t value) const {
    const int64_t* constant = b.constant(id);
    return constant != nullptr && *constant == value;
  }

  Builder b{"k"};
  RegisterId n = b.batch();
  RegisterId task = b.task();
};

TEST_F(LoopsBuild, EqualArithmeticIsOneRegister) {
  EXPECT_EQ(b.add(n, number(3)), b.add(number(3), n));
  EXPECT_NE(b.sub(n, number(3)), b.sub(number(3), n));
  EXPECT_EQ(b.number(-0.0, {DType::f32, 8}), b.number(-0.0, {DType::f32, 8}));
  EXPECT_NE(b.number(-0.0, {DType::f32, 8}), b.number(0, {DType::f32, 8}));
  EXPECT_NE(b.number(1, {DType::f32, 8}), b.number(1, {DType::f32, 4}));
  EXPECT_NE(b.integer(1, DType::i32), b.integer(1));
  EXPECT_NE(b.broadcast(n, 8), b.broadcast(n, 4));
}

TEST_F(LoopsBuild, RestsOfMultiplesAreZero) {
  const RegisterId rows = b.mul(n, number(128));
  const RegisterId first = b.mul(task, number(72));
  const RegisterId count = b.sub(b.min(b.add(first, number(72)), rows), first);
  EXPECT_TRUE(is(b.mod(count, 8), 0));
  EXPECT_TRUE(is(b.mod(b.mul(rows, rows), 256), 0));
  EXPECT_TRUE(is(b.mod(number(0), 5), 0));
  EXPECT_TRUE(is(b.mod(number(-7), 4), 1));
  EXPECT_TRUE(is(b.div(number(-7), number(4)), -2));
  EXPECT_EQ(b.div(count, number(1)), count);
  EXPECT_EQ(b.constant(b.mod(b.div(count, number(8)), 2)), nullptr);
  for (int64_t size : {5, 16, 24}) EXPECT_EQ(b.constant(b.mod(count, size)), nullptr);
  EXPECT_EQ(b.constant(b.mod(n, 2)), nullptr);
}

TEST_F(LoopsBuild, CountersAreMultiplesOfTheirStep) {
  const auto none = [](RegisterId, const auto&) { return std::vector<RegisterId>{}; };
  RegisterId even, odd;
  auto keep = [&](RegisterId& counter) {
    return [&](RegisterId iv, const auto& carried) {
      counter = b.mod(iv, 4);
      return none(iv, carried);
    };
  };
  b.loop(b.mul(n, number(12)), b.mul(n, number(100)), 8, {}, keep(even));
  b.loop(b.mul(n, number(6)), b.mul(n, number(100)), 8, {}, keep(odd));
  EXPECT_TRUE(is(even, 0));
  EXPECT_EQ(b.constant(odd), nullptr);
}

TEST_F(LoopsBuild, LoopsWithoutRoundsAreLeftOut) {
  const RegisterId sum = b.number(2, {DType::f32});
  auto body = [&](RegisterId, const std::vector<RegisterId>& carried) -> std::vector<RegisterId> {
    ADD_FAILURE() << "a body was asked for";
    return carried;
  };
  EXPECT_EQ(b.loop(n, n, 1, {sum}, body), std::vector{sum});
  EXPECT_EQ(b.loop(number(4), number(3), 1, {sum}, body), std::vector{sum});
  EXPECT_EQ(print(b.take()).find("for"), std::string::npos);
}

}  // namespace
}  // namespace netc::loops
