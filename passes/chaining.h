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

/// Whether a tensor is so small that it is in the first cache for every row that reads it again, as
/// a scale.
inline bool stays_at_hand(const TensorType& type, int64_t capacity) {
  return type.elements(capacity) * byte_size(type.dtype) <= 4096;
}

/// Nests that run one after the other.
struct PlannedKernel {
  std::vector<PlannedNest> nests;
  std::vector<OpId> ops;  ///< whose work it does
};

/// The kernels in an order in which they may run, those as one that gain by it.
std::vector<PlannedKernel> chained(const Graph& graph, std::vector<PlannedKernel> kernels);

}  // namespace netc
