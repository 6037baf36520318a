// Joins definitions into kernels.
#pragma once

#include "ir/graph.h"
#include "ir/target.h"

namespace netc {

/// Puts definitions with the same free domain, each reading the others at its own point only, into
/// one kernel: bias, activation and their derivatives with the product before them, the
/// optimizer's update with the weight's gradient. What only the kernel reads is never stored.
///
/// Needs: gradients taken. Leaves: every op but updates in exactly one kernel, ops in the order of
/// the kernels, updates last.
void fuse(Graph& graph, const Target& target);

}  // namespace netc
