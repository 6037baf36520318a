// Joins definitions into kernels.
#pragma once

#include "ir/graph.h"
#include "ir/target.h"
#include "passes/remarks.h"

namespace netc {

/// Puts definitions with the same free domain, each reading the others at its own point only, into
/// one kernel: bias, activation and their derivatives with the product before them, the
/// optimizer's update with the weight's gradient. What only the kernel reads is never stored.
///
/// Needs: gradients taken. Leaves: every op but updates in exactly one kernel, ops in the order of
/// the kernels, updates last. Remarks say who joined whom, and why others did not.
void fuse(Graph& graph, const Target& target, Remarks* remarks = nullptr);

}  // namespace netc
