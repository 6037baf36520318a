// NPY: magic, version, the size of a header, the header as a Python dictionary of three keys.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "runtime/trainer/elements.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

struct Header {
  Element element;
  std::endian order = std::endian::little;
  bool by_columns = false;
  std::vector<int64_t> dims;
};

/// Reads the dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  /// The words of what is wrong; empty if nothing is.
  std::string parse(Header& header) {
    bool described = false, ordered = false, shaped = false;
    if (!take('{')) return "the header is no dictionary";
    while (!take('}')) {
      std::string_view key = word();
      if (!take(':')) return "the header is no dictionary";
      if (key == "descr" && !described) {
        described = true;
        std::string_view type = word();
        if (!describe(type, header))
          return fmt::format("elements of type '{}' are not supported", type);
      } else if (key == "fortran_order" && !ordered) {
        ordered = true;
        header.by_columns = take_text("True");
        if (!header.by_columns && !take_text("False")) return "`fortran_order` is no truth value";
      } else if (key == "shape" && !shaped) {
        shaped = true;
        if (!shape(header.dims)) return "`shape` is no tuple of sizes";
      } else {
        return fmt::format("the header has an unknown or repeated key '{}'", key);
      }
      if (!take(',') && !peek('}')) return "the header is no dictionary";
    }
    if (!described || !ordered || !shaped) return "the header lacks a key";
    return "";
  }

 private:
  void skip_blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool peek(char wanted) {
    skip_blanks();
    return !text_.empty() && text_[0] == wanted;
  }
  bool take(char wanted) {
    if (!peek(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_text(std::string_view wanted) {
    skip_blanks();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }
  /// A string in quotes of either kind; empty if there is none.
  std::string_view word() {
    skip_blanks();
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return "";
    size_t close = text_.find(text_[0], 1);
    if (close == std::string_view::npos) return "";
    std::string_view found = text_.substr(1, close - 1);
    text_.remove_prefix(close + 1);
    return found;
  }
  bool shape(std::vector<int64_t>& dims) {
    if (!take('(')) return false;
    while (!take(')')) {
      skip_blanks();
      int64_t size = 0;
      auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc{} || size < 0 || dims.size() == 16) return false;
      dims.push_back(size);
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      if (!take(',') && !peek(')')) return false;
    }
    return true;
  }
  static bool describe(std::string_view type, Header& header) {
    if (type.size() != 3) return false;
    header.order = type[0] == '>' ? std::endian::big : std::endian::little;
    size_t bytes = static_cast<size_t>(type[2] - '0');
    bool whole = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    switch (type[1]) {
      case 'b':
        header.element = {bytes, Element::boolean};
        return bytes == 1;
      case 'u':
        header.element = {bytes, Element::natural};
        return whole;
      case 'i':
        header.element = {bytes, Element::integer};
        return whole;
      case 'f':
        header.element = {bytes, Element::real};
        return whole && bytes > 1;
      default:
        return false;
    }
  }

  std::string_view text_;
};

/// Row-major order from column-major order.
std::vector<std::byte> by_rows(const std::vector<std::byte>& data, const std::vector<int64_t>& dims,
                               size_t item) {
  std::vector<std::byte> ordered(data.size());
  std::vector<int64_t> at(dims.size(), 0);
  for (size_t to = 0; to < data.size(); to += item) {
    size_t from = 0;
    for (size_t d = dims.size(); d-- > 0;)
      from = from * static_cast<size_t>(dims[d]) + static_cast<size_t>(at[d]);
    std::memcpy(ordered.data() + to, data.data() + from * item, item);
    for (size_t d = dims.size(); d-- > 0 && ++at[d] == dims[d];) at[d] = 0;
  }
  return ordered;
}

Result<Header> read_header(ByteSource& source) {
  std::array<std::byte, 8> start;
  if (Status status = source.read(start, "the header"); !status) return status.failure();
  if (std::memcmp(start.data(), "\x93NUMPY", 6) != 0)
    return failure(exit_bad_input, "{}: this is no NumPy file", source.name());
  int version = std::to_integer<int>(start[6]);
  if (version < 1 || version > 3)
    return failure(exit_bad_input, "{}: version {} of NumPy's format is not known", source.name(),
                   version);
  std::array<std::byte, 4> size{};
  std::span<std::byte> size_bytes(size.data(), version == 1 ? 2 : 4);
  if (Status status = source.read(size_bytes, "the header"); !status) return status.failure();
  uint32_t length = 0;
  for (size_t i = size.size(); i-- > 0;) length = length << 8 | std::to_integer<uint32_t>(size[i]);
  if (length > 1 << 20)
    return failure(exit_bad_input, "{}: a header of {} bytes", source.name(), length);
  std::string text(length, ' ');
  if (Status status = source.read(std::as_writable_bytes(std::span(text)), "the header"); !status)
    return status.failure();
  Header header;
  if (std::string fault = HeaderParser(text).parse(header); !fault.empty())
    return failure(exit_bad_input, "{}: {}", source.name(), fault);
  return header;
}

}  // namespace

Result<Array> read_npy(ByteSource source) {
  Result<Header> header = read_header(source);
  if (!header) return header.failure();
  Result<std::vector<std::byte>> data = read_promised(source, header->dims, header->element.bytes);
  if (!data) return data.failure();
  if (Status status = source.expect_end(); !status) return status.failure();
  if (header->by_columns && header->dims.size() > 1)
    *data = by_rows(*data, header->dims, header->element.bytes);
  return widen(std::move(*data), header->element, header->order, std::move(header->dims),
               source.name());
}

Result<Array> read_npy(const std::string& path) {
  Result<ByteSource> source = ByteSource::open(path);
  if (!source) return source.failure();
  return read_npy(std::move(*source));
}

}  // namespace netc::trainer
