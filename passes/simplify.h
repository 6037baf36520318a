// The same values by fewer and simpler definitions.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Folds constants, applies the algebra of scalars, merges equal definitions, reads through copies
/// and constant tensors, collapses sums over one selected element, and drops what nothing needs.
/// NaN and infinities come out as before. Once more changes nothing.
///
/// Needs: no kernels yet. Before autodiff it keeps what gradients pass through and where they stop.
void simplify(Graph& graph);

}  // namespace netc
