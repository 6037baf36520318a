// Loops text: what is printed is read back the same, and what is wrong is said in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/loops/build.h"
#include "ir/loops/text.h"

namespace netc::loops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  Program program;
  std::string problem;
};

Read read(const std::string& text) {
  SourceMap sources;
  FileId file = sources.add("test.loops", text);
  Diagnostics diagnostics;
  Program program = parse_program(sources, file, diagnostics);
  std::string problem = diagnostics.all().empty() ? "" : diagnostics.all().front().message;
  return {std::move(program), problem};
}

constexpr char whole[] = R"(kernel @every(%x: f32*, %i: i64*, %y: mut f32*) {
  %half = constant 0.5 : f32x8
  %big = constant 1e-05 : f32
  %inf = constant -inf : f64
  %yes = constant 1 : bool
  %lanes = iota : i64x8
  %limit = broadcast N : i64x8
  %mask = less %lanes, %limit
  %scratch = alloc 128 : f32*
  %there = advance %x, 16
  prefetch %there[task]
  %a, %b = for %n = 0 to N step 4 carry %s = %half, %t = %big {
    %v = load %x[%n] mask %mask : f32x8
    %w = load %x[%n] stride 3 : f32x8
    %at = load %i[%n] : i64x8
    %g = load %x[%at] gather mask %mask : f32x8
    %f = fma %v, %w, %g
    %e = exp %f
    store %y[%n], %e stride 2 mask %mask
    store %y[%n], %e non_temporal
    for %k = 0 to 4 step 1 unroll {
      store %scratch[%k], %t
    }
    %sum = reduce add %e
    %one = extract %e lane 3
    %put = insert %e, %one lane 0
    %two = shuffle %e, %put [0, 8, 1, 9]
    %c = convert %two : f64x4
    %m = if %yes {
      yield %sum
    } else {
      yield %t
    }
    if %yes {
      store %scratch[0], %m
    }
    yield %put, %m
  }
}

step digits train capacity 10 arena 4096 {
  %image: f32[N, 784] = input 0
  %at: i64[4 * N, 2] = input 1
  @dense1.w: f32[784] = variable
  %sgd.rate: f64[] = setting
  %probability: f32[] = output 0
  %d.z1: f32[N, 30] = arena 64
  %late: f32[] = arena
  phase {
    @every(%image, %at, @dense1.w) tasks N by 4
    @every(%image, %at, %d.z1)
  }
  phase {
  }
}

step digits predict capacity 10 arena 128 {
  %t: i64[] = arena 0
  %s: i64[] = arena 64
  repeat 20 counter %t reversed {
    phase {
    }
    repeat 3 counter %s {
      phase {
      }
    }
  }
  phase {
  }
}
)";

TEST(LoopsText, IsPrintedAsItWasRead) {
  Read result = read(whole);
  EXPECT_EQ(result.problem, "");
  EXPECT_EQ(print(result.program), whole);
}

TEST(LoopsText, OfABuiltKernelIsReadBack) {
  Builder builder("scale");
  RegisterId x = builder.parameter(DType::f32, false, "x");
  RegisterId y = builder.parameter(DType::f32, true, "y");
  RegisterId zero = builder.integer(0);
  std::vector<RegisterId> sum = builder.loop(
      zero, builder.batch(), 1, {builder.number(0, {DType::f32})},
      [&](RegisterId i, const std::vector<RegisterId>& carried) -> std::vector<RegisterId> {
        RegisterId offset = builder.add(builder.mul(i, builder.integer(30)), builder.integer(0));
        return {builder.apply(Function::add, {carried[0], builder.load(x, offset, 1)})};
      });
  builder.store(y, zero, sum[0]);
  Program program;
  program.kernels.push_back(builder.take());
  EXPECT_THAT(verify(program), ElementsAre());
  std::string text = print(program);
  Read result = read(text);
  EXPECT_EQ(result.problem, "");
  EXPECT_EQ(print(result.program), text);
  EXPECT_THAT(verify(result.program), ElementsAre());
}

TEST(LoopsBuilder, SharesConstantsAndOffsetsOfOpenRegionsOnly) {
  Builder builder("k");
  RegisterId n = builder.batch();
  EXPECT_EQ(builder.integer(4), builder.integer(4));
  EXPECT_EQ(builder.mul(n, builder.integer(4)), builder.mul(builder.integer(4), n));
  EXPECT_EQ(builder.add(n, builder.integer(0)), n);
  EXPECT_EQ(*builder.constant(builder.mul(builder.integer(6), builder.integer(7))), 42);
  RegisterId inside;
  builder.loop(builder.integer(0), n, 1, {}, [&](RegisterId, const std::vector<RegisterId>&) {
    inside = builder.integer(99);
    return std::vector<RegisterId>{};
  });
  EXPECT_NE(builder.integer(99), inside);
}

TEST(LoopsSyntax, SaysWhatItExpected) {
  EXPECT_THAT(read("kernel k").problem, HasSubstr("expected the kernel's name, `@name`"));
  EXPECT_THAT(read("kernel @k() { %x = frob %y }").problem, HasSubstr("no instruction `frob`"));
  EXPECT_THAT(read("kernel @k() { %x = exp %y }").problem, HasSubstr("`%y` is not defined"));
  EXPECT_THAT(read("kernel @k(%p: f33*) {}").problem, HasSubstr("no type `f33`"));
  EXPECT_THAT(read("kernel @k(%p: f32x1*) {}").problem, HasSubstr("2 to 1024 lanes"));
  EXPECT_THAT(read("kernel @k() { %a = constant 1 : i64x2 %a = constant 2 : i64x2 }").problem,
              HasSubstr("`%a` is defined twice"));
  EXPECT_THAT(read("kernel @k() { for %i = 0 to N step x {} }").problem, HasSubstr("the step"));
  EXPECT_THAT(read("kernel @k() {").problem, HasSubstr("found the end"));
  EXPECT_THAT(read("step m e capacity 1 { phase { @k() } }").problem, HasSubstr("no kernel `@k`"));
  EXPECT_THAT(read("step m e capacity 1 { @x: f32[] = arena }").problem, HasSubstr("`variable`"));
}

TEST(LoopsSyntax, RefusesDeepNesting) {
  std::string text = "kernel @k() {";
  for (int i = 0; i < 100000; ++i) text += "for %i" + std::to_string(i) + " = 0 to N step 1 {";
  EXPECT_THAT(read(text).problem, HasSubstr("more than 256 regions"));
}

/// The rules that a kernel with this body breaks.
std::vector<std::string> broken(const std::string& body) {
  Read result = read("kernel @k(%x: f32*, %y: mut f32*) {\n" + body + "\n}");
  EXPECT_EQ(result.problem, "");
  return verify(result.program);
}

TEST(LoopsVerifier, NamesTheBrokenRule) {
  EXPECT_THAT(broken(""), ElementsAre());
  EXPECT_THAT(broken("%v = load %x[0] : f64"), ElementsAre(HasSubstr("the address is f32*")));
  EXPECT_THAT(broken("%v = load %x[0] : f32 store %x[0], %v"),
              ElementsAre(HasSubstr("%x is not `mut`")));
  EXPECT_THAT(broken("for %i = 0 to 2 step 1 { %v = iota : i64x2 } %w = neg %v"),
              ElementsAre(HasSubstr("%v is used where it is not defined")));
  EXPECT_THAT(broken("for %i = 0 to 2 step 0 {}"), ElementsAre(HasSubstr("the step is 0")));
  EXPECT_THAT(broken("%a = exp 3"), ElementsAre(HasSubstr("is not defined for i64")));
  EXPECT_THAT(broken("%a = constant 1 : f32 %b = add 3, %a"),
              ElementsAre(HasSubstr("an operand is i64, not f32")));
  EXPECT_THAT(broken("%a = iota : i64x2 %b = extract %a lane 2"),
              ElementsAre(HasSubstr("no lane 2")));
  EXPECT_THAT(broken("%a = constant 1 : f32 %b = for %i = 0 to 2 step 1 carry %c = %a {}"),
              ElementsAre(HasSubstr("yields 0 values for 1 results")));
  EXPECT_THAT(broken("%a = add %x, %x"), ElementsAre(HasSubstr("takes a pointer")));
  EXPECT_THAT(broken("yield 3"), ElementsAre(HasSubstr("ends no region")));
  EXPECT_THAT(broken("%m = constant 1 : boolx4 %v = load %x[0] mask %m : f32x8"),
              ElementsAre(HasSubstr("the mask is boolx4, not boolx8")));
}

TEST(LoopsVerifier, ChecksCallsAndPhases) {
  auto problems = [](const std::string& step) {
    Read result = read("kernel @k(%x: f32*, %y: mut f32*) {}\nstep m e capacity 4 " + step);
    EXPECT_EQ(result.problem, "");
    return verify(result.program);
  };
  std::string buffers = "{ %a: f32[N] = input 0 %b: f32[N] = arena %c: f64[N] = arena ";
  EXPECT_THAT(problems(buffers + "phase { @k(%a, %b) } }"), ElementsAre());
  EXPECT_THAT(problems(buffers + "phase { @k(%a) } }"), ElementsAre(HasSubstr("gets 1 arguments")));
  EXPECT_THAT(problems(buffers + "phase { @k(%a, %c) } }"), ElementsAre(HasSubstr("f64[N]")));
  EXPECT_THAT(problems(buffers + "phase { @k(%b, %a) } }"), ElementsAre(HasSubstr("the caller's")));
  EXPECT_THAT(problems(buffers + "phase { @k(%b, %b) } }"), ElementsAre(HasSubstr("overlaps")));
  EXPECT_THAT(problems(buffers + "phase { @k(%a, %b) @k(%a, %b) } }"),
              testing::Contains(HasSubstr("in the same phase")));
  EXPECT_THAT(problems("arena 64 { %a: f32[N] = arena 60 }"), ElementsAre(HasSubstr("lies at 60")));
  EXPECT_THAT(problems("arena 64 { %a: f32[N] = arena 64 }"), ElementsAre(HasSubstr("lies at 64")));
}

TEST(LoopsVerifier, ChecksRepeats) {
  auto problems = [](const std::string& phases) {
    Read result = read(
        "kernel @k(%x: mut i64*) {}\nstep m e capacity 4 { %t: i64[] = arena %u: i64[] = arena "
        "%i: i64[] = input 0 %f: f32[] = arena " +
        phases + "}");
    EXPECT_EQ(result.problem, "");
    return verify(result.program);
  };
  EXPECT_THAT(problems("repeat 2 counter %t { repeat 3 counter %u { phase {} } }"), ElementsAre());
  EXPECT_THAT(problems("repeat 2 counter %t {} phase {}"), ElementsAre(HasSubstr("of 0 phases")));
  EXPECT_THAT(problems("repeat 0 counter %t { phase {} }"), ElementsAre(HasSubstr("0 times")));
  EXPECT_THAT(problems("repeat 2 counter %t { repeat 3 counter %t { phase {} } }"),
              ElementsAre(HasSubstr("no counter of its own")));
  EXPECT_THAT(problems("repeat 2 counter %i { phase {} }"), ElementsAre(HasSubstr("counter i is")));
  EXPECT_THAT(problems("repeat 2 counter %f { phase {} }"), ElementsAre(HasSubstr("counter f is")));
  EXPECT_THAT(problems("repeat 2 counter %t { phase { @k(%t) } }"),
              ElementsAre(HasSubstr("may write a counter")));
  Program program =
      read("step m e capacity 4 { %t: i64[] = arena repeat 2 counter %t { phase {} } }").program;
  program.steps[0].repeats[0].count = 2;
  EXPECT_THAT(verify(program), ElementsAre(HasSubstr("of 2 phases")));
}

}  // namespace
}  // namespace netc::loops
