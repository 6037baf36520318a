// The values of the index that tasks share out.
#pragma once

#include <utility>

#include "ir/loops/build.h"
#include "passes/tiling.h"

namespace netc {

/// From the first value of the task, or of the tasks that are run together, to where the last one's
/// end, if the index has as many.
inline std::pair<loops::RegisterId, loops::RegisterId> task_range(loops::Builder& builder,
                                                                  const Plan& plan) {
  const loops::RegisterId chunk = builder.integer(plan.tasks.chunk);
  const loops::RegisterId lower = builder.mul(builder.task(), chunk);
  if (plan.runs_together) return {lower, builder.mul(builder.task_end(), chunk)};
  return {lower, builder.add(lower, chunk)};
}

}  // namespace netc
