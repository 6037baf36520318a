// Tokens: what the lexer makes of a text and the parser reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace netc {

enum class TokenKind : uint8_t {
  // Reserved words.
  kw_if,
  kw_then,
  kw_else,
  kw_for,
  kw_in,
  kw_scan,
  kw_let,
  kw_return,
  kw_yield,
  kw_as,
  kw_and,
  kw_or,
  kw_not,
  kw_true,
  kw_false,
  // Brackets and punctuation.
  left_paren,
  right_paren,
  left_square,
  right_square,
  left_brace,
  right_brace,
  comma,
  colon,
  dot,
  dot_dot,
  assign,
  left_arrow,
  right_arrow,
  bar,
  // Operators.
  pipe,
  equal,
  not_equal,
  less_equal,
  greater_equal,
  less,
  greater,
  plus,
  minus,
  star,
  slash,
  percent,
  at,
  caret,
  // Those without one spelling.
  name,
  number,
  string,
  error,     ///< something that the lexer has reported already
  line_end,  ///< only seen through the parser: the line ends the statement here
  end,
};

/// The text of a token that has one spelling; else "".
std::string_view spelling(TokenKind kind);

/// The kind of a reserved word.
std::optional<TokenKind> find_keyword(std::string_view word);

constexpr bool is_keyword(TokenKind kind) { return kind <= TokenKind::kw_false; }

struct Token {
  TokenKind kind = TokenKind::end;
  bool first_on_line = false;
  bool starts_statement = false;  ///< first on its line, and the line before ended a statement
  uint32_t begin = 0;
  uint32_t end = 0;
};

}  // namespace netc
