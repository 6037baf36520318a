// Entries after the first are compiled when they first run.
#include <gmock/gmock.h>
#include <xmmintrin.h>

#include <thread>

#include "test/unit/codegen_run.h"

namespace netc {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// The first entry doubles, the second doubles and adds one, the third adds one.
constexpr char text[] = R"(
kernel @double(%x: f32*, %y: mut f32*) {
  for %i = 0 to N step 1 {
    %v = load %x[%i] : f32
    %t = add %v, %v
    store %y[%i], %t
  }
}
kernel @add_one(%x: f32*, %y: mut f32*) {
  %one = constant 1 : f32
  for %i = 0 to N step 1 {
    %v = load %x[%i] : f32
    %t = add %v, %one
    store %y[%i], %t
  }
}
step m run capacity 4 arena 0 {
  %x: f32[N] = input 0
  %y: f32[N] = output 0
  phase {
    @double(%x, %y)
  }
}
step m both capacity 4 arena 64 {
  %x: f32[N] = input 0
  %t: f32[N] = arena 0
  %y: f32[N] = output 0
  phase {
    @double(%x, %t)
  }
  phase {
    @add_one(%t, %y)
  }
}
step m last capacity 4 arena 0 {
  %x: f32[N] = input 0
  %y: f32[N] = output 0
  phase {
    @add_one(%x, %y)
  }
})";

std::vector<float> result_of(CompiledLoops& compiled, size_t step) {
  std::vector<float> x = {1, 2, 3, 4}, y(4);
  compiled.run_step(step, 3, {x.data()}, {y.data()});
  return y;
}

TEST(CodegenLate, EntriesRunInAnyOrder) {
  const std::vector<float> expected[] = {{2, 4, 6, 0}, {3, 5, 7, 0}, {2, 3, 4, 0}};
  for (const std::vector<size_t>& order : {std::vector<size_t>{0, 1, 2}, {2, 1, 0}, {1, 1, 2}}) {
    CompiledLoops compiled(text);
    for (size_t step : order)
      EXPECT_THAT(result_of(compiled, step), ElementsAreArray(expected[step]));
  }
}

// Steps run with subnormal numbers as zero, and so may a thread that is the first to want an entry.
TEST(CodegenLate, ConstantsDoNotDependOnTheCallersFloatMode) {
  CompiledLoops compiled(R"(
kernel @tiny(%y: mut f32*) {
  %c = constant 1e-40 : f32
  store %y[0], %c
}
kernel @tinier(%y: mut f32*) {
  %c = constant 1e-41 : f32
  store %y[0], %c
}
step m run capacity 1 arena 0 {
  %y: f32[1] = output 0
  phase {
    @tiny(%y)
  }
}
step m late capacity 1 arena 0 {
  %y: f32[1] = output 0
  phase {
    @tiny(%y)
  }
}
step m later capacity 1 arena 0 {
  %y: f32[1] = output 0
  phase {
    @tinier(%y)
  }
}
)");
  float y[3] = {};
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  for (size_t step = 0; step < 3; ++step) compiled.run_step(step, 1, {}, {&y[step]});
  _mm_setcsr(before);
  EXPECT_THAT(y, ElementsAre(1e-40F, 1e-40F, 1e-41F));
}

TEST(CodegenLate, ThreadsMayAskAtTheSameTime) {
  CompiledLoops compiled(text);
  std::vector<float> results[4];
  std::vector<std::thread> threads;
  for (size_t k = 0; k < 4; ++k)
    threads.emplace_back([&, k] { results[k] = result_of(compiled, 1 + k % 2); });
  for (std::thread& thread : threads) thread.join();
  for (size_t k = 0; k < 4; k += 2) {
    EXPECT_THAT(results[k], ElementsAre(3, 5, 7, 0));
    EXPECT_THAT(results[k + 1], ElementsAre(2, 3, 4, 0));
  }
}

}  // namespace
}  // namespace netc
