// Splits graph text into tokens in one sweep; what it cannot read becomes an `unknown` token.
#include "ir/lexer.h"

#include <array>

namespace netc {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  Lexer(std::string_view text, FileId file) : text_(text), file_(file) {}

  std::vector<Token> run() {
    for (skip_space(); at_ < text_.size(); skip_space()) next();
    begin_ = at_;
    add(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void skip_space() {
    for (;; ++at_) {
      const char c = peek();
      if (c == '/' && peek(1) == '/')
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
        return;
      if (at_ >= text_.size()) return;
    }
  }

  void add(TokenKind kind, size_t signs = 0) {
    tokens_.push_back({kind,
                       text_.substr(begin_ + signs, at_ - begin_ - signs),
                       {file_, static_cast<uint32_t>(begin_), static_cast<uint32_t>(at_)}});
  }

  void next() {
    begin_ = at_;
    const char c = peek();
    if (is_letter(c)) {
      name();
      add(TokenKind::word);
    } else if (is_digit(c)) {
      number();
      add(TokenKind::number);
    } else if ((c == '%' || c == '@') && is_letter(peek(1))) {
      ++at_;
      name();
      add(c == '%' ? TokenKind::value : TokenKind::variable, 1);
    } else if (c == '"') {
      string();
    } else {
      symbol();
    }
  }

  void name() {
    while (is_letter(peek()) || is_digit(peek()) ||
           (peek() == '.' && (is_letter(peek(1)) || is_digit(peek(1)))))
      ++at_;
  }

  /// A number takes `.` only before a digit, so that `0..10` is a range.
  void number() {
    const auto digits = [this] {
      while (is_digit(peek())) ++at_;
    };
    digits();
    if (peek() == '.' && is_digit(peek(1))) {
      ++at_;
      digits();
    }
    if (peek() != 'e' && peek() != 'E') return;
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (!is_digit(peek(1 + sign))) return;
    at_ += 1 + sign;
    digits();
  }

  void string() {
    for (++at_; at_ < text_.size() && peek() != '"' && peek() != '\n'; ++at_)
      if (peek() == '\\' && at_ + 1 < text_.size()) ++at_;
    const bool ends = peek() == '"';
    if (ends) ++at_;
    add(ends ? TokenKind::string : TokenKind::unknown);
  }

  void symbol() {
    constexpr std::array<std::string_view, 6> pairs = {"==", "!=", "<=", ">=", "+=", ".."};
    for (const std::string_view pair : pairs)
      if (text_.substr(at_, 2) == pair) {
        at_ += 2;
        return add(TokenKind::symbol);
      }
    const bool known =
        std::string_view("()[]{},:;=<>+-*/%^").find(peek()) != std::string_view::npos;
    ++at_;
    add(known ? TokenKind::symbol : TokenKind::unknown);
  }

  std::string_view text_;
  FileId file_;
  size_t at_ = 0;
  size_t begin_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex_graph(const SourceMap& sources, FileId file) {
  return Lexer(sources.text(file), file).run();
}

}  // namespace netc
