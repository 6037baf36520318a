// Sums that are added up, in an order of their own.
#pragma once

#include "ir/graph.h"
#include "passes/arrange_keys.h"

namespace netc {

/// a + (b + sum[i] f + sum[j] g) -> s = a + b + sum[i] f; s + sum[j] g
///
/// Where one of the terms of an addition is a sum, the terms are added in the order of their keys:
/// first what no scan has to wait for, and at each depth of scans what is no sum first. The sum
/// that comes last keeps the name. Without a sum among its terms an addition stays as it is.
void arrange_sums(Graph& graph, const Keys& keys);

}  // namespace netc
