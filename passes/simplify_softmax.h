// What is known of softmax.
#pragma once

#include <optional>

#include "ir/graph.h"
#include "passes/simplify_definition.h"

namespace netc {

/// Whether a tensor is `sum[c] exp(x[.., c] - max[c] x[.., c])`: no term is more than 1 and one is,
/// so that it and its reciprocal are ordinary numbers, or NaN.
bool is_total_of_softmax(const Graph& graph, ValueId value);

/// `(a / total - s / total) * e`, the gradient of a softmax by its scores as the chain rule gives
/// it, by the weights `w = e / total` that there are: `(a - s) * w`. The exponentials e need not be
/// kept for it.
std::optional<Definition> by_weights_of_softmax(const Definition& map, const KnownTensors& known);

}  // namespace netc
