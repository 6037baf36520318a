// How much arithmetic a graph asks for.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace netc {

/// Floating-point operations of one operation for a batch of `n`: each function of a definition's
/// expression and each step of its reduction counts as one.
int64_t flops(const Op& op, int64_t n);

/// The sum over all operations.
int64_t flops(const Graph& graph, int64_t n);

/// Two for each step of a sum of products; 0 for other operations.
int64_t contraction_flops(const Op& op, int64_t n);

/// The sum over all operations: what a step cannot do without.
int64_t contraction_flops(const Graph& graph, int64_t n);

}  // namespace netc
