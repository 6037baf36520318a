// Libraries, objects and executables as their users see them: built here, used by a C program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "codegen/codegen.h"
#include "ir/loops/text.h"

namespace netc {
namespace {

using testing::HasSubstr;
using testing::Not;

/// As the archives of this build want to be linked.
#ifdef __SANITIZE_ADDRESS__
const std::string compiler = "cc -fsanitize=address,undefined";
#else
const std::string compiler = "cc";
#endif

// w moves towards the mean of x; the prediction is x * w.
constexpr char text[] = R"(
kernel @move(%x: f32*, %rate: f64*, %w: mut f32*, %loss: mut f32*) {
  %zero = constant 0 : f32
  %sum = for %i = 0 to N step 1 carry %s = %zero {
    %v = load %x[%i] : f32
    %t = add %s, %v
    yield %t
  }
  %n = convert N : f32
  %mean = div %sum, %n
  %old = load %w[0] : f32
  %d = sub %mean, %old
  %r = load %rate[0] : f64
  %s32 = convert %r : f32
  %change = mul %s32, %d
  %new = add %old, %change
  store %w[0], %new
  %square = mul %d, %d
  store %loss[0], %square
}
kernel @scale(%x: f32*, %w: f32*, %y: mut f32*) {
  %first = mul task, 2
  %past = add %first, 2
  %last = min %past, N
  %u = load %w[0] : f32
  for %i = %first to %last step 1 {
    %v = load %x[%i] : f32
    %t = mul %u, %v
    store %y[%i], %t
  }
}
step pull train capacity 4 arena 0 {
  %x: f32[N] = input 0
  %rate: f64[] = setting
  @unit.w: f32[] = variable
  %loss: f32[] = output 0
  phase {
    @move(%x, %rate, @unit.w, %loss)
  }
}
step pull predict capacity 4 arena 0 {
  %x: f32[N] = input 0
  @unit.w: f32[] = variable
  %y: f32[N] = output 0
  phase {
    @scale(%x, @unit.w, %y) tasks N by 2
  }
}
)";

constexpr char c_program[] = R"(
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "pull.h"
int main(void) {
  pull *model = NULL, *other = NULL;
  float x[PULL_CAPACITY] = {1, 2, 3, 6}, y[6] = {0}, loss, w = 0;
  const float many[6] = {1, 2, 3, 4, 5, 6};
  if (pull_create(&model, NULL) || pull_create(&other, NULL)) return 1;
  for (int i = 0; i < 200; ++i)
    if (pull_train_step(model, PULL_CAPACITY, x, &loss)) return 2;
  if (pull_get_tensor(model, PULL_UNIT_W_NAME, &w) || fabsf(w - 3) > 1e-5f) return 3;
  if (pull_predict(model, 6, many, y) || fabsf(y[5] - 18) > 1e-4f) return 4;
  if (!pull_train_step(model, PULL_CAPACITY + 1, x, NULL)) return 5;
  if (strlen(pull_error(model)) == 0) return 6;
  if (pull_set(model, "rate", 1) || pull_train_step(model, 1, x, NULL)) return 7;
  if (pull_get_tensor(model, PULL_UNIT_W_NAME, &w) || w != 1) return 8;
  if (pull_get_tensor(other, PULL_UNIT_W_NAME, &w) || w != 0) return 9;
  pull_destroy(model);
  pull_destroy(other);
  puts("fine");
  return 0;
}
)";

class CodegenLibrary : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("netc-library-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    SourceMap sources;
    Diagnostics diagnostics;
    program_ = loops::parse_program(sources, sources.add("test.loops", text), diagnostics);
    ASSERT_EQ(render(diagnostics, sources), "");
    describe();
    input_ = {&program_, &models_, {}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void describe() {
    TensorType scalar{DType::f32, {}};
    TensorType rows{DType::f32, {{1, true}}};
    ModelInterface model{.name = "pull", .capacity = 4};
    model.inputs = {{.name = "x", .type = rows, .kind = ValueKind::input}};
    model.variables = {{.name = "unit.w", .type = scalar, .kind = ValueKind::variable}};
    model.settings = {
        {.name = "rate", .type = {DType::f64, {}}, .kind = ValueKind::setting, .setting = 0.25}};
    model.entries = {{"train", {0}, {{ResultKind::loss, "", {}}}, {scalar}},
                     {"predict", {0}, {{ResultKind::output, "y", {}}}, {rows}}};
    models_ = {model};
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }

  /// The command's exit code; what it printed is in `output_`.
  int shell(const std::string& command) {
    int status = std::system(("cd " + folder_.string() + " && " + command + " >out 2>&1").c_str());
    std::stringstream read;
    read << std::ifstream(path("out")).rdbuf();
    output_ = read.str();
    return status;
  }

  std::string object(const TargetOptions& target = {}) {
    Result<std::string> bytes = emit(input_, target, Emission::object);
    EXPECT_TRUE(bytes.ok()) << bytes.error();
    return *bytes;
  }

  std::filesystem::path folder_;
  loops::Program program_;
  std::vector<ModelInterface> models_;
  CodegenInput input_;
  std::string output_;
};

TEST_F(CodegenLibrary, IsUsedFromC) {
  write("pull.h", emit_header(input_));
  write("main.c", c_program);
  Status linked = link_shared(object(), path("libpull.so"));
  ASSERT_TRUE(linked.ok()) << linked.error();
  ASSERT_EQ(shell(compiler + " -Wall -Wextra -Werror main.c ./libpull.so -lm -o main"), 0) << output_;
  EXPECT_EQ(shell("./main"), 0) << output_;
  EXPECT_EQ(output_, "fine\n");
}

TEST_F(CodegenLibrary, ShowsOnlyItsFunctionsAndNeedsOnlyC) {
  Status linked = link_shared(object(), path("libpull.so"));
  ASSERT_TRUE(linked.ok()) << linked.error();
  ASSERT_EQ(shell("nm -D --defined-only libpull.so | cut -d' ' -f3 | sort | tr '\n' ' '"), 0);
  EXPECT_EQ(output_,
            "pull_create pull_destroy pull_error pull_get_tensor pull_load pull_memory_bytes "
            "pull_predict pull_save pull_set pull_set_tensor pull_train_step ");
  ASSERT_EQ(shell("readelf -d libpull.so | grep NEEDED"), 0);
  EXPECT_THAT(output_, Not(HasSubstr("stdc++")));
  EXPECT_THAT(output_, Not(HasSubstr("gcc_s")));
}

TEST_F(CodegenLibrary, ObjectsLinkWithTheRuntime) {
  write("pull.h", emit_header(input_));
  write("main.c", c_program);
  write("pull.o", object({.cpu = "x86-64"}));
  models_[0].name = "push";
  for (loops::Step& step : program_.steps) step.model = "push";
  write("push.o", object());
  std::string archive = std::string(NETC_BINARY_DIR) + "/lib/libnetc_rt.a";
  ASSERT_EQ(shell(compiler + " main.c pull.o push.o " + archive + " -lm -pthread -o main"), 0) << output_;
  EXPECT_EQ(shell("./main"), 0) << output_;
}

TEST_F(CodegenLibrary, LesserProcessorsAreRefusedInWords) {
  if (__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this processor has what the code asks for";
  write("pull.h", emit_header(input_));
  write("main.c", R"(
#include <stdio.h>
#include "pull.h"
int main(void) {
  pull *model = NULL;
  if (pull_create(&model, NULL) == 0) return 1;
  puts(pull_error(model));
  pull_destroy(model);
  return 0;
}
)");
  Status linked = link_shared(object({.cpu = "x86-64-v4"}), path("libpull.so"));
  ASSERT_TRUE(linked.ok()) << linked.error();
  ASSERT_EQ(shell(compiler + " main.c ./libpull.so -o main"), 0) << output_;
  EXPECT_EQ(shell("./main"), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("avx512f"));
}

TEST_F(CodegenLibrary, ExecutablesTellHowTheyAreUsed) {
  Status linked = link_executable(object(), path("pull"));
  ASSERT_TRUE(linked.ok()) << linked.error();
  EXPECT_EQ(shell("./pull --help"), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("train"));
  ASSERT_EQ(shell("readelf -d pull | grep NEEDED"), 0);
  EXPECT_THAT(output_, Not(HasSubstr("stdc++")));
}

TEST_F(CodegenLibrary, OutputIsTheSameEveryTime) {
  EXPECT_EQ(emit_header(input_), emit_header(input_));
  EXPECT_EQ(object(), object());
  Result<std::string> once = emit(input_, {}, Emission::llvm);
  Result<std::string> twice = emit(input_, {}, Emission::llvm);
  EXPECT_EQ(*once, *twice);
  EXPECT_THAT(*once, HasSubstr("define i32 @pull_train_step"));
  EXPECT_THAT(*emit(input_, {}, Emission::assembly), HasSubstr("pull_train_step:"));
}

TEST_F(CodegenLibrary, HeadersAreForCAndCxx) {
  write("pull.h", emit_header(input_));
  write("a.c", "#include \"pull.h\"\n#include \"pull.h\"\n");
  write("a.cpp", "#include \"pull.h\"\nint sizes[] = {PULL_INPUT_X_ROW_ELEMENTS};\n");
  EXPECT_EQ(shell("cc -std=c99 -Wall -Wextra -pedantic -Werror -c a.c"), 0) << output_;
  EXPECT_EQ(shell("c++ -Wall -Wextra -pedantic -Werror -c a.cpp"), 0) << output_;
}

TEST(CodegenTarget, UnknownCpusAreRefusedWithTheNearestName) {
  EXPECT_TRUE(check_target({}).ok());
  EXPECT_TRUE(check_target({.cpu = "x86-64-v3"}).ok());
  Status status = check_target({.cpu = "znver44"});
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error(), HasSubstr("did you mean `znver4`?"));
  EXPECT_FALSE(check_target({.triple = "riscv64-linux-gnu"}).ok());
}

}  // namespace
}  // namespace netc
