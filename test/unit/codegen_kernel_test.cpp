// Every opcode, written as loops text, compiled and executed.
#include <gmock/gmock.h>

#include <cmath>

#include "test/unit/codegen_run.h"

namespace netc {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

struct Outcome {
  std::vector<float> y = std::vector<float>(16, -1);
  std::vector<int64_t> j = std::vector<int64_t>(16, -1);
};

Outcome run(const std::string& body, std::vector<float> x = {}, std::vector<int64_t> i = {},
            int64_t n = 4) {
  x.resize(64);
  i.resize(64);
  Outcome result;
  CompiledLoops compiled(program_of(body));
  compiled.run(n, {x.data(), i.data()}, {result.y.data(), result.j.data()});
  result.y.resize(8);
  result.j.resize(8);
  return result;
}

TEST(CodegenKernel, LoopsCarryValues) {
  Outcome out = run(R"(
  %zero = constant 0 : f32
  %sum, %last = for %k = 0 to N step 1 carry %s = %zero, %t = %zero {
    %v = load %x[%k] : f32
    %u = add %s, %v
    yield %u, %v
  }
  %none = for %k2 = N to 0 step 1 carry %s2 = %sum {
    yield %zero
  }
  store %y[0], %sum
  store %y[1], %last
  store %y[2], %none
  store %j[0], task)",
                    {1, 2, 3, 4, 100});
  EXPECT_THAT(out.y, ElementsAre(10, 4, 10, -1, -1, -1, -1, -1));
  EXPECT_EQ(out.j[0], 0);
}

TEST(CodegenKernel, UnrolledLoopsGiveTheSame) {
  Outcome out = run(R"(
  %zero = constant 0 : f32
  %sum = for %k = 0 to 8 step 2 unroll carry %s = %zero {
    %v = load %x[%k] : f32
    %u = fma %v, %v, %s
    store %y[%k], %u
    yield %u
  })",
                    {1, 9, 2, 9, 3, 9, 4, 9});
  EXPECT_THAT(out.y, ElementsAre(1, -1, 5, -1, 14, -1, 30, -1));
}

TEST(CodegenKernel, BranchesYieldTheirSide) {
  Outcome out = run(R"(
  for %k = 0 to N step 1 {
    %even = mod %k, 2
    %c = equal %even, 0
    %v = load %x[%k] : f32
    %w = if %c {
      %a = neg %v
      yield %a
    } else {
      %b = mul %v, %v
      yield %b
    }
    store %y[%k], %w
    if %c {
      store %j[%k], %k
    }
  })",
                    {1, 2, 3, 4});
  EXPECT_THAT(out.y, ElementsAre(-1, 4, -3, 16, -1, -1, -1, -1));
  EXPECT_THAT(out.j, ElementsAre(0, -1, 2, -1, -1, -1, -1, -1));
}

TEST(CodegenKernel, DivisionByPowersOfTwoRoundsDown) {
  Outcome out = run(R"(
  for %k = 0 to N step 1 {
    %a = sub %k, 3
    %quotient = div %a, 4
    store %j[%k], %quotient
    %rest = mod %a, 4
    %place = add %k, 4
    store %j[%place], %rest
  })",
                    {0, 0, 0, 0});
  EXPECT_THAT(out.j, ElementsAre(-1, -1, -1, 0, 1, 2, 3, 0));
}

TEST(CodegenKernel, MasksKeepDeadLanesFromMemory) {
  Outcome out = run(R"(
  %lanes = iota : i64x8
  %limit = broadcast N : i64x8
  %live = less %lanes, %limit
  %v = load %x[0] mask %live : f32x8
  %sum = reduce add %v
  store %y[0], %v mask %live
  store %y[7], %sum)",
                    {1, 2, 3, 4, 50, 60, 70, 80});
  EXPECT_THAT(out.y, ElementsAre(1, 2, 3, 4, -1, -1, -1, 10));
}

TEST(CodegenKernel, StoresAnyNumberOfLeadingLanes) {
  std::vector<float> x(64);
  for (size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k);
  for (int lanes : {5, 8, 16})
    for (int count = 0; count <= lanes; ++count) {
      std::vector<float> y(64, -1);
      std::vector<int64_t> i(64), j(64);
      CompiledLoops compiled(program_of(fmt::format(R"(
  %lane = iota : i32x{0}
  %count = constant {1} : i32
  %counts = broadcast %count : i32x{0}
  %live = less %lane, %counts
  %v = load %x[3] : f32x{0}
  store %y[2], %v mask %live)",
                                                    lanes, count)));
      compiled.run(40, {x.data(), i.data()}, {y.data(), j.data()});
      for (int k = 0; k < 40; ++k)
        EXPECT_EQ(y[static_cast<size_t>(k)], k >= 2 && k < 2 + count ? k + 1 : -1) << count;
    }
}

TEST(CodegenKernel, StridesGoBothWays) {
  Outcome out = run(R"(
  %m = constant 1 : boolx4
  %lanes = iota : i64x4
  %two = constant 2 : i64x4
  %few = less %lanes, %two
  %v = load %x[1] stride 2 : f32x4
  %r = load %x[7] stride -1 mask %m : f32x4
  %b = load %x[3] stride 0 : f32x4
  %s = add %v, %b
  store %y[0], %s stride 2
  store %y[7], %r stride -2 mask %few)",
                    {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(out.y, ElementsAre(4, -1, 6, -1, 8, 6, 10, 7));
}

TEST(CodegenKernel, GathersByAVectorOfOffsets) {
  Outcome out = run(R"(
  %at = load %i[0] : i64x4
  %lanes = iota : i64x4
  %three = constant 3 : i64x4
  %live = less %lanes, %three
  %v = load %x[%at] gather mask %live : f32x4
  store %y[0], %v
  store %y[%at], %v gather mask %live)",
                    {0, 10, 20, 30, 40, 50}, {5, 4, 5, 1});
  EXPECT_THAT(out.y, ElementsAre(50, 40, 50, 0, 40, 50, -1, -1));
}

TEST(CodegenKernel, LanesAreMovedAndReplaced) {
  Outcome out = run(R"(
  %a = load %x[0] : f32x4
  %b = load %x[4] : f32x4
  %s = shuffle %a, %b [0, 4, 1, 5, 7, 7]
  %e = extract %s lane 4
  %p = insert %a, %e lane 2
  %t = shuffle %p, %p [0, 1, 2, 3]
  store %y[0], %t
  %h = extract %s lane 3
  store %y[4], %h)",
                    {0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_THAT(out.y, ElementsAre(0, 1, 7, 3, 5, -1, -1, -1));
}

TEST(CodegenKernel, LanesAreMovedManyTimes) {
  const std::string body = R"(
  %a = load %x[0] : f32x4
  %b = load %x[4] : f32x4
  %c = shuffle %a, %b [0, 4, 1, 5]
  %d = shuffle %a, %b [2, 6, 3, 7]
  %e = shuffle %c, %d [0, 4, 1, 5]
  %f = shuffle %c, %d [2, 6, 3, 7]
  %g = shuffle %e, %f [0, 4, 1, 5]
  store %y[0], %g
  store %y[4], %e)";
  EXPECT_THAT(run(body, {0, 1, 2, 3, 4, 5, 6, 7}).y, ElementsAre(0, 1, 2, 3, 0, 2, 4, 6));
  EXPECT_THAT(llvm_text_of(body), testing::ContainsRegex("= .*@llvm.arithmetic.fence"));
}

TEST(CodegenKernel, ReducesByAFixedTree) {
  Outcome out = run(R"(
  %v = load %x[0] : f32x6
  %a = reduce add %v
  %b = reduce mul %v
  %c = reduce min %v
  %d = reduce max %v
  %w = load %i[0] : i64x5
  %e = reduce add %w
  store %y[0], %a
  store %y[1], %b
  store %y[2], %c
  store %y[3], %d
  store %j[0], %e)",
                    {3, 1, 4, 1, 5, 9}, {2, 7, 1, 8, 2, 8});
  EXPECT_THAT(out.y, ElementsAre(23, 540, 1, 9, -1, -1, -1, -1));
  EXPECT_EQ(out.j[0], 20);
  Outcome nan = run("%v = load %x[0] : f32x4 %c = reduce max %v store %y[0], %c", {1, NAN, 3, 4});
  EXPECT_TRUE(std::isnan(nan.y[0]));
}

TEST(CodegenKernel, ScratchIsTheTasksOwn) {
  Outcome out = run(R"(
  %scratch = alloc 8 : f32*
  %upper = advance %scratch, 4
  %v = load %x[0] : f32x4
  store %upper[0], %v
  prefetch %x[8]
  %w = load %scratch[5] : f32
  store %y[0], %w non_temporal)",
                    {1, 2, 3, 4});
  EXPECT_EQ(out.y[0], 2);
}

TEST(CodegenKernel, CallsOfOnePhaseGetTheirOwnArgumentsAndTasks) {
  const std::string text = R"(
kernel @fill(%x: f32*, %y: mut f32*) {
  %v = load %x[task] : f32
  store %y[task], %v
}
kernel @first(%x: f32*, %scale: f32*, %y: mut f32*) {
  %v = load %x[0] : f32
  %s = load %scale[0] : f32
  %p = mul %v, %s
  store %y[0], %p
}
step m run capacity 8 arena 0 {
  %x: f32[N] = input 0
  %scale: f32[] = input 1
  %y: f32[N] = output 0
  %z: f32[2] = output 1
  %w: f32[] = output 2
  phase {
    @fill(%x, %y) tasks N by 1
    @first(%x, %scale, %w)
    @fill(%x, %z) tasks 2 by 1
  }
})";
  CompiledLoops compiled(text);
  std::unique_ptr<netc_pool, void (*)(netc_pool*)> threads(netc_rt_pool_create(2),
                                                           &netc_rt_pool_destroy);
  for (netc_pool* pool : {static_cast<netc_pool*>(nullptr), threads.get()}) {
    float x[] = {1, 2, 3, 4, 5, 6}, scale = 10, y[8] = {}, z[2] = {}, w = 0;
    compiled.run(6, {x, &scale}, {y, z, &w}, {}, {}, pool);
    EXPECT_THAT(y, ElementsAre(1, 2, 3, 4, 5, 6, 0, 0));
    EXPECT_THAT(z, ElementsAre(1, 2));
    EXPECT_EQ(w, 10);
  }
}

TEST(CodegenKernel, BoolsAreBytes) {
  CompiledLoops compiled(R"(
kernel @k(%x: bool*, %y: mut bool*) {
  %a = load %x[0] : boolx4
  %b = load %x[1] stride 2 : boolx4
  %c = logical_and %a, %b
  %d = logical_not %c
  store %y[0], %d
}
step m run capacity 8 arena 0 {
  %x: bool[8] = input 0
  %y: bool[8] = output 0
  phase {
    @k(%x, %y)
  }
})");
  uint8_t x[] = {1, 1, 0, 1, 1, 1, 0, 0};
  uint8_t y[8] = {};
  compiled.run(1, {x}, {y});
  EXPECT_THAT(y, ElementsAre(0, 0, 1, 1, 0, 0, 0, 0));
}

/// Converts the elements of `x` from one type to another.
template <typename To, typename From>
std::vector<To> converted(const std::string& from, const std::string& to, std::vector<From> x,
                          const std::string& cpu = "native") {
  x.resize(8);
  std::vector<To> y(8);
  CompiledLoops compiled(
      "kernel @k(%x: " + from + "*, %y: mut " + to + "*) {\n  %v = load %x[0] : " + from +
          "x8\n  %w = convert %v : " + to +
          "x8\n  store %y[0], %w\n}\nstep m run capacity 8 arena 0 {\n  %x: " + from +
          "[8] = input 0\n  %y: " + to + "[8] = output 0\n  phase {\n    @k(%x, %y)\n  }\n}",
      cpu);
  compiled.run(1, {x.data()}, {y.data()});
  return y;
}

TEST(CodegenKernel, ConversionsSaturateOrWrap) {
  using testing::Each;
  EXPECT_THAT((converted<int32_t, float>("f32", "i32", {1.9f, -1.9f, 3e9f, -INFINITY, NAN, 7})),
              ElementsAre(1, -1, INT32_MAX, INT32_MIN, 0, 7, 0, 0));
  EXPECT_THAT((converted<uint8_t, double>("f64", "u8", {300, -5, 255.9, NAN, 254})),
              ElementsAre(255, 0, 255, 0, 254, 0, 0, 0));
  EXPECT_THAT((converted<uint8_t, int64_t>("i64", "u8", {300, -1, 7})),
              ElementsAre(44, 255, 7, 0, 0, 0, 0, 0));
  EXPECT_THAT((converted<float, uint8_t>("u8", "f32", {255, 128})),
              ElementsAre(255, 128, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT((converted<int64_t, int32_t>("i32", "i64", {-3, INT32_MIN})),
              ElementsAre(-3, INT32_MIN, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT((converted<uint8_t, float>("f32", "bool", {0.5f, -0.0f, NAN})),
              ElementsAre(1, 0, 1, 0, 0, 0, 0, 0));
  EXPECT_THAT((converted<double, uint8_t>("bool", "f64", {1, 0, 1})),
              ElementsAre(1, 0, 1, 0, 0, 0, 0, 0));
}

TEST(CodegenKernel, NarrowFloatsRoundToTheNearestEven) {
  // 1 + 1/256 lies halfway between two bf16; 2049 halfway between two f16.
  EXPECT_THAT((converted<uint16_t, float>("f32", "bf16", {1, 1.00390625f, 1.01171875f, INFINITY})),
              ElementsAre(0x3f80, 0x3f80, 0x3f82, 0x7f80, 0, 0, 0, 0));
  EXPECT_THAT((converted<uint16_t, float>("f32", "f16", {1, 2049, 2051, 65520})),
              ElementsAre(0x3c00, 0x6800, 0x6802, 0x7c00, 0, 0, 0, 0));
  EXPECT_THAT((converted<float, uint16_t>("bf16", "f32", {0x3f80, 0xff80})),
              ElementsAre(1, -INFINITY, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT((converted<float, uint16_t>("f16", "f32", {0x3c00, 0x0001})),
              ElementsAre(1, 0x1p-24f, 0, 0, 0, 0, 0, 0));
  float nan = NAN;
  EXPECT_TRUE(std::isnan((converted<float, uint16_t>(
      "bf16", "f32", converted<uint16_t, float>("f32", "bf16", {nan})))[0]));
}

TEST(CodegenStep, FindsItsBuffers) {
  CompiledLoops compiled(R"(
kernel @add(%a: f32*, %b: f32*, %y: mut f32*) {
  for %i = 0 to N step 1 {
    %u = load %a[%i] : f32
    %v = load %b[%i] : f32
    %w = add %u, %v
    store %y[%i], %w
  }
}
kernel @scale(%a: f32*, %rate: f64*, %w: mut f32*) {
  %r = load %rate[0] : f64
  %s = convert %r : f32
  for %i = 0 to N step 1 {
    %u = load %a[%i] : f32
    %v = mul %u, %s
    store %w[%i], %v
  }
}
step m run capacity 8 arena 128 {
  %other: f64[] = setting
  %rate: f64[] = setting
  @unused: f32[8] = variable
  @w: f32[8] = variable
  %a: f32[N] = input 0
  %b: f32[N] = input 1
  %y: f32[N] = output 0
  %t: f32[N] = arena 64
  phase {
    @add(%a, %b, %t)
  }
  phase {
    @add(%t, %a, %y)
    @scale(%t, %rate, @w)
  }
})");
  std::vector<float> a = {1, 2, 3}, b = {10, 20, 30}, y(3), unused(8), w(8);
  compiled.run(3, {a.data(), b.data()}, {y.data()}, {unused.data(), w.data()}, {99, 0.5});
  EXPECT_THAT(y, ElementsAre(12, 24, 36));
  EXPECT_THAT(w, ElementsAre(5.5, 11, 16.5, 0, 0, 0, 0, 0));
}

TEST(CodegenStep, RunsEveryTaskOnce) {
  CompiledLoops compiled(R"(
kernel @rows(%y: mut i64*) {
  %first = mul task, 4
  %past = add %first, 4
  %last = min %past, N
  for %i = %first to %last step 1 {
    %v = load %y[%i] : i64
    %w = add %v, %i
    store %y[%i], %w
  }
}
step m run capacity 64 arena 0 {
  %y: i64[N] = output 0
  phase {
    @rows(%y) tasks N by 4
  }
})");
  for (int64_t n : {1, 4, 5, 63, 64}) {
    std::vector<int64_t> y(64);
    std::vector<int64_t> expected(64);
    for (int64_t i = 0; i < n; ++i) expected[static_cast<size_t>(i)] = i;
    compiled.run(n, {}, {y.data()});
    EXPECT_THAT(y, ElementsAreArray(expected)) << n;
  }
}

TEST(CodegenStep, LargeProgramsAreCompiledInParts) {
  std::string kernels;
  std::string calls;
  for (int k = 0; k < 40; ++k) {
    kernels += fmt::format("kernel @k{}(%y: mut i64*) {{\n  %v0 = load %y[task] : i64\n", k);
    for (int i = 0; i < 100; ++i)
      kernels += fmt::format("  %v{} = {} %v{}, {}\n", i + 1, i % 2 ? "mul" : "add", i, i % 7);
    kernels += fmt::format("  %last = add %v0, {}\n  store %y[task], %last\n}}\n", k);
    calls += fmt::format("  phase {{\n    @k{}(%y) tasks N by 1\n  }}\n", k);
  }
  CompiledLoops compiled(kernels + "step m run capacity 8 arena 0 {\n  %y: i64[N] = output 0\n" +
                         calls + "}\n");
  std::vector<int64_t> y(4);
  compiled.run(3, {}, {y.data()});
  EXPECT_THAT(y, ElementsAre(780, 780, 780, 0));
}

}  // namespace
}  // namespace netc
