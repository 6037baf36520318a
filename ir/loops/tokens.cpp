// Tokens: `%name`, `@name`, words and numbers (one class: letters, digits, `_ . - + '`), and
// single punctuation characters. `//` comments run to the end of the line.
#include "ir/loops/tokens.h"

#include <charconv>

namespace netc::loops {

namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-' || c == '+' || c == '\'';
}

}  // namespace

Cursor::Cursor(const SourceMap& sources, FileId file, Diagnostics& diagnostics)
    : text_(sources.text(file)), file_(file), diagnostics_(diagnostics) {
  advance();
}

SourceRange Cursor::range() const {
  return {file_, static_cast<uint32_t>(next_ - token_.size()), static_cast<uint32_t>(next_)};
}

void Cursor::advance() {
  token_ = {};
  while (next_ < text_.size()) {
    if (text_.substr(next_, 2) == "//") {
      size_t line_end = text_.find('\n', next_);
      next_ = line_end == text_.npos ? text_.size() : line_end;
    } else if (std::string_view(" \t\r\n").find(text_[next_]) != std::string_view::npos) {
      ++next_;
    } else {
      break;
    }
  }
  if (next_ == text_.size()) return;
  size_t begin = next_++;
  bool word = is_word_character(text_[begin]) || text_[begin] == '%' || text_[begin] == '@';
  while (word && next_ < text_.size() && is_word_character(text_[next_])) ++next_;
  token_ = text_.substr(begin, next_ - begin);
}

void Cursor::report(SourceRange range, const std::string& message) {
  if (!failed_) diagnostics_.error(Code::loops_syntax, range, "{}", message);
  failed_ = true;
  next_ = text_.size();
  token_ = {};
}

std::string_view Cursor::take() {
  std::string_view token = token_;
  if (!failed_) advance();
  return token;
}

bool Cursor::accept(std::string_view text) {
  if (!at(text)) return false;
  take();
  return true;
}

void Cursor::expect(std::string_view text) {
  if (accept(text)) return;
  error("expected `{}`, found {}", text, at_end() ? "the end" : fmt::format("`{}`", token_));
}

std::string Cursor::name(char sigil, std::string_view what) {
  if (at_name(sigil)) return std::string(take().substr(1));
  error("expected {}, `{}name`, found {}", what, sigil,
        at_end() ? "the end" : fmt::format("`{}`", token_));
  return "";
}

std::string Cursor::word(std::string_view what) {
  if (!at_end() && is_word_character(token_[0])) return std::string(take());
  error("expected {}, found {}", what, at_end() ? "the end" : fmt::format("`{}`", token_));
  return "";
}

int64_t Cursor::integer(std::string_view what) {
  int64_t value = 0;
  auto [end, code] = std::from_chars(token_.data(), token_.data() + token_.size(), value);
  if (at_end() || code != std::errc{} || end != token_.data() + token_.size())
    error("expected {}, an integer, found {}", what,
          at_end() ? "the end" : fmt::format("`{}`", token_));
  take();
  return value;
}

bool Cursor::read_constant(double* number, int64_t* integer) {
  const char* begin = token_.data();
  const char* end = begin + token_.size();
  auto as_number = std::from_chars(begin, end, *number);
  if (at_end() || as_number.ec != std::errc{} || as_number.ptr != end)
    error("expected a number, found {}", at_end() ? "the end" : fmt::format("`{}`", token_));
  auto as_integer = std::from_chars(begin, end, *integer);
  bool is_integral = as_integer.ec == std::errc{} && as_integer.ptr == end;
  take();
  return is_integral;
}

DType Cursor::dtype() {
  std::optional<DType> type = parse_dtype(token_);
  if (!type)
    error("expected an element type, found {}", at_end() ? "the end" : fmt::format("`{}`", token_));
  take();
  return type.value_or(DType::f32);
}

}  // namespace netc::loops
