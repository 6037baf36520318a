#include "passes/tiling_stages.h"

#include <algorithm>
#include <cmath>

namespace netc {

namespace {

double serial_cycles(const StageChoice& choice) {
  return choice.rounds * std::max(choice.cost.tile({}).cycles, latency_cycles);
}

}  // namespace

StageChoice StageChooser::choose(const Stage& stage, LaneChoice lanes, bool reduced) const {
  SectionCost cost(nest_, {stage.body}, lanes, reads_);
  const Expr& body = nest_.nest.dag[stage.body];
  // A product at the root becomes one instruction with its addition.
  bool fused = stage.reduction == Reduction::sum && body.kind == ExprKind::apply &&
               body.function == Function::mul;
  if (!fused) cost.add_operation(nest_.depends[stage.body.index], body.type, lanes);
  StageChoice choice{lanes, std::move(cost), rounds_of(graph_, nest_, stage, lanes), 0, reduced};
  if (reduced) choice.closing = 2 + 3 * std::log2(lanes.lanes);
  return choice;
}

StageChoice StageChooser::choose_along(const Stage& stage, IndexId index) const {
  return choose(stage, {index, lanes_of(graph_, nest_, index, target_), target_.unit_bytes}, true);
}

StageChoice StageChooser::choose(const Stage& stage) const {
  StageChoice best = choose(stage, {{}, 1, target_.unit_bytes}, false);
  if (stage.reduction == Reduction::argmax) return best;
  double least = serial_cycles(best);
  for (IndexId index : stage.reduced) {
    if (nest_.nest.extent(index, graph_.capacity) < 2) continue;
    StageChoice choice = choose_along(stage, index);
    double cycles = serial_cycles(choice) + choice.closing;
    if (cycles >= least) continue;
    least = cycles;
    best = std::move(choice);
  }
  return best;
}

uint16_t lanes_of(const Graph& graph, const AccessedNest& nest, IndexId index,
                  const Target& target) {
  int64_t lanes = std::max<int64_t>(target.vector_bytes / widest_element(nest, index), 1);
  while (lanes > 2 && lanes / 2 >= nest.nest.extent(index, graph.capacity)) lanes /= 2;
  return static_cast<uint16_t>(lanes);
}

double rounds_of(const Graph& graph, const AccessedNest& nest, const Stage& stage,
                 LaneChoice lanes) {
  double rounds = 1;
  for (IndexId index : stage.reduced) {
    int64_t steps = nest.nest.extent(index, graph.capacity);
    if (index == lanes.index) steps = (steps + lanes.lanes - 1) / lanes.lanes;
    rounds *= static_cast<double>(steps);
  }
  return rounds;
}

}  // namespace netc
