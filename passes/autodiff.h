// The backward pass: gradients as definitions in index notation.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Replaces every `gradient` by definitions of the same kind as those it differentiates, so that
/// gradients can be differentiated again.
///
/// Needs: a verified graph. Leaves: no `Gradient` operation; `d.X` names the gradient by X.
void autodiff(Graph& graph);

}  // namespace netc
