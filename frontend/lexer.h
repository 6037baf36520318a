// The lexer: a text becomes tokens, and it is settled which line ends are ends of statements.
//
// A line end does not end a statement inside `(` or `[`, after an operator or a comma, and before
// `|>`, `then`, `else` or a binary operator other than `-`. A bracket that is never closed does not
// hide line ends, so that the damage of a forgotten `)` ends with its statement.
#pragma once

#include <vector>

#include "frontend/ast.h"
#include "frontend/token.h"
#include "ir/support/diagnostics.h"
#include "ir/support/source.h"

namespace netc {

/// After so many errors the rest of a file is not read: it is no `.net` file.
inline constexpr int max_syntax_errors = 1000;

struct LexedFile {
  std::vector<Token> tokens;  ///< the last one is `end`
  /// For each token: where its other bracket stands in `tokens`, or 0 (for an opening bracket,
  /// that it has none). Only opening brackets know theirs.
  std::vector<uint32_t> closing;
  std::vector<ast::Comment> comments;
};

/// Reports what is no token; where it stood is an `error` token.
LexedFile lex(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

/// The tokens of a part of a file, as of an expression in the braces of a message.
LexedFile lex(const SourceMap& sources, SourceRange part, Diagnostics& diagnostics);

/// The value of a string's text between its quotes, which the lexer has found good.
std::string unescape(std::string_view text);

}  // namespace netc
