// Kernels that pass over the rows of a task one after the other, as normalisations and softmax do,
// run together over a few rows at a time: from one to the next, these stay in the first cache.
#pragma once

#include <vector>

#include "ir/target.h"
#include "passes/chaining.h"

namespace netc {

/// Nests of a chain that run together.
struct RowBlock {
  size_t nests = 1;
  int64_t rows = 0;  ///< of the index that their tasks share out, at a time; 0: all of a task's
};

/// How the nests from `first` on run.
RowBlock row_block(const Graph& graph, const std::vector<PlannedNest>& chain, size_t first,
                   const Target& target);

}  // namespace netc
