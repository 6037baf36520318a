// The parser: the text of a file becomes a syntax tree, or the list of all its syntax errors.
#pragma once

#include <optional>

#include "frontend/ast.h"
#include "ir/support/diagnostics.h"
#include "ir/support/source.h"

namespace netc {

/// Parses a whole file. After an error it goes on with the next statement, so that one run reports
/// all of a file's syntax errors; with errors there is no tree.
std::optional<ast::File> parse(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

}  // namespace netc
