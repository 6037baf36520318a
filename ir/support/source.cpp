#include "ir/support/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace netc {

namespace {
constexpr size_t max_source_bytes = size_t{16} << 20;
}

SourceRange cover(SourceRange a, SourceRange b) {
  if (!a.valid()) return b;
  if (a.file != b.file) return a;
  return {a.file, std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

FileId SourceMap::add(std::string name, std::string text) {
  File file{std::move(name), std::move(text), {0}};
  for (size_t i = 0; i < file.text.size(); ++i)
    if (file.text[i] == '\n') file.line_starts.push_back(static_cast<uint32_t>(i + 1));
  files_.push_back(std::move(file));
  return {static_cast<uint32_t>(files_.size() - 1)};
}

Result<FileId> SourceMap::load(const std::string& path) {
  std::unique_ptr<FILE, int (*)(FILE*)> owned(nullptr, &std::fclose);
  FILE* stream = stdin;
  if (path != "-") {
    owned.reset(std::fopen(path.c_str(), "rb"));
    if (!owned) return Error{fmt::format("cannot read `{}`: {}", path, std::strerror(errno))};
    stream = owned.get();
  }
  std::string text;
  char buffer[65536];
  while (size_t count = std::fread(buffer, 1, sizeof buffer, stream)) {
    text.append(buffer, count);
    if (text.size() > max_source_bytes)
      return Error{fmt::format("`{}` is larger than 16 MiB, the limit for a source file", path)};
  }
  if (std::ferror(stream))
    return Error{fmt::format("cannot read `{}`: {}", path, std::strerror(errno))};
  return add(path == "-" ? "<stdin>" : path, std::move(text));
}

std::string_view SourceMap::text(SourceRange range) const {
  return text(range.file).substr(range.begin, range.end - range.begin);
}

LineColumn SourceMap::position(FileId file, uint32_t offset) const {
  const auto& starts = files_[file.index].line_starts;
  auto after = std::upper_bound(starts.begin(), starts.end(), offset);
  auto line = static_cast<uint32_t>(after - starts.begin());
  return {line, offset - starts[line - 1] + 1};
}

std::string_view SourceMap::line(FileId file, uint32_t line) const {
  const File& source = files_[file.index];
  uint32_t begin = source.line_starts[line - 1];
  uint32_t end = line < source.line_starts.size() ? source.line_starts[line] - 1
                                                  : static_cast<uint32_t>(source.text.size());
  std::string_view text = std::string_view(source.text).substr(begin, end - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace netc
