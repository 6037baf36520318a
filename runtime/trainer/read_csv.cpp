// CSV as RFC 4180 has it: commas, quotes around fields that hold commas, quotes or line ends.
#include <algorithm>
#include <charconv>
#include <cstring>

#include "runtime/trainer/nearest.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

/// One record after the other, without copying the text.
class Records {
 public:
  explicit Records(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  size_t line() const { return line_; }

  /// The fields of the next record that is no empty line; false at the end. `fault` is set where a
  /// quote is not closed.
  bool next(std::vector<std::string>& fields, bool& fault) {
    while (!text_.empty() && (text_[0] == '\n' || text_[0] == '\r')) {
      next_line_ += text_[0] == '\n';
      text_.remove_prefix(1);
    }
    fields.clear();
    if (text_.empty()) return false;
    line_ = next_line_;
    do fields.push_back(field(fault));
    while (take(','));
    if (take('\r') | take('\n')) ++next_line_;
    return true;
  }

 private:
  bool take(char wanted) {
    if (text_.empty() || text_[0] != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::string field(bool& fault) {
    if (!take('"')) {
      size_t end = std::min(text_.find_first_of(",\r\n"), text_.size());
      std::string found(text_.substr(0, end));
      text_.remove_prefix(end);
      return found;
    }
    std::string found;
    while (!text_.empty()) {
      if (take('"')) {
        if (!take('"')) break;
        found += '"';
        continue;
      }
      next_line_ += text_[0] == '\n';
      found += text_[0];
      text_.remove_prefix(1);
      if (text_.empty()) fault = true;
    }
    // A field ends where its quote closes: anything else there is a fault of the file.
    fault |= !text_.empty() && std::strchr(",\r\n", text_[0]) == nullptr;
    return found;
  }

  std::string_view text_;
  size_t line_ = 0;  ///< where the last record began
  size_t next_line_ = 1;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<double> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

class Table {
 public:
  Table(const std::string& path, const CsvOptions& options) : path_(path), options_(options) {}

  Result<Array> read(std::string_view text) {
    Records records(text);
    std::vector<std::string> fields;
    bool fault = false;
    if (options_.header && records.next(fields, fault)) header_ = fields;
    if (!options_.column.empty()) {
      auto found = std::find_if(header_.begin(), header_.end(),
                                [&](auto& name) { return trimmed(name) == options_.column; });
      if (found == header_.end())
        return failure(exit_mismatch, "{}: no column `{}`{}", path_, options_.column,
                       suggestion(options_.column, header_));
      columns_ = {static_cast<size_t>(found - header_.begin())};
    }
    for (int64_t column : options_.columns) columns_.push_back(static_cast<size_t>(column));
    int64_t rows = 0;
    while (!fault && records.next(fields, fault)) {
      if (fault) break;
      if (Status status = add_row(fields, records.line()); !status) return status.failure();
      ++rows;
    }
    if (fault)
      return failure(exit_bad_input, "{}:{}: a quote is not closed, or not at a field's end", path_,
                     records.line());
    return finish(rows);
  }

 private:
  Status add_row(const std::vector<std::string>& fields, size_t line) {
    if (columns_.empty())
      for (size_t i = 0; i < fields.size(); ++i) columns_.push_back(i);
    if (width_ == 0) width_ = fields.size();
    if (fields.size() != width_)
      return failure(exit_bad_input, "{}:{}: {} fields, where the first row has {}", path_, line,
                     fields.size(), width_);
    for (size_t column : columns_) {
      if (column >= fields.size())
        return failure(exit_mismatch, "{}:{}: no column {}: the row has {} fields", path_, line,
                       column, fields.size());
      if (Status status = add_field(fields[column], column, line); !status) return status;
    }
    return Done{};
  }

  Status add_field(const std::string& field, size_t column, size_t line) {
    std::string name =
        column < header_.size() ? fmt::format("`{}`", header_[column]) : fmt::format("{}", column);
    if (!options_.classes.empty()) {
      auto found = std::find(options_.classes.begin(), options_.classes.end(), trimmed(field));
      if (found == options_.classes.end())
        return failure(exit_mismatch, "{}:{}: column {}: `{}` is none of the classes{}", path_,
                       line, name, field, suggestion(field, options_.classes));
      values_.push_back(static_cast<double>(found - options_.classes.begin()));
      return Done{};
    }
    std::optional<double> value = parse_number(field);
    if (!value)
      return failure(exit_bad_input, "{}:{}: column {}: `{}` is no number", path_, line, name,
                     field);
    values_.push_back(*value);
    return Done{};
  }

  Result<Array> finish(int64_t rows) {
    Array array;
    array.dims = {rows};
    if (options_.column.empty()) array.dims.push_back(static_cast<int64_t>(columns_.size()));
    array.shapeless_rows = true;
    array.dtype = NETC_F64;
    array.bytes.resize(values_.size() * sizeof(double));
    if (!values_.empty()) std::memcpy(array.bytes.data(), values_.data(), array.bytes.size());
    return array;
  }

  const std::string& path_;
  const CsvOptions& options_;
  std::vector<std::string> header_;
  std::vector<size_t> columns_;
  size_t width_ = 0;
  std::vector<double> values_;
};

}  // namespace

Result<Array> read_csv(const std::string& path, const CsvOptions& options) {
  Result<ByteSource> source = ByteSource::open(path);
  if (!source) return source.failure();
  std::string text;
  for (std::vector<std::byte> piece(1 << 20);;) {
    Result<size_t> got = source->read_some(piece);
    if (!got) return got.failure();
    if (*got == 0) break;
    if (text.size() + *got > size_t{1} << 32)
      return failure(exit_bad_input, "{}: more than 4 GiB of text", path);
    text.append(reinterpret_cast<const char*>(piece.data()), *got);
  }
  return Table(path, options).read(text);
}

}  // namespace netc::trainer
