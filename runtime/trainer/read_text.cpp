// Text as training data: one row for every position, overlapping its neighbours in all bytes but
// one. Memory holds the text once; rows are views of it.
#include <array>

#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

constexpr size_t most_bytes = size_t{1} << 30;

/// The whole file.
Result<std::vector<std::byte>> read_all(const std::string& path) {
  Result<ByteSource> source = ByteSource::open(path);
  if (!source) return source.failure();
  constexpr size_t step = size_t{1} << 16;
  std::vector<std::byte> text;
  for (;;) {
    const size_t before = text.size();
    text.resize(before + step);
    Result<size_t> count = source->read_some(std::span(text).subspan(before));
    if (!count) return count.failure();
    text.resize(before + *count);
    if (*count == 0) {
      if (Status status = source->expect_end(); !status) return status.failure();
      return text;
    }
    if (text.size() > most_bytes)
      return failure(exit_mismatch, "{}: more than 1 GiB of text", path);
  }
}

/// Replaces bytes with their positions in the alphabet.
Status number(std::vector<std::byte>& text, const std::string& alphabet, const std::string& path) {
  std::array<int, 256> position;
  position.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i)
    position[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
  for (size_t i = 0; i < text.size(); ++i) {
    const int byte = std::to_integer<int>(text[i]);
    if (position[byte] < 0) {
      const std::string shown =
          byte > 32 && byte < 127 ? fmt::format(" (`{}`)", static_cast<char>(byte)) : std::string();
      return failure(exit_mismatch, "{}: the byte at offset {}, {}{}, is not in the alphabet", path,
                     i, byte, shown);
    }
    text[i] = static_cast<std::byte>(position[byte]);
  }
  return Done{};
}

}  // namespace

Result<Array> read_text(const std::string& path, int64_t window, const std::string& alphabet) {
  if (window < 1) return failure(exit_bad_input, "{}: a window of {} bytes", path, window);
  Result<std::vector<std::byte>> text = read_all(path);
  if (!text) return text.failure();
  const auto length = static_cast<size_t>(window);
  if (text->size() < length)
    return failure(exit_mismatch, "{}: {} bytes are fewer than a window of {}", path, text->size(),
                   window);
  const size_t rows = text->size() - length + 1;
  if (!alphabet.empty())
    if (Status status = number(*text, alphabet, path); !status) return status.failure();
  return Array{.dtype = NETC_U8,
               .dims = {static_cast<int64_t>(rows), window},
               .bytes = std::move(*text),
               .overlapping = true};
}

}  // namespace netc::trainer
