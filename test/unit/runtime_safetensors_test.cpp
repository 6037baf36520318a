// Safetensors: what is written reads back, and headers that lie are refused in words.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "runtime/core/replace_file.h"
#include "runtime/core/safetensors.h"
#include "test/unit/sample_model.h"

namespace {

std::string with_header(const std::string& header, size_t data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> 8 * i & 255);
  return bytes + header + std::string(data, 'x');
}

/// The words of the refusal; empty if the bytes are accepted.
std::string parse(const std::string& bytes) {
  // A copy of exactly this size lets the sanitizers see a read beyond the end.
  std::unique_ptr<unsigned char[]> copy(new unsigned char[bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get());
  netc_safetensors file;
  char error[1000] = "";
  int status = netc_safetensors_parse(&file, copy.get(), bytes.size(), "f", error, sizeof error);
  if (status == NETC_OK) netc_safetensors_close(&file);
  EXPECT_EQ(status == NETC_OK, error[0] == 0);
  return error;
}

std::string parse_header(const std::string& header, size_t data = 0) {
  return parse(with_header(header, data));
}

std::string tensor(const char* name, const char* shape, size_t begin, size_t end,
                   const char* dtype = "F32") {
  std::ostringstream text;
  text << '"' << name << "\":{\"dtype\":\"" << dtype << "\",\"shape\":" << shape
       << ",\"data_offsets\":[" << begin << ',' << end << "]}";
  return text.str();
}

TEST(Safetensors, AcceptsGoodHeaders) {
  EXPECT_EQ(parse_header("{}"), "");
  EXPECT_EQ(parse_header("{" + tensor("a", "[2]", 0, 8) + "}  ", 8), "");
  EXPECT_EQ(
      parse_header("{\"__metadata__\":{\"a\\u00e9\":\"b\"}," + tensor("b", "[]", 8, 12) + "," +
                       tensor("a", "[2]", 0, 8) + "," + tensor("empty", "[0,5]", 8, 8) + "}",
                   12),
      "");
}

TEST(Safetensors, RefusesWhatLies) {
  struct Case {
    std::string bytes;
    const char* words;
  } cases[] = {
      {"", "too few"},
      {std::string(8, '\0'), "no safetensors file"},
      {"PK\3\4 this is a zip archive", "no safetensors file"},
      {with_header("{}", 0).substr(0, 9), "but 1 follow"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), "truncated, or no safetensors"},
      {with_header("{" + tensor("a", "[2]", 0, 8) + "}", 7), "beyond the end of the file"},
      {with_header("{" + tensor("a", "[2]", 0, 8) + "}", 9),
       "9 bytes of data, but the header describes 8"},
      {with_header("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[2]", 4, 12) + "}", 12),
       "`b` overlaps"},
      {with_header("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[1]", 12, 16) + "}", 16),
       "gap"},
      {with_header("{" + tensor("a", "[1]", 0, 4) + "," + tensor("a", "[1]", 4, 8) + "}", 8),
       "`a` is there twice"},
      {with_header("{" + tensor("a", "[3]", 0, 8) + "}", 8), "do not have the size"},
      {with_header("{" + tensor("a", "[4294967296,4294967296]", 0, 0) + "}", 0), "overflows"},
      {with_header("{" + tensor("a", "[4611686018427387904]", 0, 0) + "}", 0), "overflows"},
      {with_header("{" + tensor("a", "[99999999999999999999]", 0, 0) + "}", 0), "too large"},
      {with_header("{" + tensor("a", "[9223372036854775808]", 0, 0) + "}", 0), "too large"},
      {with_header("{" + tensor("a", "[-1]", 0, 4) + "}", 4), "whole number"},
      {with_header("{" + tensor("a", "[1.5]", 0, 4) + "}", 4), "whole number"},
      {with_header("{" + tensor("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 4) + "}", 4),
       "16 dimensions"},
      {with_header("{" + tensor("a", "[2]", 8, 0) + "}", 8), "backwards"},
      {with_header("{" + tensor("a", "[2]", 0, 8, "Q32") + "}", 8), "element type"},
      {with_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8), "lacks"},
      {with_header("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 8), "repeated"},
      {with_header("{\"a\":{\"shape\":[1],\"data_offsets\":[0,4,8],\"dtype\":\"U8\"}}", 8),
       "two numbers"},
      {with_header("{\"a", 0), "no end"},
      {with_header("{\"a\\", 0), "no end"},
      {with_header("{\"\\ud800\":{}}", 0), "character"},
      {with_header("{\"a\":" + std::string(100000, '[') + "}", 0), "damaged"},
      {with_header("{}{}", 0), "something follows"},
      {with_header("{" + tensor("a", "[2]", 0, 8) + " " + tensor("b", "[0]", 8, 8) + "}", 8),
       "comma"},
  };
  for (const Case& c : cases) {
    std::string words = parse(c.bytes);
    EXPECT_NE(words.find(c.words), std::string::npos) << "wanted " << c.words << ", got " << words;
  }
}

TEST(Safetensors, NoPrefixOfAFileIsAccepted) {
  std::string whole =
      with_header("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[1]", 8, 12) + "}", 12);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(parse(whole.substr(0, size)), "");
}

struct Destroy {
  void operator()(netc_handle* handle) const { netc_rt_destroy(handle); }
};

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override { handle_ = create(model_); }
  void TearDown() override { unlink(path_.c_str()); }
  std::unique_ptr<netc_handle, Destroy> create(const sample::Model& model, uint64_t seed = 0) {
    netc_handle* handle = nullptr;
    netc_options options{};
    options.seed = seed;
    EXPECT_EQ(netc_rt_create(&model.model, &handle, &options), NETC_OK);
    return std::unique_ptr<netc_handle, Destroy>(handle);
  }
  std::vector<float> weights(netc_handle* handle) {
    std::vector<float> values(12);
    netc_rt_get_tensor(handle, "dense1.w", values.data());
    return values;
  }

  // A name of its own: the tests run in several processes at once.
  std::string path_ =
      testing::TempDir() + "netc_checkpoint." + std::to_string(getpid()) + ".safetensors";
  sample::Model model_;
  std::unique_ptr<netc_handle, Destroy> handle_;
};

TEST_F(CheckpointTest, SavesAndLoads) {
  ASSERT_EQ(netc_rt_save(handle_.get(), path_.c_str()), NETC_OK) << netc_rt_error(handle_.get());
  auto other = create(model_, 5);
  EXPECT_NE(weights(other.get()), weights(handle_.get()));
  ASSERT_EQ(netc_rt_load(other.get(), path_.c_str()), NETC_OK) << netc_rt_error(other.get());
  EXPECT_EQ(weights(other.get()), weights(handle_.get()));
}

TEST_F(CheckpointTest, RefusesAnotherModelWithTheDifferences) {
  sample::Model other;
  int64_t dims[] = {4, 5};
  other.variable_table[0].dims = dims;
  other.variable_table[1].name = "dense2.b";
  auto wide = create(other);
  ASSERT_EQ(netc_rt_save(wide.get(), path_.c_str()), NETC_OK);
  std::vector<float> before = weights(handle_.get());
  EXPECT_EQ(netc_rt_load(handle_.get(), path_.c_str()), NETC_MISMATCH);
  std::string error = netc_rt_error(handle_.get());
  EXPECT_NE(error.find("3 differences"), std::string::npos) << error;
  EXPECT_NE(error.find("`dense1.w` is f32[4, 3] in the model, but f32[4, 5] in the file"),
            std::string::npos);
  EXPECT_NE(error.find("the file lacks `dense1.b`, f32[3]"), std::string::npos);
  EXPECT_NE(error.find("the model lacks `dense2.b`, f32[3]"), std::string::npos);
  EXPECT_EQ(weights(handle_.get()), before);
}

TEST_F(CheckpointTest, FloatsOfAnotherSizeAreConverted) {
  double w[12], b[3] = {1, 2, 3};
  for (int i = 0; i < 12; ++i) w[i] = i / 8.0;
  int64_t w_dims[] = {4, 3}, b_dims[] = {3};
  netc_to_store tensors[] = {{"dense1.w", NETC_F64, 2, w_dims, w},
                             {"dense1.b", NETC_F64, 1, b_dims, b}};
  char error[400];
  ASSERT_EQ(netc_safetensors_write(path_.c_str(), tensors, 2, nullptr, 0, error, sizeof error), 0);
  ASSERT_EQ(netc_rt_load(handle_.get(), path_.c_str()), NETC_OK) << netc_rt_error(handle_.get());
  EXPECT_EQ(weights(handle_.get())[11], 11 / 8.0f);
}

TEST_F(CheckpointTest, AnAbsentFileIsNamed) {
  EXPECT_EQ(netc_rt_load(handle_.get(), "/nowhere/w"), NETC_BAD_FILE);
  EXPECT_STREQ(netc_rt_error(handle_.get()), "/nowhere/w: No such file or directory");
}

TEST_F(CheckpointTest, AFullDiskIsSaid) {
  EXPECT_EQ(netc_rt_save(handle_.get(), "/dev/full"), NETC_CANNOT_WRITE);
  EXPECT_STREQ(netc_rt_error(handle_.get()), "/dev/full: No space left on device");
  EXPECT_EQ(netc_rt_save(handle_.get(), "/nowhere/w"), NETC_CANNOT_WRITE);
  EXPECT_EQ(netc_rt_save(handle_.get(), testing::TempDir().c_str()), NETC_CANNOT_WRITE);
}

TEST_F(CheckpointTest, ALinkStaysALink) {
  std::string link = path_ + ".link";
  ASSERT_EQ(netc_rt_save(handle_.get(), path_.c_str()), NETC_OK);
  unlink(link.c_str());
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  ASSERT_EQ(netc_rt_save(handle_.get(), link.c_str()), NETC_OK);
  struct stat status;
  ASSERT_EQ(lstat(link.c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  unlink(link.c_str());
}

TEST_F(CheckpointTest, WhatIsNotFinishedReplacesNothing) {
  ASSERT_EQ(netc_rt_save(handle_.get(), path_.c_str()), NETC_OK);
  netc_replacement replacement;
  ASSERT_TRUE(netc_replacement_open(&replacement, path_.c_str()));
  std::fputs("half", replacement.file);
  netc_replacement_abandon(&replacement);
  EXPECT_EQ(netc_rt_load(handle_.get(), path_.c_str()), NETC_OK);
}

}  // namespace
