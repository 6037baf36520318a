// The same values by fewer and simpler definitions.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Folds constants, applies the algebra of scalars, merges equal definitions, reads through copies
/// and constant tensors, collapses sums over one selected element, and drops what nothing needs.
/// NaN, infinities and the sign of zero come out as before. Once more changes nothing.
void simplify(Graph& graph);

}  // namespace netc
