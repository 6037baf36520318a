// Readers of data files: each gives an array, or says precisely what is wrong with the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/trainer/array.h"
#include "runtime/trainer/byte_source.h"

namespace netc::trainer {

/// MNIST's format: a magic number with type and rank, big-endian sizes, data; gzipped or not.
Result<Array> read_idx(const std::string& path);

/// NumPy's format, versions 1 to 3; gzipped or not.
Result<Array> read_npy(const std::string& path);
Result<Array> read_npy(ByteSource source);

/// One array of a NumPy archive, with or without ".npy" in its name.
Result<Array> read_npz(const std::string& path, const std::string& name);

Result<Array> read_safetensors(const std::string& path, const std::string& name);

struct CsvOptions {
  std::vector<int64_t> columns;      ///< by number; with no `column` either: all
  std::string column;                ///< one column by its header
  std::vector<std::string> classes;  ///< words that stand for 0, 1, ...
  bool header = true;
};
Result<Array> read_csv(const std::string& path, const CsvOptions& options);

/// The windows of `window` bytes at every position of a file, gzipped or not: u8[rows, window]. An
/// alphabet replaces bytes with their positions in it.
Result<Array> read_text(const std::string& path, int64_t window, const std::string& alphabet);

/// Reads the data that a header promises, for `dims` elements of `item_bytes` each in the file.
Result<std::vector<std::byte>> read_promised(ByteSource& source, const std::vector<int64_t>& dims,
                                             size_t item_bytes);

}  // namespace netc::trainer
