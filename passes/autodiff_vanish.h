// A proof that an expression needs no select to be 0 outside of its domain.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace netc {

/// Whether `value` is 0 wherever index `k` is out of its range, if reads that are outside of their
/// tensors give 0. A read at k alone is outside there, and products with it stay 0 as long as the
/// other factor is finite.
bool vanishes_outside(const Graph& graph, const ExprDag& dag, ExprId value,
                      const std::vector<Index>& indices, IndexId k);

}  // namespace netc
