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
  double difference = 0;  ///< what finite differences give
  double relative = 0;    ///< by how much they differ, to the largest gradient of the tensor
};

struct GradientReport {
  size_t tensors = 0;   ///< parameters and inputs with an element that could be compared
  size_t rough = 0;     ///< those without: the loss has a kink at every one that was tried
  size_t elements = 0;  ///< of them, compared
  size_t kinks = 0;     ///< elements where the loss is not smooth; left out
  double largest = 0;   ///< relative difference, to the largest gradient of the tensor
  std::vector<GradientMismatch> mismatches;  ///< the worst of each tensor that has one
};

/// Compares some elements of every gradient of a `gradient` graph, elaborated in f64, at random
/// inputs and parameters. What `stop_gradient` stops is held as it is there.
Result<GradientReport> check_gradients(const Graph& graph, uint64_t seed);

/// The same for gradients that are taken already.
Result<GradientReport> compare_gradients(const Graph& graph, const Graph& differentiated,
                                         uint64_t seed);

}  // namespace netc
