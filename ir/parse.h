// Reads graphs from text, as `print` writes them.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/support/diagnostics.h"

namespace netc {

/// All graphs of a file. Reports what it cannot read as `graph-syntax` and returns what it could.
std::vector<Graph> parse_graphs(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

}  // namespace netc
