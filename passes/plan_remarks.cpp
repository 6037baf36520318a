// A kernel stands at the value it stores last, which is what its user wrote or its gradient.
#include "passes/plan_remarks.h"

#include <fmt/format.h>

#include <algorithm>

namespace netc {

namespace {

std::string points_text(const Nest& nest, IndexId index, int64_t count) {
  return fmt::format("{} of `{}`", count, nest.indices[index.index].name);
}

/// "16 lanes along `o`, tiles of 6 of `n`, 2 vectors of `o`".
std::string loops_text(const Nest& nest, const Plan& plan) {
  std::vector<std::string> parts;
  if (plan.vector)
    parts.push_back(
        fmt::format("{} lanes along `{}`", plan.lanes, nest.indices[plan.vector.index].name));
  for (size_t k = 0; k < plan.stage_vector.size(); ++k)
    if (IndexId index = plan.stage_vector[k])
      parts.push_back(fmt::format("{} lanes along the reduced `{}`", plan.stage_lanes[k],
                                  nest.indices[index.index].name));
  std::vector<std::string> tile;
  for (uint32_t i = 0; i < nest.free_count; ++i)
    if (plan.slots[i] > 1)
      tile.push_back(points_text(nest, IndexId{i}, plan.slots[i]) +
                     (IndexId{i} == plan.vector ? " (in vectors)" : ""));
  if (!tile.empty()) parts.push_back(fmt::format("tiles of {}", fmt::join(tile, " by ")));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

void remark_on_plan(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                    const Target& target, Remarks& remarks) {
  const Store& last = nest.nest.stores.back();
  if (!last.value) return;
  SourceRange range = graph[last.value].range;
  auto say = [&](bool missed, std::string text) {
    remarks.push_back(
        {"schedule", missed, range,
         fmt::format("{}.{}, `{}`: {}", graph.model, graph.entry, graph[last.value].name, text)});
  };
  std::string loops = loops_text(nest.nest, plan);
  bool lanes = plan.vector || std::any_of(plan.stage_vector.begin(), plan.stage_vector.end(),
                                          [](IndexId index) { return index.valid(); });
  if (!loops.empty()) say(false, loops);
  if (!lanes)
    say(true, last.accumulate
                  ? "not vectorized: additions to one element keep their order"
                  : "not vectorized: along no index are vectors estimated to be faster");
  if (plan.parallel)
    say(false, fmt::format("tasks of {} out of {} for the threads", plan.tasks.chunk,
                           to_string(plan.tasks.extent)));
  else if (last.accumulate)
    say(true, "not run in parallel: additions to one element keep their order");
  else if (plan.moves_weights)
    say(true, "not run in parallel: fetching weights from another core takes longer");
  else
    say(true, fmt::format("not run in parallel: about {:.0f} cycles of work, and waking a thread "
                          "pays from {:.0f} on",
                          plan.cycles, target.least_parallel_cycles(nest.nest.steps > 0)));
}

}  // namespace netc
