// What is known of the totals of softmax.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Whether a tensor is `sum[c] exp(x[.., c] - max[c] x[.., c])`: no term is more than 1 and one is,
/// so that it and its reciprocal are ordinary numbers, or NaN.
bool is_total_of_softmax(const Graph& graph, ValueId value);

}  // namespace netc
