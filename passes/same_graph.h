// Whether a pass has changed anything.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Whether two graphs with the same inputs, settings and variables have the same operations and
/// results, by ids. Nodes that no definition uses do not count.
bool same_operations(const Graph& a, const Graph& b);

}  // namespace netc
