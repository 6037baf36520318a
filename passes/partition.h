// Cuts long sums into parts.
#pragma once

#include "ir/graph.h"
#include "ir/target.h"
#include "passes/remarks.h"

namespace netc {

/// Makes y[n, o] = b[o] + sum[i] x[n, i] * @w[i, o], where moving the weights between cores would
/// cost more than threads save, two definitions: parts of the sum, over rows of the weights each,
/// and their sum. Each thread then reads the rows that it writes when the step replaces them.
///
/// Needs: gradients taken, no kernels yet.
void partition(Graph& graph, const Target& target, Remarks* remarks = nullptr);

}  // namespace netc
