#include "frontend/lexer.h"

#include <algorithm>

#include "frontend/statement_ends.h"
#include "ir/support/utf8.h"

namespace netc {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Lexer {
 public:
  Lexer(std::string_view text, SourceRange part, Diagnostics& diagnostics)
      : text_(text.substr(0, part.end)),
        file_(part.file),
        position_(part.begin),
        diagnostics_(diagnostics) {}

  LexedFile run() {
    while (skip_blanks() && errors_ < max_syntax_errors) lex_token();
    add(TokenKind::end, position_);
    mark_statement_ends(result_);
    return std::move(result_);
  }

 private:
  char peek(uint32_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  SourceRange range(uint32_t begin) const { return {file_, begin, position_}; }

  void add(TokenKind kind, uint32_t begin) {
    errors_ += kind == TokenKind::error;
    result_.tokens.push_back({kind, fresh_line_, false, begin, position_});
    fresh_line_ = false;
  }

  /// Skips blanks and comments; false at the end of the text.
  bool skip_blanks() {
    while (position_ < text_.size()) {
      if (peek() == '\n') fresh_line_ = true;
      if (is_blank(peek())) {
        ++position_;
      } else if (peek() == '/' && peek(1) == '/') {
        comment();
      } else {
        return true;
      }
    }
    return false;
  }

  void comment() {
    uint32_t begin = position_;
    position_ = static_cast<uint32_t>(std::min(text_.find('\n', begin), text_.size()));
    uint32_t end = position_;
    while (is_blank(text_[end - 1])) --end;
    result_.comments.push_back({{file_, begin, end}, fresh_line_});
  }

  void lex_token() {
    uint32_t begin = position_;
    if (is_word_start(peek())) {
      word();
    } else if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) {
      number();
    } else if (peek() == '"') {
      string();
    } else if (auto kind = symbol()) {
      position_ += static_cast<uint32_t>(spelling(*kind).size());
      add(*kind, begin);
    } else {
      foreign();
    }
  }

  // [A-Za-z_][A-Za-z0-9_]*
  void word() {
    uint32_t begin = position_;
    while (is_word(peek())) ++position_;
    std::string_view text = text_.substr(begin, position_ - begin);
    if (text == "inf")
      add(TokenKind::number, begin);
    else
      add(find_keyword(text).value_or(TokenKind::name), begin);
  }

  void digits() {
    while (is_digit(peek())) ++position_;
  }

  // DIGITS ('.' DIGITS)? ('e' ('+' | '-')? DIGITS)?
  void number() {
    uint32_t begin = position_;
    digits();
    if (peek() == '.' && is_digit(peek(1))) {
      ++position_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      uint32_t sign = peek(1) == '+' || peek(1) == '-';
      if (is_digit(peek(1 + sign))) {
        position_ += 1 + sign;
        digits();
      }
    }
    bool good = text_[begin] != '.' && !is_word(peek()) && !(peek() == '.' && peek(1) != '.');
    if (good) return add(TokenKind::number, begin);
    while (is_word(peek()) || peek() == '.') ++position_;
    auto& report = diagnostics_.error(Code::malformed_number, range(begin), "`{}` is no number",
                                      text_.substr(begin, position_ - begin));
    if (text_[begin] == '.')
      report.help("a number begins with a digit: `0{}`", text_.substr(begin, position_ - begin));
    else if (text_[position_ - 1] == '.')
      report.help("a point stands before a digit: `{}0`", text_.substr(begin, position_ - begin));
    else
      report.help("numbers are written `12`, `0.5`, `1e-3`; a name does not begin with a digit");
    add(TokenKind::error, begin);
  }

  // '"' (character | escape)* '"'
  void string() {
    uint32_t begin = position_++;
    bool good = true;
    while (position_ < text_.size() && peek() != '"' && peek() != '\n') {
      if (peek() == '\\')
        good &= escape();
      else
        ++position_;
    }
    if (peek() == '"') {
      ++position_;
      return add(good ? TokenKind::string : TokenKind::error, begin);
    }
    while (is_blank(text_[position_ - 1])) --position_;
    diagnostics_.error(Code::unterminated_string, range(begin),
                       "this string has no closing `\"` on its line");
    add(TokenKind::error, begin);
  }

  // '\' ('"' | '\' | 'n' | 't' | 'r')
  bool escape() {
    uint32_t begin = position_++;
    if (position_ >= text_.size() || peek() == '\n') return true;  // unterminated: says so itself
    position_ += utf8_length(text_.substr(position_));
    std::string_view text = text_.substr(begin, position_ - begin);
    if (std::string_view("\"\\ntr").find(text[1]) != std::string_view::npos) return true;
    diagnostics_
        .error(Code::unknown_escape, range(begin), "`{}` is no escape sequence in a string", text)
        .help("a string may hold `\\\"`, `\\\\`, `\\n`, `\\t` and `\\r`");
    return false;
  }

  /// The longest symbol that stands here.
  std::optional<TokenKind> symbol() const {
    std::optional<TokenKind> best;
    for (auto kind = TokenKind::left_paren; kind <= TokenKind::caret;
         kind = static_cast<TokenKind>(static_cast<int>(kind) + 1)) {
      std::string_view text = spelling(kind);
      if (text[0] == peek() && text_.substr(position_).starts_with(text) &&
          (!best || text.size() > spelling(*best).size()))
        best = kind;
    }
    return best;
  }

  /// Reports a character that begins no token, with what a reader of other languages meant by it.
  void foreign() {
    uint32_t begin = position_;
    char first = peek();
    uint32_t length = utf8_length(text_.substr(begin));
    std::string_view shown = text_.substr(begin, length);
    position_ += length;
    const bool minus = shown == "\u2212";
    const bool quote = shown == "\u201c" || shown == "\u201d";
    if (static_cast<unsigned char>(first) >= 0x80 && !minus && !quote) {
      // The rest of a word in other letters is no further mistake.
      while (is_word(peek()) || static_cast<unsigned char>(peek()) >= 0x80) ++position_;
      shown = text_.substr(begin, position_ - begin);
    }
    Diagnostic& report =
        static_cast<unsigned char>(first) < 0x20 || first == 0x7f
            ? diagnostics_.error(Code::unexpected_character, range(begin),
                                 "found the control character 0x{:02x}", static_cast<int>(first))
            : diagnostics_.error(Code::unexpected_character, range(begin),
                                 "found `{}`, which has no meaning here", shown);
    if (first == '#') {
      report.help("a comment begins with `//`");
      position_ = static_cast<uint32_t>(std::min(text_.find('\n', begin), text_.size()));
    } else if (first == '\'' || quote) {
      report.help("a string stands in straight double quotes: `\"...\"`");
      position_ = static_cast<uint32_t>(std::min(text_.find('\n', begin), text_.size()));
    } else if (first == ';') {
      report.help("a statement ends with its line");
    } else if (first == '!') {
      report.help("negation is `not`");
    } else if (first == '&') {
      report.help("conjunction is `and`");
      if (peek() == '&') ++position_;
    } else if (minus) {
      report.help("a minus sign is `-`");
    } else if (static_cast<unsigned char>(first) >= 0x80) {
      report.help("names have the letters A to Z, a to z, digits and `_`");
    }
    add(TokenKind::error, begin);
  }

  std::string_view text_;
  FileId file_;
  uint32_t position_;
  bool fresh_line_ = true;
  int errors_ = 0;
  LexedFile result_;
  Diagnostics& diagnostics_;
};

}  // namespace

LexedFile lex(const SourceMap& sources, FileId file, Diagnostics& diagnostics) {
  std::string_view text = sources.text(file);
  auto size = static_cast<uint32_t>(text.size());
  if (size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    auto at = static_cast<uint32_t>(bad);
    diagnostics.error(Code::invalid_utf8, {file, at, at + 1},
                      "the byte 0x{:02x} is not UTF-8, the encoding of a `.net` file",
                      static_cast<unsigned>(static_cast<unsigned char>(text[bad])));
    return {{{TokenKind::end, true, false, size, size}}, {0}, {}};
  }
  uint32_t begin = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  return lex(sources, {file, begin, size}, diagnostics);
}

LexedFile lex(const SourceMap& sources, SourceRange part, Diagnostics& diagnostics) {
  return Lexer(sources.text(part.file), part, diagnostics).run();
}

std::string unescape(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    char escaped = text[++i];
    value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
  }
  return value;
}

}  // namespace netc
