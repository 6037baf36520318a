// How many points of which indices one tile of a plan holds in registers. Candidates are few, so
// all are tried: every pair of indices and a third one if there is room, and a short list of slots
// for each; the estimate of `tiling_cost` decides.
#pragma once

#include <vector>

#include "passes/tiling.h"
#include "passes/tiling_stages.h"

namespace netc {

/// Whether a loop over so many rows of a tile follows its sums: where there is much to do at each
/// point, and several rows.
bool finishes_in_loop(double instructions, int64_t rows);

/// Sets the slots, the cycles and the price of a plan whose lanes and stages are chosen. Where the
/// batches are not full, rows of one fill tiles over the batch badly.
void choose_slots(Plan& plan, const std::vector<StageChoice>& stages, const ReadChoice& reads,
                  bool full_batches, const Graph& graph, const AccessedNest& nest,
                  const Target& target);

}  // namespace netc
