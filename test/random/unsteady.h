// How much of a result is rounding: the same graph with each definition off by a little.
#pragma once

#include "ir/graph.h"

namespace netc::random_programs {

/// Multiplies every element of every float definition by a number of its own near 1, at most
/// `reach` away. What a tie or a pole decides comes out altogether different.
void unsettle(Graph& graph, double reach);

}  // namespace netc::random_programs
