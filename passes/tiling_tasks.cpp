#include "passes/tiling_tasks.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "passes/ownership.h"
#include "passes/residency.h"
#include "passes/staging.h"
#include "passes/tiling_stages.h"

namespace netc {

namespace {

constexpr int64_t most_tasks = 32;
constexpr int64_t most_runs = 16;         ///< tasks that are better run together
constexpr double even_enough = 1.1;       ///< of a half of the work, for the busier of two threads
constexpr double share_of_copies = 0.06;  ///< of a kernel's cycles, where tasks repeat them

class TaskPlanner {
 public:
  TaskPlanner(const Graph& graph, const AccessedNest& nest, const Target& target)
      : graph_(graph), nest_(nest), target_(target) {}

  void run(Plan& plan) const {
    if (plan.order.empty() || nest_.nest.accumulates()) return;
    const double least = target_.least_parallel_cycles(nest_.nest.steps > 0);
    const double work = plan.cycles < least ? cycles_of_memory() : plan.cycles;
    if (work < least) return;
    size_t cut = choose_cut(plan);
    if (std::optional<IndexId> rows = owned_rows()) {
      auto found = std::find(plan.order.begin(), plan.order.end(), *rows);
      plan.moves_weights = found == plan.order.end();
      if (plan.moves_weights) return;
      cut = static_cast<size_t>(found - plan.order.begin());
    }
    IndexId index = plan.order[cut];
    int64_t count = tiles(plan, index);
    int64_t wanted =
        std::clamp<int64_t>(static_cast<int64_t>(work / (target_.wake_cycles / 2)), 2,
                            std::min<int64_t>(plan.runs_together ? most_runs : most_tasks,
                                              tasks_worth_copies(plan, cut)));
    const int64_t unit = whole_row(plan, index, (count + wanted - 1) / wanted);
    const int64_t units = (count + unit - 1) / unit;
    const int64_t each = unit * dealt_evenly(units, (units + wanted - 1) / wanted);
    if (count <= each) return;
    plan.parallel = true;
    plan.task_index = index;
    plan.tasks.extent = nest_.nest.indices[index.index].extent;
    plan.tasks.chunk = each * plan.slots[index.index] * plan.lanes_at(index);
  }

 private:
  /// The largest extent of an index.
  int64_t extent(IndexId index) const { return nest_.nest.extent(index, graph_.capacity); }

  /// To read and write all tensors once, where they stay in no cache from one kernel to the next;
  /// in a scan they do.
  double cycles_of_memory() const {
    if (nest_.nest.steps > 0) return 0;
    const auto bytes = [&](const Access& access, const TensorType& type) {
      int64_t points = 1;
      for (const auto& [index, stride] : access.strides) points *= extent(index);
      const int64_t elements = type.elements(graph_.capacity);
      return static_cast<double>(std::min(points, elements) * byte_size(type.dtype));
    };
    double all = 0;
    for (const auto& [read, access] : nest_.reads)
      all += bytes(access, graph_[nest_.nest.dag[read].tensor].type);
    for (size_t k = 0; k < nest_.stores.size(); ++k)
      all += bytes(nest_.stores[k], nest_.nest.stores[k].type);
    return all / target_.bytes_a_cycle;
  }

  /// Rounds of the loop over an index.
  int64_t tiles(const Plan& plan, IndexId index) const { return plan.rounds(index, extent(index)); }

  /// The rounds over a row of the batch, where tasks of about so many rounds may be of whole rows
  /// and still enough: kernels that go through the batch row by row may then follow. Else 1.
  int64_t whole_row(const Plan& plan, IndexId index, int64_t rounds) const {
    const Dim extent = nest_.nest.indices[index.index].extent;
    const int64_t step = plan.step(index);
    if (!extent.batch || extent.factor % step != 0) return 1;
    const int64_t row = extent.factor / step;
    const int64_t whole = (rounds + row - 1) / row * row;
    return whole * enough_tasks <= tiles(plan, index) ? row : 1;
  }

  /// The size of tasks: if one of two threads would get far more than the other, up to half as
  /// large again, so that their runs are most equal, and those of four.
  static int64_t dealt_evenly(int64_t count, int64_t size) {
    const auto largest_run = [&](int64_t each, int64_t threads) {
      const int64_t tasks = (count + each - 1) / each;
      int64_t largest = 0;
      for (int64_t t = 0; t < threads; ++t) {
        const int64_t begin = tasks * t / threads * each, end = tasks * (t + 1) / threads * each;
        largest = std::max(largest, std::min(end, count) - std::min(begin, count));
      }
      return largest;
    };
    if (static_cast<double>(2 * largest_run(size, 2)) <= even_enough * static_cast<double>(count))
      return size;
    int64_t best = size;
    for (int64_t each = size; each <= size + size / 2; ++each)
      if (std::pair(largest_run(each, 2), largest_run(each, 4)) <
          std::pair(largest_run(best, 2), largest_run(best, 4)))
        best = each;
    return best;
  }

  /// The loop that tasks share out: the one over the rows of what is stored, where it is long
  /// enough and no copies stand outside of it, since kernels that follow are cut so, too; else the
  /// outermost that is long enough, else the longest.
  size_t choose_cut(const Plan& plan) const {
    if (plan.runs_together)
      return longest(plan,
                     [&](IndexId index) { return tiles(plan, index) > 1 ? extent(index) : 0; });
    size_t cut = plan.order.size(), rows = cut;
    for (size_t k = plan.order.size(); k-- > 0;) {
      if (tiles(plan, plan.order[k]) < enough_tasks) continue;
      cut = k;
      bool copies = std::any_of(
          plan.staged.begin(), plan.staged.end(),
          [&](const StagedRead& staged) { return !staged.packed && staged.depth <= k; });
      bool first = rows == plan.order.size() || stored_step(plan, k) > stored_step(plan, rows);
      if (!copies && first && stays_for_tasks(plan, k)) rows = k;
    }
    if (rows < plan.order.size()) return rows;
    if (cut < plan.order.size()) return cut;
    return longest(plan, [&](IndexId index) { return tiles(plan, index); });
  }

  template <typename Length>
  static size_t longest(const Plan& plan, const Length& length) {
    const auto found =
        std::max_element(plan.order.begin(), plan.order.end(),
                         [&](IndexId a, IndexId b) { return length(a) < length(b); });
    return static_cast<size_t>(found - plan.order.begin());
  }

  /// Whether what every task over a loop goes through stays in the cache from one to the next.
  bool stays_for_tasks(const Plan& plan, size_t depth) const {
    Plan outside = plan;
    std::rotate(outside.order.begin(), outside.order.begin() + static_cast<std::ptrdiff_t>(depth),
                outside.order.begin() + static_cast<std::ptrdiff_t>(depth) + 1);
    return residency_of(graph_, nest_, outside, target_).cycles == 0;
  }

  /// Elements of what is stored from one value of a loop's index to the next.
  int64_t stored_step(const Plan& plan, size_t depth) const {
    return nest_.stores[0].stride(plan.order[depth]).at(graph_.capacity);
  }

  /// The index of the rows of weights that are better not moved between threads, if there are some.
  std::optional<IndexId> owned_rows() const {
    if (nest_.nest.steps > 0) return {};
    double products = 1, reduced = 1;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      products *= static_cast<double>(extent(IndexId{i}));
    for (const Stage& stage : nest_.nest.stages)
      reduced = std::max(reduced, rounds_of(graph_, nest_, stage));
    for (const auto& [read, access] : nest_.reads) {
      ValueId tensor = nest_.nest.dag[read].tensor;
      if (access.strides.empty() ||
          !stays_with_its_thread(graph_, tensor, products * reduced, target_))
        continue;
      return std::max_element(access.strides.begin(), access.strides.end(),
                              [](const auto& a, const auto& b) {
                                return std::abs(a.second.constant()) <
                                       std::abs(b.second.constant());
                              })
          ->first;
    }
    return {};
  }

  /// How many tasks may make the copies of the loops around the one that is cut, each for itself.
  int64_t tasks_worth_copies(const Plan& plan, size_t cut) const {
    double copies = 0;
    for (const StagedRead& staged : plan.staged)
      if (!staged.packed && staged.depth <= cut)
        copies += copy_cycles(staged, plan, graph_.capacity);
    double tasks = share_of_copies * plan.cycles / std::max(copies, 1.0);
    return std::max<int64_t>(static_cast<int64_t>(std::min<double>(tasks, most_tasks)), 4);
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Target& target_;
};

}  // namespace

void set_tasks(Plan& plan, const Graph& graph, const AccessedNest& nest, const Target& target) {
  TaskPlanner(graph, nest, target).run(plan);
}

}  // namespace netc
