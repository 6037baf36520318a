// The loops of a nest around its expressions: tiles over the free indices, and in each tile the
// reductions with their accumulators carried in registers, then the stores.
#pragma once

#include "passes/emit_expr.h"
#include "passes/tiling.h"

namespace netc {

/// The pointer of the buffer that a store writes.
using PointerOfBuffer = std::function<loops::RegisterId(loops::BufferId)>;

/// Appends the loops of the nest to a kernel. `steps` are the values of the indices that scans
/// hold.
void emit_nest(const Graph& graph, const AccessedNest& nest, const Plan& plan,
               const std::vector<loops::RegisterId>& steps, loops::Builder& builder,
               const PointerOf& pointer_of, const PointerOfBuffer& pointer_of_buffer);

}  // namespace netc
