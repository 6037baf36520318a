// The one canonical layout of a file (`netc fmt`).
#pragma once

#include <string>

#include "frontend/ast.h"

namespace netc {

/// The text of a parsed file in its canonical layout: two columns for each block, at most 100 where
/// lines can break, every comment kept, single blank lines kept. Formatting it again changes
/// nothing, and its tree is the same.
std::string format(const ast::File& file, const SourceMap& sources);

}  // namespace netc
