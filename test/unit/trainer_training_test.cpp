// Training runs from data files to weights: logs, checkpoints, resuming, signals, divergence, and
// the exit code of each way to fail.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <regex>
#include <thread>

#include "runtime/trainer/tensor_file.h"
#include "runtime/trainer/trainer.h"
#include "test/unit/sample_model.h"
#include "test/unit/scratch_folder.h"

namespace {
std::atomic<uint64_t> allocation_count{0};
}

// Not inlined, or the compiler sees `free` where it expects its own `operator delete`.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocation_count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace netc::trainer {
namespace {

std::string idx(const std::vector<uint32_t>& dims, const std::vector<uint8_t>& data) {
  std::string bytes{0, 0, 8, static_cast<char>(dims.size())};
  for (uint32_t dim : dims)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(dim >> shift & 255);
  return bytes + std::string(data.begin(), data.end());
}

class TrainingTest : public testing::Test {
 protected:
  TrainingTest() {
    write_rows("image", "digit", sample::Rows(101));
    write_rows("test-image", "test-digit", sample::Rows(30, 7));
    options_.program = "sample";
    options_.quiet = true;
    options_.threads = 1;
  }

  void write_rows(const std::string& image, const std::string& digit, const sample::Rows& rows) {
    auto count = static_cast<uint32_t>(rows.digit.size());
    folder_.write(image, idx({count, 2, 2}, rows.image));
    folder_.write(digit, idx({count}, rows.digit));
  }

  /// A plan over the folder's files, with further fields (each with a comma before it).
  std::string plan(const std::string& more = "", bool validation = true) {
    std::string text = R"({"model":"sample","entry":"train","directory":")" + folder_.path() +
                       R"(","data":[{"input":"image","kind":"idx","path":"image"},)"
                       R"({"input":"digit","kind":"idx","path":"digit"}],)";
    if (validation)
      text += R"("validation":[{"input":"image","kind":"idx","path":"test-image"},)"
              R"({"input":"digit","kind":"idx","path":"test-digit"}],)";
    return text + R"("batch":8,"epochs":4,"shuffle":true,"seed":3)" + more + "}";
  }

  /// Trains and gives the exit code; `errors_` has what stderr saw.
  int run(const sample::Model& model, const TrainOptions& options) {
    testing::internal::CaptureStderr();
    int code = train(model.model, options);
    errors_ = testing::internal::GetCapturedStderr();
    return code;
  }

  void expect_failure(const sample::Model& model, const TrainOptions& options, int code,
                      const std::string& words) {
    EXPECT_EQ(run(model, options), code);
    EXPECT_NE(errors_.find(words), std::string::npos)
        << "wanted: " << words << "\ngot: " << errors_;
  }

  /// A log without its times.
  std::string log(const std::string& name) {
    return std::regex_replace(folder_.read(name), std::regex("\"seconds\":[0-9.]+"),
                              "\"seconds\":0");
  }

  ScratchFolder folder_;
  TrainOptions options_;
  std::string errors_;
};

TEST_F(TrainingTest, LearnsLogsAndSaves) {
  sample::Model model({plan()});
  options_.log = folder_ / "log";
  options_.save = folder_ / "w";
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  EXPECT_EQ(errors_, "");
  std::istringstream lines(folder_.read("log"));
  std::string line;
  std::regex form(
      R"re(\{"epoch":(\d+),"step":(\d+),"loss":([0-9.e-]+),"validation":\{"loss":([0-9.e-]+),"accuracy":([0-9.e-]+),"perplexity":([0-9.e-]+)\},"seconds":[0-9.]+\})re");
  std::smatch found;
  double first_loss = 0, accuracy = 0;
  for (int epoch = 1; epoch <= 4; ++epoch) {
    ASSERT_TRUE(std::getline(lines, line));
    ASSERT_TRUE(std::regex_match(line, found, form)) << line;
    EXPECT_EQ(std::stoi(found[1]), epoch);
    EXPECT_EQ(std::stoi(found[2]), 13 * epoch);
    if (epoch == 1) first_loss = std::stod(found[3]);
    EXPECT_LE(std::stod(found[3]), first_loss);
    EXPECT_NEAR(std::log(std::stod(found[6])), std::stod(found[4]), 1e-4);
    accuracy = std::stod(found[5]);
  }
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_GT(accuracy, 0.8);
  Result<TensorFile> file = TensorFile::open(folder_ / "w");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->names(), std::vector<std::string>({"dense1.b", "dense1.w"}));
}

TEST_F(TrainingTest, WithoutATerminalALineAnEpoch) {
  sample::Model model({plan()});
  options_.quiet = false;
  options_.epochs = 2;
  ASSERT_EQ(run(model, options_), exit_done);
  EXPECT_TRUE(std::regex_search(
      errors_,
      std::regex("^epoch 1/2  step 13  loss [0-9.]+  validation: loss [0-9.]+  accuracy [0-9.]+  "
                 "perplexity [0-9.]+  [0-9,]+ rows/s  [0-9.]+ s\nepoch 2/2 .*\n$")))
      << errors_;
}

TEST_F(TrainingTest, TheSameWeightsForAnyNumberOfThreads) {
  sample::Model model({plan()});
  for (int threads : {1, 2}) {
    options_.threads = threads;
    options_.save = folder_ / ("w" + std::to_string(threads));
    ASSERT_EQ(run(model, options_), exit_done) << errors_;
  }
  EXPECT_EQ(folder_.read("w1"), folder_.read("w2"));
}

TEST_F(TrainingTest, SeedsDiffer) {
  sample::Model model({plan()});
  options_.save = folder_ / "a";
  ASSERT_EQ(run(model, options_), exit_done);
  options_.seed = 4;
  options_.save = folder_ / "b";
  ASSERT_EQ(run(model, options_), exit_done);
  EXPECT_NE(folder_.read("a"), folder_.read("b"));
}

/// A run stopped after some steps and resumed is, bit for bit, the unbroken one.
class ResumeTest : public TrainingTest, public testing::WithParamInterface<int64_t> {};

TEST_P(ResumeTest, GoesOnAsIfItHadNeverStopped) {
  sample::Model model({plan(R"(,"early_stop":3)"), plan()}, true);
  options_.save = folder_ / "whole";
  options_.log = folder_ / "whole-log";
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  options_.save = folder_ / "parts";
  options_.log = folder_ / "parts-log";
  options_.checkpoint = folder_ / "checkpoint";
  options_.steps = GetParam();
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  options_.resume = options_.checkpoint;
  options_.steps.reset();
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  EXPECT_EQ(folder_.read("whole"), folder_.read("parts"));
  EXPECT_EQ(log("whole-log"), log("parts-log"));
}
// In the first epoch, at its end, within a later one, in the second block, at the very end.
INSTANTIATE_TEST_SUITE_P(Steps, ResumeTest, testing::Values(0, 1, 13, 40, 52, 53, 70, 104));

TEST_F(TrainingTest, SurvivesAKillAtAnyMoment) {
  sample::Model model({plan()});
  options_.epochs = 30;
  options_.save = folder_ / "whole";
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  options_.save = folder_ / "parts";
  options_.checkpoint = folder_ / "checkpoint";
  options_.checkpoint_every = 3;
  for (int kills = 0; kills < 4; ++kills) {
    pid_t child = fork();
    if (child == 0) _exit(train(model.model, options_));
    std::this_thread::sleep_for(std::chrono::milliseconds(15 + 10 * kills));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (std::filesystem::exists(options_.checkpoint)) options_.resume = options_.checkpoint;
  }
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  EXPECT_EQ(folder_.read("whole"), folder_.read("parts"));
}

TEST_F(TrainingTest, SignalsLetItSaveAndTellInTheExitCode) {
  sample::Model model({plan()});
  options_.epochs = 1000000;
  options_.checkpoint = folder_ / "checkpoint";
  for (int signal : {SIGINT, SIGTERM}) {
    options_.save = folder_ / std::to_string(signal);
    std::filesystem::remove(options_.checkpoint);
    pid_t child = fork();
    if (child == 0) _exit(train(model.model, options_));
    for (int i = 0; i < 1000 && !std::filesystem::exists(options_.checkpoint); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal);
    EXPECT_TRUE(TensorFile::open(options_.save));
    EXPECT_TRUE(TensorFile::open(options_.checkpoint));
  }
}

TEST_F(TrainingTest, EarlyStopRestoresTheBestWeights) {
  sample::Model model({plan(R"(,"early_stop":2)")});
  // A rate this high makes the validation loss jump about.
  model.setting_table[sample::rate].value = 12;
  options_.epochs = 200;
  options_.log = folder_ / "log";
  options_.save = folder_ / "w";
  ASSERT_EQ(run(model, options_), exit_done) << errors_;
  std::istringstream lines(folder_.read("log"));
  std::string line;
  std::vector<double> losses;
  std::smatch found;
  while (std::getline(lines, line)) {
    ASSERT_TRUE(
        std::regex_search(line, found, std::regex("\"validation\":\\{\"loss\":([0-9.e-]+)")));
    losses.push_back(std::stod(found[1]));
  }
  size_t best =
      static_cast<size_t>(std::min_element(losses.begin(), losses.end()) - losses.begin());
  EXPECT_EQ(losses.size(), best + 3);
  EvaluateOptions evaluation;
  evaluation.load = options_.save;
  evaluation.format = Format::json;
  testing::internal::CaptureStdout();
  ASSERT_EQ(evaluate(model.model, evaluation), exit_done);
  std::string printed = testing::internal::GetCapturedStdout();
  ASSERT_TRUE(
      std::regex_search(printed, found, std::regex("\\{\"validation\":\\{\"loss\":([0-9.e-]+)")));
  EXPECT_NEAR(std::stod(found[1]), losses[best], 1e-6 * losses[best]);
}

TEST_F(TrainingTest, SavesAveragedWeights) {
  sample::Model averaged({plan()}, true), plain({plan()}, false);
  options_.save = folder_ / "averaged";
  ASSERT_EQ(run(averaged, options_), exit_done);
  options_.save = folder_ / "plain";
  ASSERT_EQ(run(plain, options_), exit_done);
  EXPECT_NE(folder_.read("averaged"), folder_.read("plain"));
}

TEST_F(TrainingTest, DivergenceNamesWhatWentBadFirst) {
  sample::Model model({plan()});
  // Steps this large overflow the loss, while the weights stay finite.
  model.setting_table[sample::rate].value = 1e10;
  expect_failure(model, options_, exit_diverged,
                 "the loss is inf at step 2; all weights were finite");
  model.setting_table[sample::rate].value = INFINITY;
  options_.save = folder_ / "w";
  expect_failure(model, options_, exit_diverged, "training diverged: the loss is ");
  EXPECT_TRUE(
      std::regex_search(errors_, std::regex("; the first to go bad was `dense1.[wb]`, whose "
                                            "element \\d+ was -?(inf|nan) after step \\d+")))
      << errors_;
  EXPECT_FALSE(std::filesystem::exists(options_.save));
}

TEST_F(TrainingTest, DivergenceKeepsTheLastGoodCheckpoint) {
  sample::Model model({plan()});
  options_.checkpoint = folder_ / "checkpoint";
  options_.epochs = 1;
  ASSERT_EQ(run(model, options_), exit_done);
  std::string good = folder_.read("checkpoint");
  options_.resume = options_.checkpoint;
  options_.epochs = 4;
  options_.save = folder_ / "w";
  model.setting_table[sample::rate].value = 3e38;
  expect_failure(model, options_, exit_diverged, "has the weights of step 13, the last good ones");
  EXPECT_EQ(folder_.read("checkpoint"), good);
  EXPECT_TRUE(TensorFile::open(options_.save));
}

TEST_F(TrainingTest, DataThatDoNotFit) {
  sample::Model model({plan()});
  std::vector<uint8_t> many(101 * 3);
  folder_.write("image", idx({101, 3, 1}, many));
  expect_failure(model, options_, exit_mismatch,
                 "image: this is u8[101, 3, 1], but input `image` is u8[N, 2, 2]");
  write_rows("image", "unused", sample::Rows(100));
  expect_failure(model, options_, exit_mismatch,
                 "digit has 101 rows for `digit`, but image has 100 for `image`");
  write_rows("image", "digit", sample::Rows(101));
  sample::Rows rows(101);
  rows.digit[77] = 9;
  write_rows("image", "digit", rows);
  expect_failure(model, options_, exit_mismatch,
                 "digit: input `digit`, row 77: 9 is not from 0 to 2");
  std::filesystem::remove(folder_ / "digit");
  expect_failure(model, options_, exit_bad_input, "digit: No such file or directory");
  folder_.write("digit", idx({0}, {}));
  folder_.write("image", idx({0, 2, 2}, {}));
  expect_failure(model, options_, exit_mismatch, "no rows");
}

TEST_F(TrainingTest, TheDataFolderReplacesThePlans) {
  ScratchFolder elsewhere;
  for (const char* name : {"image", "digit", "test-image", "test-digit"}) {
    elsewhere.write(name, folder_.read(name));
    std::filesystem::remove(folder_ / name);
  }
  sample::Model model({plan()});
  EXPECT_EQ(run(model, options_), exit_bad_input);
  options_.data = elsewhere.path();
  EXPECT_EQ(run(model, options_), exit_done) << errors_;
}

TEST_F(TrainingTest, CheckpointsThatDoNotFit) {
  sample::Model model({plan()});
  options_.epochs = 1;
  options_.checkpoint = folder_ / "checkpoint";
  options_.save = folder_ / "w";
  ASSERT_EQ(run(model, options_), exit_done);
  TrainOptions other = options_;
  other.resume = options_.save;
  expect_failure(model, other, exit_mismatch, "w: this is no resumable checkpoint");
  other.resume = options_.checkpoint;
  sample::Model wider({plan()});
  int64_t dims[] = {4, 5};
  wider.variable_table[0].dims = dims;
  wider.variable_table[3].name = "optimizer.m.dense1.b";
  expect_failure(wider, other, exit_mismatch,
                 "checkpoint is no checkpoint of sample; 3 differences:");
  EXPECT_NE(errors_.find("`dense1.w` is f32[4, 5] in the model, but f32[4, 3] in the file"),
            std::string::npos);
  EXPECT_NE(errors_.find("the model lacks `optimizer.velocity.dense1.b`, f32[3]"),
            std::string::npos);
  other.seed = 99;
  expect_failure(model, other, exit_mismatch, "the run began with seed 3, now it is 99");
  other.seed.reset();
  other.batch = 4;
  expect_failure(model, other, exit_mismatch, "the run began with batch 8, now it is 4");
  other.batch.reset();
  other.resume = folder_ / "absent";
  expect_failure(model, other, exit_bad_input, "No such file");
  std::string bytes = folder_.read("checkpoint");
  other.resume = folder_.write("cut", bytes.substr(0, bytes.size() - 10));
  expect_failure(model, other, exit_bad_input, "cut");
}

TEST_F(TrainingTest, OutputThatCannotBeWritten) {
  sample::Model model({plan()});
  options_.save = "/dev/full";
  expect_failure(model, options_, exit_output, "/dev/full: No space left on device");
  options_.save = folder_ / "no/such/folder/w";
  expect_failure(model, options_, exit_output, "No such file or directory");
  options_.save = "";
  options_.log = "/dev/full";
  expect_failure(model, options_, exit_output, "/dev/full: No space left on device");
  options_.log = "";
  options_.checkpoint = "/dev/full";
  expect_failure(model, options_, exit_output, "/dev/full: No space left on device");
}

TEST_F(TrainingTest, ABatchBeyondTheCapacity) {
  sample::Model model({plan()});
  options_.batch = 9;
  expect_failure(model, options_, exit_usage, "a batch of 9 rows: sample is compiled for 1 to 8");
}

TEST_F(TrainingTest, StepsAfterTheFirstAllocateNothing) {
  sample::Model model({plan("", false)});
  auto allocations = [&](int64_t steps) {
    options_.steps = steps;
    uint64_t before = allocation_count;
    EXPECT_EQ(train(model.model, options_), exit_done);
    return allocation_count - before;
  };
  allocations(2);
  EXPECT_EQ(allocations(2), allocations(12));
}

TEST_F(TrainingTest, WithoutATrainBlock) {
  sample::Model model;
  expect_failure(model, options_, exit_bad_input, "sample has no `train` block");
}

}  // namespace
}  // namespace netc::trainer
