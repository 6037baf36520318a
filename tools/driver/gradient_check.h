// Gradients against finite differences, in f64, through the reference interpreter.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/support/result.h"

namespace netc {

/// A gradient that differs from what finite differences say.
struct GradientMismatch {
  std::string tensor;
  std::vector<int64_t> position;
  double gradient = 0;
  double difference = 0;
};

struct GradientReport {
  size_t tensors = 0;   ///< parameters and inputs whose gradients were looked at
  size_t elements = 0;  ///< of them, compared
  size_t kinks = 0;     ///< elements where the loss is not smooth; left out
  double largest = 0;   ///< relative difference, to the largest gradient of the tensor
  std::vector<GradientMismatch> mismatches;  ///< at most one a tensor
};

/// Compares some elements of every gradient of a `gradient` graph, elaborated in f64, at random
/// inputs and parameters.
Result<GradientReport> check_gradients(const Graph& graph, uint64_t seed);

}  // namespace netc
