#include "frontend/token.h"

#include <array>

namespace netc {

namespace {
constexpr std::array<std::string_view, static_cast<size_t>(TokenKind::caret) + 1> spellings = {
    "if", "then", "else", "for",   "in", "scan", "let", "return", "yield", "as", "and",
    "or", "not",  "true", "false", "(",  ")",    "[",   "]",      "{",     "}",  ",",
    ":",  ".",    "..",   "=",     "<-", "->",   "|",   "|>",     "==",    "!=", "<=",
    ">=", "<",    ">",    "+",     "-",  "*",    "/",   "%",      "@",     "^"};
static_assert(spellings.back() == "^" && spellings[static_cast<size_t>(TokenKind::pipe)] == "|>" &&
              spellings[static_cast<size_t>(TokenKind::left_paren)] == "(");
}  // namespace

std::string_view spelling(TokenKind kind) {
  auto index = static_cast<size_t>(kind);
  return index < spellings.size() ? spellings[index] : std::string_view{};
}

std::optional<TokenKind> find_keyword(std::string_view word) {
  for (size_t i = 0; i <= static_cast<size_t>(TokenKind::kw_false); ++i)
    if (spellings[i] == word) return static_cast<TokenKind>(i);
  return std::nullopt;
}

}  // namespace netc
