// How the loops of a nest run: which index the lanes of a vector stand for, how many points of
// which indices one tile holds in registers, in which order the tiles come, and how they are cut
// into tasks. Everything follows from shapes and the target, never from the number of threads.
#pragma once

#include <vector>

#include "ir/target.h"
#include "passes/access.h"

namespace netc {

struct Plan {
  IndexId vector;  ///< the free index of the lanes; invalid: none
  uint16_t lanes = 1;
  std::vector<IndexId> stage_vector;  ///< for each stage without `vector`: a reduced index, or none
  std::vector<uint16_t> stage_lanes;
  std::vector<int64_t> slots;  ///< for each index: points of a tile (vectors, of the lanes)
  std::vector<IndexId> order;  ///< loops over free indices, outermost first
  bool parallel = false;       ///< the first of `order` is cut into tasks
  loops::Tasks tasks;
  double cycles = 0;  ///< estimated, for the capacity
  double price = 0;   ///< cycles, and what the code costs to compile
};

/// The plan with the least estimated cycles.
Plan make_plan(const Graph& graph, const AccessedNest& nest, const Target& target);

}  // namespace netc
