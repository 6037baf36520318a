// What was rectified tells the sign of what it was made from.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Where a tensor is read for its sign alone, as in the gradient of relu, and relu's result is
/// there as well, reads that: h = max(0, y) is at most 0 exactly where y is, and often nothing
/// else needs y in memory.
void read_signs_from_rectified(Graph& graph);

}  // namespace netc
