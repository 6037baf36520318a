// Readers of data files: good files give their values, bad ones precise words.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "runtime/trainer/readers.h"
#include "test/unit/scratch_folder.h"

namespace netc::trainer {
namespace {

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string little_endian(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> 8 * i & 255);
  return bytes;
}

std::string idx(char type, const std::vector<uint32_t>& dims, const std::string& data) {
  std::string bytes{0, 0, type, static_cast<char>(dims.size())};
  for (uint32_t dim : dims) bytes += big_endian(dim);
  return bytes + data;
}

/// Compressed; `window` as zlib's: 31 for gzip, -15 for bare deflate.
std::string compress(const std::string& data, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string gzip(const std::string& data) { return compress(data, 31); }

std::string npy(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + little_endian(header.size(), 2) + header + data;
}

std::string npy_of(const std::string& type, const std::string& shape, const std::string& data,
                   const std::string& fortran = "False") {
  return npy(
      "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n",
      data);
}

/// An archive of one member.
std::string zip(const std::string& name, const std::string& contents, bool deflated,
                uint32_t size_offset = 0) {
  std::string data = deflated ? compress(contents, -15) : contents;
  auto crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(contents.data()),
                                         static_cast<uInt>(contents.size())));
  std::string method = little_endian(deflated ? 8 : 0, 2);
  std::string sizes = little_endian(crc, 4) + little_endian(data.size() + size_offset, 4) +
                      little_endian(contents.size() + size_offset, 4) +
                      little_endian(name.size(), 2);
  std::string local = "PK\3\4" + little_endian(20, 2) + little_endian(0, 2) + method +
                      little_endian(0, 4) + sizes + little_endian(0, 2) + name + data;
  std::string directory = "PK\1\2" + little_endian(20, 2) + little_endian(20, 2) +
                          little_endian(0, 2) + method + little_endian(0, 4) + sizes +
                          std::string(12, '\0') + little_endian(0, 4) + name;
  return local + directory + "PK\5\6" + little_endian(0, 4) + little_endian(1, 2) +
         little_endian(1, 2) + little_endian(directory.size(), 4) + little_endian(local.size(), 4) +
         little_endian(0, 2);
}

class ReadersTest : public testing::Test {
 protected:
  void expect_words(const Result<Array>& result, const std::string& words) {
    ASSERT_FALSE(result) << "accepted, where this was expected: " << words;
    EXPECT_NE(result.failure().message.find(words), std::string::npos)
        << "wanted: " << words << "\ngot: " << result.failure().message;
  }
  template <typename T>
  std::vector<T> values(const Result<Array>& result, netc_dtype dtype, std::vector<int64_t> dims) {
    if (!result) {
      ADD_FAILURE() << result.failure().message;
      return {};
    }
    EXPECT_EQ(result->dtype, dtype);
    EXPECT_EQ(result->dims, dims);
    std::vector<T> items(result->bytes.size() / sizeof(T));
    std::memcpy(items.data(), result->bytes.data(), result->bytes.size());
    return items;
  }
  ScratchFolder folder_;
};

using Bytes = std::vector<uint8_t>;
using Ints = std::vector<int32_t>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

TEST_F(ReadersTest, IdxPlainAndGzipped) {
  std::string file = idx(8, {2, 3}, "abcdef");
  Bytes expected{'a', 'b', 'c', 'd', 'e', 'f'};
  EXPECT_EQ(values<uint8_t>(read_idx(folder_.write("a", file)), NETC_U8, {2, 3}), expected);
  EXPECT_EQ(values<uint8_t>(read_idx(folder_.write("b", gzip(file))), NETC_U8, {2, 3}), expected);
  std::string members = gzip(file.substr(0, 7)) + gzip(file.substr(7));
  EXPECT_EQ(values<uint8_t>(read_idx(folder_.write("c", members)), NETC_U8, {2, 3}), expected);
}

TEST_F(ReadersTest, IdxOtherElementTypes) {
  EXPECT_EQ(values<int32_t>(read_idx(folder_.write("a", idx(9, {2}, "\xff\x01"))), NETC_I32, {2}),
            Ints({-1, 1}));
  EXPECT_EQ(values<int32_t>(read_idx(folder_.write("b", idx(11, {1}, "\xff\xfe"))), NETC_I32, {1}),
            Ints({-2}));
  EXPECT_EQ(values<float>(read_idx(folder_.write("c", idx(13, {1}, big_endian(0x3fc00000)))),
                          NETC_F32, {1}),
            Floats({1.5f}));
}

TEST_F(ReadersTest, IdxThatIsAbsentTruncatedOrSomethingElse) {
  expect_words(read_idx(folder_ / "absent"), "absent: No such file or directory");
  expect_words(read_idx(folder_.path()), "Is a directory");
  expect_words(read_idx(folder_.write("a", "")), "truncated: the header");
  expect_words(read_idx(folder_.write("b", "P5 28 28 ...")),
               "this is no IDX file: it begins with 50 35 20 32");
  expect_words(read_idx(folder_.write("c", idx(8, {2, 3}, "abcde"))),
               "the header promises 2 x 3 elements");
  expect_words(read_idx(folder_.write("d", idx(8, {2, 3}, "abcdefg"))), "more data follow");
  std::string packed = gzip(idx(8, {2, 3}, "abcdef"));
  expect_words(read_idx(folder_.write("e", packed.substr(0, packed.size() - 9))), "truncated");
  std::string flipped = packed;
  flipped[packed.size() - 6] ^= 1;
  expect_words(read_idx(folder_.write("f", flipped)), "damaged compressed data");
  expect_words(read_idx(folder_.write("g", gzip(idx(8, {2, 3}, "abcde")))),
               "the data needs 6 bytes, only 5 are left");
}

TEST_F(ReadersTest, HeadersThatPromiseTooMuchReserveNothing) {
  expect_words(read_idx(folder_.write("a", idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, ""))),
               "promises");
  expect_words(read_idx(folder_.write("b", gzip(idx(14, {0xffffffff, 0xffff}, "")))), "promises");
  expect_words(read_npy(folder_.write("c", npy_of("<f8", "(4611686018427387904, 4)", ""))),
               "promises");
}

TEST_F(ReadersTest, ABombIsReadNoFurtherThanItsHeaderPromises) {
  std::string bomb = gzip(idx(8, {4}, std::string(16 << 20, '\0')));
  expect_words(read_idx(folder_.write("bomb", bomb)), "more data follow than the header promises");
}

TEST_F(ReadersTest, NpyTypesAndOrders) {
  EXPECT_EQ(values<float>(read_npy(folder_.write("a", npy_of("<f4", "(2, 1)",
                                                             little_endian(0x3f800000, 4) +
                                                                 little_endian(0x40000000, 4)))),
                          NETC_F32, {2, 1}),
            Floats({1, 2}));
  EXPECT_EQ(values<float>(read_npy(folder_.write("b", npy_of(">f4", "()", big_endian(0x3f800000)))),
                          NETC_F32, {}),
            Floats({1}));
  EXPECT_EQ(values<uint8_t>(read_npy(folder_.write("c", npy_of("|u1", "(2, 3)", "adbecf", "True"))),
                            NETC_U8, {2, 3}),
            Bytes({'a', 'b', 'c', 'd', 'e', 'f'}));
  EXPECT_EQ(values<int32_t>(read_npy(folder_.write("d", gzip(npy_of("<u2", "(1,)", "\xff\xff")))),
                            NETC_I32, {1}),
            Ints({65535}));
  EXPECT_EQ(
      values<uint8_t>(read_npy(folder_.write("e", npy_of("|b1", "(2,)", std::string("\0\1", 2)))),
                      NETC_BOOL, {2}),
      Bytes({0, 1}));
}

TEST_F(ReadersTest, NpyThatLies) {
  expect_words(read_npy(folder_.write("a", "\x93NUMPX")), "truncated");
  expect_words(read_npy(folder_.write("b", "nothing of the kind")), "this is no NumPy file");
  expect_words(read_npy(folder_.write("c", npy_of("<f4", "(3,)", "1234"))),
               "promises 3 elements of 4 bytes");
  expect_words(read_npy(folder_.write("d", npy_of("|O", "(1,)", ""))), "'|O' are not supported");
  expect_words(read_npy(folder_.write("e", npy_of("<c8", "(1,)", ""))), "'<c8' are not supported");
  expect_words(read_npy(folder_.write("f", npy_of("<f4", "(-1,)", "1234"))), "`shape`");
  expect_words(read_npy(folder_.write("g", npy_of("<f4", "(99999999999999999999,)", "1234"))),
               "`shape`");
  expect_words(read_npy(folder_.write("h", npy("{'descr': '<f4', 'descr': '<f4'}", ""))),
               "repeated");
  expect_words(read_npy(folder_.write("i", npy("{'descr': '<f4'}", ""))), "lacks a key");
  expect_words(read_npy(folder_.write("j", npy("[1, 2]", ""))), "no dictionary");
  expect_words(read_npy(folder_.write("k", npy("{'descr': '<f4', 'shape': (1", ""))), "`shape`");
  expect_words(read_npy(folder_.write("l", std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12))),
               "header of 2147483647 bytes");
  expect_words(read_npy(folder_.write("m", std::string("\x93NUMPY\x09\x00\x10\x00", 10))),
               "version 9");
  expect_words(read_npy(folder_.write("n", npy_of("<u8", "(1,)", std::string(8, '\xff')))),
               "beyond the largest i64");
}

TEST_F(ReadersTest, NpzStoredAndDeflated) {
  std::string array = npy_of("|u1", "(3,)", "abc");
  for (bool deflated : {false, true}) {
    std::string path = folder_.write("a.npz", zip("x.npy", array, deflated));
    EXPECT_EQ(values<uint8_t>(read_npz(path, "x"), NETC_U8, {3}), Bytes({'a', 'b', 'c'}));
    EXPECT_EQ(values<uint8_t>(read_npz(path, "x.npy"), NETC_U8, {3}), Bytes({'a', 'b', 'c'}));
  }
}

TEST_F(ReadersTest, NpzThatLies) {
  std::string array = npy_of("|u1", "(3,)", "abc");
  std::string good = zip("x.npy", array, false);
  expect_words(read_npz(folder_.write("a", good), "images"), "no array `images`; there are `x`");
  expect_words(read_npz(folder_.write("b", "PK"), "x"), "no zip archive");
  expect_words(read_npz(folder_.write("c", good.substr(0, good.size() / 2)), "x"),
               "no zip archive");
  expect_words(read_npz(folder_.write("d", zip("x.npy", array, false, 1000)), "x"),
               "outside of the archive");
  std::string damaged = good;
  damaged[good.find("abc")] = 'z';
  expect_words(read_npz(folder_.write("e", damaged), "x"), "the checksum is another one");
  for (size_t size = 0; size + 1 < good.size(); ++size)
    ASSERT_FALSE(read_npz(folder_.write("f", good.substr(0, size)), "x"));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string other = good;
    other[i] ^= 0x80;
    (void)read_npz(folder_.write("g", other), "x");  // whatever it says, it must not crash
  }
}

TEST_F(ReadersTest, CsvNumbersAndClasses) {
  std::string path = folder_.write("a.csv",
                                   "\xEF\xBB\xBFlength,\"the width\",species\r\n5.1,3.5,setosa\r\n"
                                   "4.9, 3 ,\"virginica\"\r\n");
  EXPECT_EQ(values<double>(read_csv(path, {{0, 1}, "", {}, true}), NETC_F64, {2, 2}),
            Doubles({5.1, 3.5, 4.9, 3}));
  EXPECT_EQ(
      values<double>(read_csv(path, {{}, "species", {"virginica", "setosa"}, true}), NETC_F64, {2}),
      Doubles({1, 0}));
  std::string bare = folder_.write("b.csv", "1,2\n\n3,4");
  EXPECT_EQ(values<double>(read_csv(bare, {{}, "", {}, false}), NETC_F64, {2, 2}),
            Doubles({1, 2, 3, 4}));
  std::string quoted = folder_.write("c.csv", "name,x\n\"a \"\"b\"\",\nc\",7\n");
  EXPECT_EQ(values<double>(read_csv(quoted, {{}, "x", {}, true}), NETC_F64, {1}), Doubles({7}));
}

TEST_F(ReadersTest, CsvFaultsNameLineAndColumn) {
  auto csv = [&](const std::string& text, CsvOptions options) {
    return read_csv(folder_.write("t.csv", text), options);
  };
  CsvOptions all{{}, "", {}, true};
  expect_words(csv("a,b\n1,2\n3,x\n", all), "t.csv:3: column `b`: `x` is no number");
  expect_words(csv("a,b\n1,2\n3\n", all), "t.csv:3: 1 fields, where the first row has 2");
  expect_words(csv("a,b\n1,\n", all), "t.csv:2: column `b`: `` is no number");
  expect_words(csv("a,b\n1,2\n", {{5}, "", {}, true}), "no column 5: the row has 2 fields");
  expect_words(csv("speces,b\n1,2\n", {{}, "species", {}, true}),
               "no column `species`; did you mean `speces`?");
  expect_words(csv("a,b\n1,2\n", {{}, "z", {}, true}), "no column `z`; there are `a`, `b`");
  expect_words(csv("a\nsetosa\nsetoza\n", {{}, "a", {"setosa", "other"}, true}),
               "t.csv:3: column `a`: `setoza` is none of the classes; did you mean `setosa`?");
  expect_words(csv("a\n\"1\n", all), "a quote is not closed");
  expect_words(csv("a\n\"1\"2\n", all), "a quote is not closed");
  expect_words(csv("a,b\n1,0x10\n", all), "`0x10` is no number");
}

TEST_F(ReadersTest, TextGivesAWindowAtEveryPosition) {
  auto bytes = [](const Array& array) {
    return std::string(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  };
  for (const std::string& path :
       {folder_.write("a", "gattaca"), folder_.write("b", gzip("gattaca"))}) {
    auto raw = read_text(path, 5, "");
    ASSERT_TRUE(raw);
    EXPECT_EQ(raw->dims, (std::vector<int64_t>{3, 5}));
    EXPECT_EQ(raw->dtype, NETC_U8);
    EXPECT_EQ(bytes(*raw), "gattaca");
    EXPECT_TRUE(raw->overlapping);
    auto part = take_rows(*raw, 1, 3, "a");
    ASSERT_TRUE(part);
    EXPECT_EQ(part->dims, (std::vector<int64_t>{2, 5}));
    EXPECT_EQ(bytes(*part), "attaca");
    auto none = take_rows(*raw, 2, 2, "a");
    ASSERT_TRUE(none);
    EXPECT_EQ(bytes(*none), "");
  }
  auto numbered = read_text(folder_ / "a", 7, "acgt");
  ASSERT_TRUE(numbered);
  EXPECT_EQ(bytes(*numbered), std::string("\2\0\3\3\0\1\0", 7));
}

TEST_F(ReadersTest, TextFaultsSayWhere) {
  const std::string path = folder_.write("a", "gattaca");
  auto stranger = read_text(path, 2, "agt");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.failure().message,
            path + ": the byte at offset 5, 99 (`c`), is not in the alphabet");
  auto wide = read_text(path, 8, "");
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.failure().message, path + ": 7 bytes are fewer than a window of 8");
}

TEST_F(ReadersTest, PartsOfRows) {
  std::string path = folder_.write("a", idx(8, {4, 2}, "aabbccdd"));
  auto part = [&](int64_t begin, int64_t end) {
    return take_rows(*read_idx(path), begin, end, "a");
  };
  EXPECT_EQ(values<uint8_t>(part(1, 3), NETC_U8, {2, 2}), Bytes({'b', 'b', 'c', 'c'}));
  expect_words(part(2, 5), "a: part 2..5 of 4 rows");
  expect_words(part(3, 2), "part 3..2");
}

Array doubles(const std::vector<double>& items) {
  Array array;
  array.dtype = NETC_F64;
  array.dims = {static_cast<int64_t>(items.size())};
  array.bytes.resize(8 * items.size());
  std::memcpy(array.bytes.data(), items.data(), array.bytes.size());
  return array;
}

TEST_F(ReadersTest, ValuesConvertWhereTheyFit) {
  EXPECT_TRUE(convert(doubles({0, 255}), NETC_U8, "f"));
  EXPECT_TRUE(convert(doubles({0.1}), NETC_F32, "f"));
  EXPECT_TRUE(convert(doubles({0, 1}), NETC_BOOL, "f"));
  struct Case {
    double value;
    netc_dtype target;
    const char* words;
  } cases[] = {{256, NETC_U8, "f: row 1: 256 does not fit in u8"},
               {-1, NETC_U8, "-1 does not fit in u8"},
               {0.5, NETC_I32, "0.5 does not fit in i32"},
               {2, NETC_BOOL, "2 does not fit in bool"},
               {1e300, NETC_F32, "1e+300 does not fit in f32"},
               {70000, NETC_F16, "70000 does not fit in f16"}};
  for (const Case& c : cases) {
    auto result = convert(doubles({0, c.value}), c.target, "f");
    ASSERT_FALSE(result) << c.words;
    EXPECT_NE(result.failure().message.find(c.words), std::string::npos)
        << result.failure().message;
  }
}

TEST_F(ReadersTest, IntegersConvertExactly) {
  Array array;
  array.dtype = NETC_I64;
  array.dims = {1};
  array.bytes.resize(8);
  auto set = [&](int64_t value) { std::memcpy(array.bytes.data(), &value, 8); };
  set((int64_t{1} << 53) + 1);
  EXPECT_FALSE(convert(array, NETC_F64, "f"));
  EXPECT_FALSE(convert(array, NETC_F32, "f"));
  EXPECT_FALSE(convert(array, NETC_I32, "f"));
  set(16777217);
  EXPECT_FALSE(convert(array, NETC_F32, "f"));
  EXPECT_TRUE(convert(array, NETC_F64, "f"));
  EXPECT_TRUE(convert(array, NETC_I32, "f"));
  set(INT64_MAX);
  EXPECT_FALSE(convert(array, NETC_F64, "f"));
}

TEST_F(ReadersTest, WhatIsNotFiniteIsFound) {
  Status status = check_finite(doubles({1, NAN}), "t.csv");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.failure().message, "t.csv: row 1: nan is no finite number");
}

}  // namespace
}  // namespace netc::trainer
