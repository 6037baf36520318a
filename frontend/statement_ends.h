// Brackets find their other halves, and with them it is known which line ends end a statement.
#pragma once

#include "frontend/lexer.h"

namespace netc {

/// Fills in `closing` and the tokens' `starts_statement`.
void mark_statement_ends(LexedFile& file);

}  // namespace netc
