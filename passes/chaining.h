// Kernels that run task by task: where every task of one needs of another only what its own task
// there has made, both become one kernel, and what passes between them is still in the cache.
#pragma once

#include <map>
#include <vector>

#include "passes/tiling.h"

namespace netc {

/// A nest with its loops, ready to be written out.
struct PlannedNest {
  AccessedNest nest;
  Plan plan;
  std::map<ExprId, loops::BufferId> sources;  ///< where each read finds its elements
  std::map<ExprId, loops::BufferId> packed;   ///< the windows of reads that are packed
};

/// Whether a nest may follow others within their tasks, and gains by it; its plan is then cut as
/// theirs are.
bool join_chain(const Graph& graph, std::vector<PlannedNest>& chain, PlannedNest& next);

}  // namespace netc
