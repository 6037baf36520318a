// Removes from a graph what nothing asks for.
#pragma once

#include "ir/graph.h"

namespace netc::elaboration {

/// Keeps the operations that results and updates need, and the values that these read. All inputs
/// stay unless `drop_inputs`.
void prune(Graph& graph, bool drop_inputs);

}  // namespace netc::elaboration
