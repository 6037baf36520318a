// How a kernel's loops run, in words: its lanes, its tile, its tasks, and what it lacks.
#pragma once

#include "ir/graph.h"
#include "passes/remarks.h"
#include "passes/tiling.h"

namespace netc {

/// Remarks of `schedule` on the kernel that a nest becomes under a plan.
void remark_on_plan(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                    const Target& target, Remarks& remarks);

}  // namespace netc
