// Prediction, gradients and the command line of emitted programs.
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/core/safetensors.h"
#include "runtime/trainer/readers.h"
#include "runtime/trainer/tensor_file.h"
#include "runtime/trainer/trainer.h"
#include "test/unit/sample_model.h"
#include "test/unit/scratch_folder.h"

namespace netc::trainer {
namespace {

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    int64_t image_dims[] = {8, 2, 2}, digit_dims[] = {8};
    netc_to_store tensors[] = {{"digit", NETC_U8, 1, digit_dims, rows_.digit.data()},
                               {"image", NETC_U8, 3, image_dims, rows_.image.data()}};
    char error[200];
    netc_safetensors_write((folder_ / "in.safetensors").c_str(), tensors, 2, nullptr, 0, error,
                           sizeof error);
  }

  int main(std::vector<std::string> words) {
    words.insert(words.begin(), "/bin/digits");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    const netc_model* models[] = {&model_.model};
    int code = netc_trainer_main(static_cast<int>(pointers.size()), pointers.data(), models, 1);
    errors_ = testing::internal::GetCapturedStderr();
    printed_ = testing::internal::GetCapturedStdout();
    return code;
  }
  std::vector<float> floats(const Array& array) {
    std::vector<float> values(array.bytes.size() / sizeof(float));
    std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
    return values;
  }

  ScratchFolder folder_;
  sample::Model model_;
  sample::Rows rows_{8};
  std::string errors_, printed_;
};

TEST_F(CommandsTest, PredictsFromSafetensorsAndNpyAlike) {
  ASSERT_EQ(
      main({"predict", "--input", folder_ / "in.safetensors", "-o", folder_ / "out.safetensors"}),
      0)
      << errors_;
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (8, 2, 2), }\n";
  std::string npy =
      std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header;
  folder_.write("in.npy", npy + std::string(rows_.image.begin(), rows_.image.end()));
  ASSERT_EQ(main({"predict", "--input=" + (folder_ / "in.npy"), "-o", folder_ / "out.npy"}), 0)
      << errors_;
  Result<Array> one = read_safetensors(folder_ / "out.safetensors", "probability");
  Result<Array> other = read_npy(folder_ / "out.npy");
  ASSERT_TRUE(one);
  ASSERT_TRUE(other) << other.failure().message;
  EXPECT_EQ(one->dims, std::vector<int64_t>({8, 3}));
  EXPECT_EQ(one->dims, other->dims);
  EXPECT_EQ(one->bytes, other->bytes);
  for (size_t r = 0; r < 8; ++r) {
    std::vector<float> p = floats(*one);
    EXPECT_NEAR(p[3 * r] + p[3 * r + 1] + p[3 * r + 2], 1, 1e-6);
  }
}

TEST_F(CommandsTest, GradientWritesLossOutputsAndGradients) {
  GradientOptions options;
  std::string message;
  options.input = open_input(folder_ / "in.safetensors", message);
  ASSERT_TRUE(options.input) << message;
  options.output = folder_ / "g.safetensors";
  ASSERT_EQ(gradient(model_.model, options), exit_done);
  Result<TensorFile> file = TensorFile::open(options.output);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->names(),
            std::vector<std::string>({"grad.dense1.w", "loss", "output.probability"}));
  EXPECT_EQ(file->find("grad.dense1.w")->rank, 2u);
  // The columns of a softmax's gradient add up to nothing.
  std::vector<float> g = floats(*file->read("grad.dense1.w"));
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(g[3 * i] + g[3 * i + 1] + g[3 * i + 2], 0, 1e-6);
}

TEST_F(CommandsTest, BatchRowsAreThoseOfTheInputs) {
  std::string message;
  std::shared_ptr<const InputFile> file = open_input(folder_ / "in.safetensors", message);
  ASSERT_TRUE(file) << message;
  EXPECT_EQ(batch_rows(*file, {"image", "digit"}), 8);
  EXPECT_EQ(batch_rows(*file, {"images"}), std::nullopt);
  EXPECT_FALSE(open_input(folder_ / "absent", message));
  EXPECT_NE(message.find("absent: No such file"), std::string::npos);
}

TEST_F(CommandsTest, InputsThatDoNotFit) {
  EXPECT_EQ(main({"predict", "--input", folder_ / "absent.npy", "-o", folder_ / "o"}), 1);
  folder_.write("in.npy", "nothing");
  EXPECT_EQ(main({"predict", "--input", folder_ / "in.npy", "-o", folder_ / "o"}), 1);
  int64_t dims[] = {16, 2};
  netc_to_store tensor{"image", NETC_U8, 2, dims, rows_.image.data()};
  char error[200];
  netc_safetensors_write((folder_ / "flat").c_str(), &tensor, 1, nullptr, 0, error, sizeof error);
  EXPECT_EQ(main({"predict", "--input", folder_ / "flat", "-o", folder_ / "o"}), 4);
  EXPECT_NE(errors_.find("this is u8[16, 2], but input `image` is u8[N, 2, 2]"), std::string::npos)
      << errors_;
  tensor.name = "picture";
  netc_safetensors_write((folder_ / "named").c_str(), &tensor, 1, nullptr, 0, error, sizeof error);
  EXPECT_EQ(main({"predict", "--input", folder_ / "named", "-o", folder_ / "o"}), 4);
  EXPECT_NE(errors_.find("no tensor `image`; there are `picture`"), std::string::npos) << errors_;
}

TEST_F(CommandsTest, SavesFreshWeightsOfASeed) {
  ASSERT_EQ(main({"save", "--seed", "5", "-o", folder_ / "a"}), 0) << errors_;
  ASSERT_EQ(main({"save", "--seed", "5", "-o", folder_ / "b"}), 0);
  ASSERT_EQ(main({"save", "--seed", "6", "-o", folder_ / "c"}), 0);
  EXPECT_EQ(folder_.read("a"), folder_.read("b"));
  EXPECT_NE(folder_.read("a"), folder_.read("c"));
  EXPECT_EQ(main({"save", "-o", "/dev/full"}), 74);
}

TEST_F(CommandsTest, CommandLinesThatAreWrong) {
  EXPECT_EQ(main({}), 2);
  EXPECT_EQ(main({"trian"}), 2);
  EXPECT_EQ(errors_,
            "digits: error: `trian` is no command; did you mean `train`?; try `digits --help`\n");
  EXPECT_EQ(main({"train", "--epoch", "3"}), 2);
  EXPECT_NE(errors_.find("did you mean `--epochs`?"), std::string::npos) << errors_;
  EXPECT_EQ(main({"train", "--epochs", "many"}), 2);
  EXPECT_EQ(main({"train", "--epochs"}), 2);
  EXPECT_EQ(main({"train", "--threads", "0"}), 2);
  EXPECT_EQ(main({"eval", "--epochs", "3"}), 2);
  EXPECT_EQ(main({"train", "--checkpoint-every", "3"}), 2);
  EXPECT_EQ(main({"predict"}), 2);
}

TEST_F(CommandsTest, HelpGoesToStandardOutput) {
  EXPECT_EQ(main({"--help"}), 0);
  EXPECT_EQ(errors_, "");
  EXPECT_NE(printed_.find("--checkpoint-every N"), std::string::npos);
}

}  // namespace
}  // namespace netc::trainer
