// Offsets of all forms, in loops of all kinds: what is loaded and where it is stored; and how many
// pointers run along.
#include <gmock/gmock.h>

#include <array>

#include "test/unit/codegen_run.h"

namespace netc {
namespace {

using testing::ElementsAreArray;

using Memory = std::array<float, 64>;

/// y after a kernel that finds x[k] = k, i[k] = 3 * k, and N = 4; y begins as -1.
Memory run(const std::string& body) {
  Memory x, y;
  std::array<int64_t, 64> i;
  for (size_t k = 0; k < x.size(); ++k) {
    x[k] = static_cast<float>(k);
    i[k] = static_cast<int64_t>(3 * k);
    y[k] = -1;
  }
  std::array<int64_t, 64> j;
  CompiledLoops(program_of(body)).run(4, {x.data(), i.data()}, {y.data(), j.data()});
  return y;
}

Memory untouched() {
  Memory y;
  y.fill(-1);
  return y;
}

TEST(CodegenAddresses, FollowTheCountersOfAllLoopsAround) {
  Memory y = run(R"(
  for %a = 1 to N step 2 {
    %row = mul %a, 12
    for %b = 0 to 3 step 1 {
      %t = mul %b, 5
      %from = add %row, %t
      %lower = sub 2, %b
      for %c = %lower to 4 step 2 {
        %at = add %from, %c
        %v = load %x[%at] : f32
        %next = add %at, 7
        %w = load %x[%next] : f32
        %s = add %v, %w
        %back = sub %at, 12
        store %y[%back], %s
      }
      %after = load %x[%from] : f32
      %end = add %row, 20
      store %y[%end], %after
    }
  })");
  Memory expected = untouched();
  for (size_t a = 1; a < 4; a += 2)
    for (size_t b = 0; b < 3; ++b) {
      size_t from = a * 12 + b * 5;
      for (size_t c = 2 - b; c < 4; c += 2)
        expected[from + c - 12] = static_cast<float>(2 * (from + c) + 7);
      expected[a * 12 + 20] = static_cast<float>(from);
    }
  EXPECT_THAT(y, ElementsAreArray(expected));
}

TEST(CodegenAddresses, RunBackwardsAndByProducts) {
  Memory y = run(R"(
  for %a = 0 to N step 1 {
    for %b = 1 to 5 step 1 {
      %product = mul %a, %b
      %twice = mul 2, %b
      %left = sub %product, %twice
      %from = add %left, 10
      %v = load %x[%from] : f32
      %row = mul %a, 8
      %down = sub %row, %b
      %to = add %down, 8
      store %y[%to], %v
    }
  })");
  Memory expected = untouched();
  for (size_t a = 0; a < 4; ++a)
    for (size_t b = 1; b < 5; ++b) expected[a * 8 - b + 8] = static_cast<float>(a * b + 10 - 2 * b);
  EXPECT_THAT(y, ElementsAreArray(expected));
}

TEST(CodegenAddresses, ReachWhatIsLoadedOrChosenInALoop) {
  Memory y = run(R"(
  for %a = 0 to 6 step 1 {
    %found = load %i[%a] : i64
    %even = mod %a, 2
    %is_even = equal %even, 0
    %chosen = if %is_even {
      %near = add %found, %a
      %v = load %x[%near] : f32
      yield %v
    } else {
      %far = add %a, 40
      %w = load %x[%far] : f32
      yield %w
    }
    %last = for %b = 0 to 3 step 1 carry %sum = 0 {
      %more = add %sum, %b
      %at = add %found, %sum
      %u = load %x[%at] : f32
      %to = add %b, 20
      store %y[%to], %u
      yield %more
    }
    %there = add %a, %last
    store %y[%there], %chosen
  })");
  Memory expected = untouched();
  for (size_t a = 0; a < 6; ++a)
    expected[a + 3] = static_cast<float>(a % 2 == 0 ? 3 * a + a : a + 40);
  for (size_t b = 0; b < 3; ++b) expected[b + 20] = static_cast<float>(15 + b * (b - 1) / 2);
  EXPECT_THAT(y, ElementsAreArray(expected));
}

TEST(CodegenAddresses, CountFromPointersThatWereAdvanced) {
  Memory y = run(R"(
  %scratch = alloc 32 : f32*
  for %a = 0 to 3 step 1 {
    %skipped = mul %a, -8
    %before = advance %scratch, %skipped
    %window = advance %before, 16
    for %b = 0 to 4 step 1 {
      %v = load %x[%b] : f32
      %at = add %b, 1
      store %window[%at], %v
      for %c = 0 to 2 step 1 unroll {
        %near = add %at, %c
        store %window[%near], %v
      }
    }
  }
  for %d = 0 to 24 step 1 {
    %w = load %scratch[%d] : f32
    store %y[%d], %w
  })");
  for (size_t a = 0; a < 3; ++a)
    EXPECT_THAT(std::vector<float>(&y[a * 8 + 1], &y[a * 8 + 6]),
                ElementsAreArray({0, 1, 2, 3, 3}));
}

TEST(CodegenAddresses, StayOutOfLoopsThatNeverRun) {
  EXPECT_THAT(run(R"(
  for %a = 0 to 3 step 1 {
    for %b = N to %a step 1 {
      %v = load %x[%b] : f32
      store %y[%b], %v
    }
    for %c = 3 to 3 step 1 {
      %w = load %x[%c] : f32
      store %y[%c], %w
    }
  })"),
              ElementsAreArray(untouched()));
}

size_t running_pointers(const std::string& body) {
  const std::string text = llvm_text_of(body);
  size_t count = 0;
  for (size_t at = text.find("phi ptr"); at != std::string::npos; at = text.find("phi ptr", at + 1))
    ++count;
  return count;
}

TEST(CodegenAddresses, OnePointerRunsForAllThatKeepTheirDistance) {
  EXPECT_EQ(running_pointers(R"(
  for %a = 0 to N step 1 {
    %row = mul %a, 8
    for %b = 0 to N step 1 {
      %at = add %row, %b
      %v = load %x[%at] : f32
      %next = add %at, 16
      %w = load %x[%next] : f32
      %u = add %v, %w
      %still = load %x[%row] : f32
      %s = add %u, %still
      store %y[%at], %s
    }
  })"),
            2);
}

}  // namespace
}  // namespace netc
