// Tokens of graph text. `%name` and `@name` are one token each, so that `a % b` stays a remainder.
#pragma once

#include <string_view>
#include <vector>

#include "ir/support/source.h"

namespace netc {

enum class TokenKind : uint8_t {
  word,      ///< `graph`, `sum`, `dense1.w`
  number,    ///< `12`, `0.5`, `1e-3`
  string,    ///< with its quotes
  value,     ///< `%z1`, text without the sign
  variable,  ///< `@dense1.w`, text without the sign
  symbol,    ///< `(`, `+=`, `..`
  unknown,   ///< a byte that starts no token, or a string that does not end
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;
  SourceRange range;

  bool is(std::string_view word_or_symbol) const {
    return (kind == TokenKind::word || kind == TokenKind::symbol) && text == word_or_symbol;
  }
};

/// All tokens of a file, the last of them `end`. Spaces and `//` comments separate.
std::vector<Token> lex_graph(const SourceMap& sources, FileId file);

}  // namespace netc
