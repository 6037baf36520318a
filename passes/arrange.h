// One order for what may stand in any.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Puts definitions, operands of commutative functions, and the terms of sums that are added up
/// into an order that does not depend on names, nor on the order in which the program says them, so
/// that the same mathematics is the same graph.
///
/// Needs: no kernels yet. Leaves: nothing that no result needs. Once more changes nothing.
void arrange(Graph& graph);

}  // namespace netc
