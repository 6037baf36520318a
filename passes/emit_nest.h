// The loops of a nest around its expressions: tiles over the free indices, and in each tile the
// reductions with their accumulators carried in registers, then the stores.
#pragma once

#include <optional>

#include "passes/emit_tile.h"
#include "passes/task_range.h"
#include "passes/tiling.h"

namespace netc {

/// The pointer of the packed windows of a read.
using PointerOfPacked = std::function<loops::RegisterId(ExprId)>;

/// What a kernel's parameters are to a nest.
struct NestPointers {
  PointerOf tensor;
  PointerOfBuffer buffer;
  PointerOfPacked packed;
  IsAtHand is_at_hand;
};

/// Appends the loops of the nest to a kernel. `steps` are the values of the indices that scans
/// hold, `rows` those that the loops go through, where that is not all of the task.
void emit_nest(const Graph& graph, const AccessedNest& nest, const Plan& plan,
               const std::vector<loops::RegisterId>& steps, loops::Builder& builder,
               const NestPointers& pointers, std::optional<TaskRows> rows = {});

/// Appends the loops that pack a read of the nest's, cut into tasks as the plan says.
void emit_packing(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                  const StagedRead& staged, const std::vector<loops::RegisterId>& steps,
                  loops::Builder& builder, const NestPointers& pointers);

}  // namespace netc
