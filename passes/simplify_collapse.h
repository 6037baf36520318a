// Sums over an index of which one value alone counts.
#pragma once

#include "ir/graph.h"
#include "passes/simplify_definition.h"

namespace netc {

/// sum[c] (if c == t then a[c] else 0) -> a[t], where t is known to be a value of c. The selection
/// may stand in the map that the sum reads.
Definition collapsed(Definition definition, const KnownTensors& known);

}  // namespace netc
