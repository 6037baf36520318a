// The sums of a nest under one choice of lanes: what a round of each costs, and how many there are.
#pragma once

#include "ir/target.h"
#include "passes/access.h"
#include "passes/tiling_cost.h"

namespace netc {

constexpr double latency_cycles = 4;  ///< of an addition to an accumulator

struct StageChoice {
  LaneChoice lanes;
  SectionCost cost;
  double rounds = 1;   ///< of the innermost reduction body
  double closing = 0;  ///< cycles after the loops, for each accumulator
  bool reduced_lanes = false;
};

class StageChooser {
 public:
  StageChooser(const Graph& graph, const AccessedNest& nest, const Target& target,
               const ReadChoice& reads)
      : graph_(graph), nest_(nest), target_(target), reads_(reads) {}

  /// Of a nest whose lanes are along a free index.
  StageChoice choose(const Stage& stage, LaneChoice lanes, bool reduced = false) const;
  /// A stage whose results are scalars may have the lanes along one of its own indices.
  StageChoice choose(const Stage& stage) const;
  /// The same, along this one.
  StageChoice choose_along(const Stage& stage, IndexId index) const;

 private:
  const Graph& graph_;
  const AccessedNest& nest_;
  const Target& target_;
  const ReadChoice& reads_;
};

/// Lanes along an index: no more than a vector has, and not twice as many as its values.
uint16_t lanes_of(const Graph& graph, const AccessedNest& nest, IndexId index,
                  const Target& target);

/// Steps of the loops over the reduced indices of a stage.
double rounds_of(const Graph& graph, const AccessedNest& nest, const Stage& stage,
                 LaneChoice lanes = {});

}  // namespace netc
