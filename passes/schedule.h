// From definitions to loops: each kernel gets its vectors, tiles and tasks, each tensor a buffer.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"
#include "ir/target.h"
#include "passes/remarks.h"

namespace netc {

/// Makes a step of every graph, and kernels that equal steps share.
///
/// Needs: gradients taken. Leaves: buffers in the arena without offsets (`plan-memory`). Remarks
/// say how the loops of each kernel run.
loops::Program schedule(const std::vector<Graph>& graphs, const Target& target,
                        Remarks* remarks = nullptr);

}  // namespace netc
