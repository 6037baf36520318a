// What the address sanitizer sees of emitted code, in a build that has it: kernels that are wrong
// on purpose, each ended by a report.
#include "test/unit/codegen_run.h"

namespace netc {
namespace {

/// Runs a kernel on an input, a part of the arena between two others, and an output, each of eight
/// floats.
void run(const std::string& body) {
  CompiledLoops compiled("kernel @k(%x: f32*, %t: mut f32*, %y: mut f32*) {\n" + body + R"(
}
step m run capacity 8 arena 192 {
  %x: f32[N] = input 0
  %before: f32[N] = arena 0
  %t: f32[N] = arena 64
  %after: f32[N] = arena 128
  %y: f32[N] = output 0
  phase {
    @k(%x, %t, %y)
  }
})");
  std::vector<float> x(8), y(8);
  compiled.run(8, {x.data()}, {y.data()});
}

constexpr char report[] = "AddressSanitizer: (use-after-poison|heap-buffer-overflow|stack-buffer)";

class CodegenWatch : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
#ifndef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "this build has no sanitizer";
#endif
  }
};

TEST_P(CodegenWatch, EndsAKernelThatLeavesItsMemory) {
  std::string loads_and_stores = GetParam();
  EXPECT_DEATH(run(loads_and_stores), report);
}

INSTANTIATE_TEST_SUITE_P(
    Places, CodegenWatch,
    testing::Values(
        // Behind an input, before it, a vector of which the last lane is too far.
        "  %v = load %x[8] : f32\n  store %y[0], %v",
        "  %at = constant -1 : i64\n  %v = load %x[%at] : f32\n  store %y[0], %v",
        "  %v = load %x[1] : f32x8\n  store %y[0], %v",
        // Behind an output.
        "  %v = load %x[0] : f32\n  store %y[8], %v",
        // Other buffers of the arena, and what lies between them.
        "  %v = load %t[16] : f32\n  store %y[0], %v", "  %v = load %x[0] : f32\n  store %t[8], %v",
        // Behind scratch.
        "  %s = alloc 8 : f32*\n  %v = load %x[0] : f32\n  store %s[task], %v\n  store %s[N], %v\n"
        "  %u = load %s[0] : f32\n  store %y[0], %u"));

TEST(CodegenWatched, StaysSilentWithinItsMemory) {
  run(R"(
  %v = load %x[0] : f32x8
  store %t[0], %v
  %lane = iota : i64x8
  %four = constant 4 : i64x8
  %live = less %lane, %four
  %u = load %t[4] mask %live : f32x8
  store %y[0], %u
  %w = load %t[0] : f32x8
  store %y[0], %w)");
}

}  // namespace
}  // namespace netc
