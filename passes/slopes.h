// The derivative of an element-wise function, taken where the function itself is.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Where a tensor y is read by h = f(y) and by dy = dh * f'(y) alone, as with gelu and silu, and f
/// and f' call the same function, defines the slope f'(y) beside h and reads that on the way back:
/// what the two share is computed once, and the slope is kept in place of y.
void take_slopes_early(Graph& graph);

}  // namespace netc
