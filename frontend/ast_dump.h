// The syntax tree as text (`--emit=ast`): one node a line, children indented below.
#pragma once

#include <string>

#include "frontend/ast.h"

namespace netc {

/// Shows what was parsed, without places, comments and redundant parentheses; two texts with the
/// same tree have the same dump.
std::string dump_ast(const ast::File& file);

}  // namespace netc
