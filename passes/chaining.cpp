#include "passes/chaining.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "passes/staging.h"
#include "passes/tiling_stages.h"

namespace netc {

namespace {

using loops::BufferId;

constexpr int64_t least_tasks = 4;      ///< of a chain that has made its tasks larger
constexpr size_t most_passed_over = 8;  ///< kernels that run after a chain which stood within it

/// How a nest reaches a buffer.
struct Touch {
  BufferId buffer;
  const Access* access;
  bool writes;
  bool copied;  ///< a window at a time, perhaps of other tasks' rows
};

std::vector<Touch> touches(const PlannedNest& planned) {
  std::vector<Touch> result;
  for (const auto& [read, access] : planned.nest.reads)
    result.push_back(
        {planned.sources.at(read), &access, false, find_staged(planned.plan, read) != nullptr});
  for (size_t k = 0; k < planned.nest.stores.size(); ++k)
    result.push_back({planned.nest.nest.stores[k].buffer, &planned.nest.stores[k], true, false});
  return result;
}

/// The elements from one value of the index to the next, if each value has elements of its own.
std::optional<int64_t> row_of(const Graph& graph, const PlannedNest& planned, const Touch& touch,
                              IndexId index) {
  const Access& access = *touch.access;
  const Nest& nest = planned.nest.nest;
  const auto is_step = [&](IndexId other) { return other.index < nest.steps; };
  if (touch.copied || !access.data.empty()) return {};
  for (const Guard& guard : access.guards)
    for (const Affine::Term& term : guard.affine.terms)
      if (!is_step(term.index)) return {};
  const BatchCount stride = access.stride(index);
  if (!stride.is_constant() || stride.constant() <= 0) return {};
  BatchCount constant = access.constant;
  int64_t last = 0;
  for (const auto& [other, step] : access.strides) {
    if (other == index) continue;
    // The rows of another step lie apart from those of this one, in the same order.
    if (is_step(other) && step == stride.times(nest.indices[index.index].extent)) {
      if (constant == step.times({-1, false}) || constant == step) constant = {};
      continue;
    }
    if (!step.is_constant() || step.constant() < 0) return {};
    last += step.constant() * (nest.extent(other, graph.capacity) - 1);
  }
  if (!constant.is_constant() || constant.constant() < 0) return {};
  if (constant.constant() + last >= stride.constant()) return {};
  return stride.constant();
}

/// The elements of a task's part of what a nest touches, if its tasks were so many times as large
/// and have parts of their own.
std::optional<int64_t> part_of_task(const Graph& graph, const PlannedNest& planned,
                                    const Touch& touch, int64_t times) {
  std::optional<int64_t> row = row_of(graph, planned, touch, planned.plan.task_index);
  if (row) *row *= times * planned.plan.tasks.chunk;
  return row;
}

/// The elements from one task's part of what a nest reads to the next one's, which may lie between
/// each other; 0: they do not differ by a constant, or are read from a copy.
int64_t step_of_task(const PlannedNest& planned, const Touch& touch, int64_t times) {
  if (touch.copied) return 0;
  const BatchCount stride = touch.access->stride(planned.plan.task_index);
  return stride.is_constant() ? stride.constant() * times * planned.plan.tasks.chunk : 0;
}

/// How the tasks of two nests meet.
struct Meeting {
  bool depend = false;  ///< one writes what the other touches
  bool apart = false;   ///< in another task
  bool share = false;   ///< both read the same in the same task
};

/// If the first's tasks were so many times as large.
Meeting meeting(const Graph& graph, const PlannedNest& first, const PlannedNest& next,
                int64_t times) {
  Meeting result;
  for (const Touch& a : touches(first))
    for (const Touch& b : touches(next)) {
      if (a.buffer != b.buffer) continue;
      if (!a.writes && !b.writes) {
        const int64_t step = step_of_task(first, a, times);
        result.share |= step != 0 && step == step_of_task(next, b, 1);
        continue;
      }
      const auto part = part_of_task(graph, first, a, times);
      result.depend = true;
      result.apart |= !part || part != part_of_task(graph, next, b, 1);
    }
  return result;
}

/// The chunk that cuts an index of this extent into as many tasks as these, were they so many times
/// as large, as where each of its values is several of theirs or they of it; 0: none.
int64_t chunk_of(const loops::Tasks& tasks, int64_t times, Dim extent) {
  if (extent.batch != tasks.extent.batch || tasks.extent.factor == 0) return 0;
  const int64_t chunk = times * tasks.chunk * extent.factor;
  return chunk % tasks.extent.factor == 0 ? chunk / tasks.extent.factor : 0;
}

/// Whether the next nest gains by joining a chain whose tasks are so many times as large: it reads
/// what the chain has written, and only its own tasks' rows of it. Where it `keeps` the loop
/// that its tasks share out, it also gains by reading what the chain reads.
bool joins(const Graph& graph, const std::vector<PlannedNest>& chain, const PlannedNest& next,
           int64_t times, bool keeps) {
  // Within a scan, every step would wait for it.
  bool gains = next.nest.nest.steps > 0;
  for (const PlannedNest& earlier : chain) {
    const Meeting met = meeting(graph, earlier, next, times);
    if (met.apart) return false;
    gains |= met.depend || (keeps && met.share);
  }
  return gains;
}

/// Whether the next nest packs something that the chain writes: that is done before the chain
/// begins.
bool packs_what_is_made(const std::vector<PlannedNest>& chain, const PlannedNest& next) {
  const auto is_made = [&](BufferId buffer) {
    return std::any_of(chain.begin(), chain.end(), [&](const PlannedNest& earlier) {
      const std::vector<Store>& stores = earlier.nest.nest.stores;
      return std::any_of(stores.begin(), stores.end(),
                         [&](const Store& store) { return store.buffer == buffer; });
    });
  };
  return std::any_of(next.plan.staged.begin(), next.plan.staged.end(),
                     [&](const StagedRead& staged) {
                       return staged.packed && is_made(next.sources.at(staged.read));
                     });
}

/// Whether one of two nests writes what the other touches.
bool conflict(const PlannedNest& a, const PlannedNest& b) {
  const std::vector<Touch> of_b = touches(b);
  for (const Touch& x : touches(a))
    for (const Touch& y : of_b)
      if (x.buffer == y.buffer && (x.writes || y.writes)) return true;
  return false;
}

bool conflict(const PlannedKernel& a, const PlannedKernel& b) {
  for (const PlannedNest& x : a.nests)
    for (const PlannedNest& y : b.nests)
      if (conflict(x, y)) return true;
  return false;
}

/// Whether a tile reads something once for several values of an index that is not at hand anyway.
bool reuses(const Graph& graph, const AccessedNest& nest, IndexId index) {
  return std::any_of(nest.reads.begin(), nest.reads.end(), [&](const auto& each) {
    const auto& [read, access] = each;
    const TensorType& type = graph[nest.nest.dag[read].tensor].type;
    return access.stride(index).is_zero() && !stays_at_hand(type, graph.capacity);
  });
}

/// Whether a tile has so many points that their sums need not wait for their own additions.
bool has_enough_points(const AccessedNest& nest, const Plan& plan) {
  int64_t points = 1;
  for (uint32_t i = 0; i < nest.nest.free_count; ++i) points *= plan.slots[i];
  return static_cast<double>(points) >= latency_cycles;
}

/// Makes tasks of so many values of an index hold whole tiles, if they can: where those are of
/// vectors, or reuse nothing, and there are no copies, they may have fewer.
bool fit_tiles(const Graph& graph, const AccessedNest& nest, Plan& plan, IndexId index,
               int64_t chunk) {
  if (chunk % plan.step(index) == 0) return true;
  const bool is_vector = index == plan.vector;
  if (!plan.staged.empty() || (!is_vector && reuses(graph, nest, index))) return false;
  int64_t& slots = plan.slots[index.index];
  while (slots > 1 && chunk % plan.step(index) != 0) --slots;
  return chunk % plan.step(index) == 0 && (is_vector || has_enough_points(nest, plan));
}

/// Whether a nest may follow others within their tasks, and gains by it; its plan is then cut as
/// theirs are.
bool join_chain(const Graph& graph, std::vector<PlannedNest>& chain, PlannedNest& next) {
  const Plan& first = chain[0].plan;
  if (!first.parallel) return false;
  if (packs_what_is_made(chain, next)) return false;
  const Plan own = next.plan;
  // Fewer tasks, where only those hold whole tiles of all kernels.
  const int64_t rows = first.tasks.extent.at(graph.capacity);
  for (int64_t times = 1; times == 1 || times * first.tasks.chunk * least_tasks <= rows; ++times)
    for (IndexId index : own.order) {
      const Dim extent = next.nest.nest.indices[index.index].extent;
      const int64_t chunk = chunk_of(first.tasks, times, extent);
      next.plan = own;
      if (chunk == 0 || !fit_tiles(graph, next.nest, next.plan, index, chunk)) continue;
      next.plan.parallel = true;
      next.plan.task_index = index;
      next.plan.tasks = {extent, chunk};
      const bool keeps = times == 1 && (!own.parallel || own.task_index == index);
      if (!joins(graph, chain, next, times, keeps)) continue;
      for (PlannedNest& earlier : chain) earlier.plan.tasks.chunk *= times;
      return true;
    }
  next.plan = own;
  return false;
}

}  // namespace

std::vector<PlannedKernel> chained(const Graph& graph, std::vector<PlannedKernel> kernels) {
  std::vector<PlannedKernel> result;
  std::vector<bool> taken(kernels.size());
  for (size_t first = 0; first < kernels.size(); ++first) {
    if (taken[first]) continue;
    PlannedKernel chain = std::move(kernels[first]);
    const bool grows = chain.nests.size() == 1;
    const size_t most = chain.nests[0].nest.nest.steps > 0 ? 0 : most_passed_over;
    std::vector<size_t> passed_over;
    for (size_t k = first + 1; grows && k < kernels.size() && passed_over.size() <= most; ++k) {
      PlannedKernel& next = kernels[k];
      if (taken[k]) continue;
      const bool waits = std::any_of(passed_over.begin(), passed_over.end(),
                                     [&](size_t other) { return conflict(kernels[other], next); });
      if (waits || next.nests.size() > 1 || !join_chain(graph, chain.nests, next.nests[0])) {
        passed_over.push_back(k);
        continue;
      }
      taken[k] = true;
      chain.nests.push_back(std::move(next.nests[0]));
      chain.ops.insert(chain.ops.end(), next.ops.begin(), next.ops.end());
    }
    result.push_back(std::move(chain));
  }
  return result;
}

}  // namespace netc
