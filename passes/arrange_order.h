// The order in which operations are needed.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "passes/arrange_keys.h"

namespace netc {

/// The operations that results and updates need, depth first: the operands of each before it, in
/// the order in which it reads them. Those of a scan stand together.
std::vector<OpId> order_of_need(const Graph& graph, const Keys& keys);

}  // namespace netc
