// The nests of a chain touch what others of it write by the rows of their own task alone, and where
// their tasks have the same indices, row by row.
#include "passes/row_blocks.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace netc {

namespace {

constexpr double share_of_cache = 0.4;  ///< of the first, for the rows of a block

/// The bytes of a row in each buffer that a nest goes through row by row, reading little else;
/// empty if it does not.
std::map<loops::BufferId, int64_t> rows_of(const Graph& graph, const PlannedNest& planned) {
  const Plan& plan = planned.plan;
  const Nest& nest = planned.nest.nest;
  const bool is_simple = plan.parallel && !plan.runs_together && !plan.finishes_in_loop &&
                         plan.staged.empty() && !plan.part && nest.steps == 0 &&
                         plan.order[0] == plan.task_index && plan.task_index != plan.vector;
  if (!is_simple) return {};
  std::map<loops::BufferId, int64_t> rows;
  const auto add = [&](loops::BufferId buffer, const Access& access, const TensorType& type) {
    const BatchCount stride = access.stride(plan.task_index);
    if (!access.data.empty() || !stride.is_constant() || stride.constant() < 0) return false;
    if (stride.is_zero()) return stays_at_hand(type, graph.capacity);
    rows[buffer] = stride.constant() * byte_size(type.dtype);
    return true;
  };
  for (const auto& [read, access] : planned.nest.reads)
    if (!add(planned.sources.at(read), access, graph[nest.dag[read].tensor].type)) return {};
  for (size_t k = 0; k < nest.stores.size(); ++k)
    if (!add(nest.stores[k].buffer, planned.nest.stores[k], nest.stores[k].type)) return {};
  return rows;
}

}  // namespace

RowBlock row_block(const Graph& graph, const std::vector<PlannedNest>& chain, size_t first,
                   const Target& target) {
  const Plan& plan = chain[first].plan;
  std::map<loops::BufferId, int64_t> rows;
  RowBlock block{0, 1};
  for (size_t k = first; k < chain.size(); ++k) {
    const loops::Tasks& tasks = chain[k].plan.tasks;
    const auto touched = rows_of(graph, chain[k]);
    if (touched.empty() || tasks.extent != plan.tasks.extent || tasks.chunk != plan.tasks.chunk)
      break;
    for (const auto& [buffer, bytes] : touched) rows[buffer] = std::max(rows[buffer], bytes);
    block.rows = std::lcm(block.rows, chain[k].plan.step(chain[k].plan.task_index));
    ++block.nests;
  }
  if (block.nests < 2) return {};
  int64_t bytes = 0;
  for (const auto& [buffer, each] : rows) bytes += each;
  const auto cache = static_cast<int64_t>(share_of_cache * static_cast<double>(target.l1_bytes));
  block.rows *= std::max<int64_t>(cache / std::max<int64_t>(bytes * block.rows, 1), 1);
  if (2 * block.rows > plan.tasks.chunk || plan.tasks.chunk * bytes <= target.l1_bytes) return {};
  return block;
}

}  // namespace netc
