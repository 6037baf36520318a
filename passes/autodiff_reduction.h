// How much of a reduction's gradient a point of its domain gets.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Whether a point is the one that gave the maximum or minimum `y` its value, in the definition's
/// own expression; positions are an operation of their own.
ExprId is_first_extremum(Graph& graph, ExprBuilder& b, const Definition& definition, ValueId y);

/// The product of all points of the product `y` but the one at hand, likewise.
ExprId product_of_others(Graph& graph, ExprBuilder& b, const Definition& definition, ValueId y);

}  // namespace netc
