// Puts all buffers of a step into one arena.
#pragma once

#include "ir/loops/loops.h"

namespace netc {

/// Gives every buffer of the arena its offset; buffers that are not alive at the same time share
/// memory. Sizes are those of the capacity.
///
/// Needs: `schedule`. Leaves: `arena_bytes` and all offsets set.
void plan_memory(loops::Program& program);

}  // namespace netc
