// The values of the index that tasks share out.
#pragma once

#include <utility>

#include "ir/loops/build.h"
#include "passes/tiling.h"

namespace netc {

/// Values of the index, from the first on and below the second.
using TaskRows = std::pair<loops::RegisterId, loops::RegisterId>;

/// From the first value of the task, or of the tasks that are run together, to where the last one's
/// end, if the index has as many.
inline TaskRows task_range(loops::Builder& builder, const Plan& plan) {
  const loops::RegisterId chunk = builder.integer(plan.tasks.chunk);
  const loops::RegisterId lower = builder.mul(builder.task(), chunk);
  if (plan.runs_together) return {lower, builder.mul(builder.task_end(), chunk)};
  return {lower, builder.add(lower, chunk)};
}

/// Those of them before `end`, where the index ends.
inline TaskRows task_range(loops::Builder& builder, const Plan& plan, loops::RegisterId end) {
  const auto [lower, upper] = task_range(builder, plan);
  return {lower, builder.min(upper, end)};
}

}  // namespace netc
