// What the frontend makes of a `.net` file: the graphs of its models and the plans of its
// training runs.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/plan.h"

namespace netc {

/// For each model, in file order: `train` (one for each of its train blocks; none without), then
/// `evaluate` (loss and metrics) where there is a loss, `predict` (outputs) where there are
/// outputs, and `gradient` (training mode: loss, outputs, the gradient of every parameter and
/// float input, no update) where there is a loss. Before autodiff, `train` and `gradient` hold
/// `Gradient` operations.
struct Module {
  std::vector<Graph> graphs;
  std::vector<TrainPlan> plans;
};

}  // namespace netc
