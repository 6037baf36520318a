// Source texts and ranges in them. A range is two offsets and a file id; lines and columns are
// computed only when a diagnostic is shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/support/id.h"
#include "ir/support/result.h"

namespace netc {

using FileId = Id<struct FileTag>;

/// Half-open byte range [begin, end) of one file; a range without a file is "no place".
struct SourceRange {
  FileId file;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool valid() const { return file.valid(); }
  friend bool operator==(const SourceRange&, const SourceRange&) = default;
};

/// The smallest range that covers both (of the same file; otherwise `a`).
SourceRange cover(SourceRange a, SourceRange b);

/// 1-based line and column (bytes).
struct LineColumn {
  uint32_t line = 0;
  uint32_t column = 0;
};

class SourceMap {
 public:
  /// Adds a text under the name that diagnostics show.
  FileId add(std::string name, std::string text);
  /// Reads `path` ("-" is standard input) and adds it; refuses files above 16 MiB.
  Result<FileId> load(const std::string& path);

  /// How many files there are; their ids are 0, 1, ...
  size_t size() const { return files_.size(); }
  std::string_view name(FileId file) const { return files_[file.index].name; }
  std::string_view text(FileId file) const { return files_[file.index].text; }
  std::string_view text(SourceRange range) const;
  LineColumn position(FileId file, uint32_t offset) const;
  /// The text of a 1-based line, without its line end.
  std::string_view line(FileId file, uint32_t line) const;

 private:
  struct File {
    std::string name;
    std::string text;
    std::vector<uint32_t> line_starts;
  };
  std::vector<File> files_;
};

}  // namespace netc
