// Weights that every step replaces lie in the cache of the core that wrote them last. Where few
// rows pass through large weights, fetching them from another core takes longer than a thread
// saves, so each thread keeps to rows of its own: the first axis of the weights is cut the same way
// in every kernel.
#pragma once

#include "ir/graph.h"
#include "ir/target.h"

namespace netc {

/// Whether a step replaces these weights, of two axes or more, and fetching them from another core
/// takes longer than a second thread saves in a kernel of so many products.
bool stays_with_its_thread(const Graph& graph, ValueId weights, double products,
                           const Target& target);

}  // namespace netc
