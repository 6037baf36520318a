// Every index is tried for the lanes, with copies of what is slow to read and without; the estimate
// of `tiling_cost` decides.
#include "passes/tiling.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "passes/clipping.h"
#include "passes/residency.h"
#include "passes/staging.h"
#include "passes/tiling_slots.h"
#include "passes/tiling_stages.h"
#include "passes/tiling_tasks.h"

namespace netc {

namespace {

constexpr double least_terms_to_prefetch = 64;
constexpr int64_t least_points_to_stream = 8;

// Sums that are kept in memory between their parts.
constexpr double bytes_a_cycle = 4;        ///< read and written
constexpr double near_bytes_a_cycle = 64;  ///< where they stay in the second cache
constexpr double share_of_sums = 0.25;     ///< of that cache, so that they do
constexpr double share_of_part = 0.25;     ///< of it, for a part's operands and those of the next
constexpr double share_of_row = 0.125;     ///< of it, for the next row of what is summed nowhere
constexpr int64_t terms_of_short_part = 64;
constexpr int64_t least_short_parts = 16;

// What is read from beyond the second cache.
constexpr double fetched_bytes_a_cycle = 8;
constexpr double share_of_waiting = 0.5;  ///< of the time that this takes, while a sum runs

constexpr double copies_by_tasks = 4;  ///< where each makes its own, at least
/// A kernel of its own finds less in the caches, and so do those that read what it has packed.
constexpr double cost_of_packing = 1.5;

class Planner {
 public:
  Planner(const Graph& graph, const AccessedNest& nest, const Target& target)
      : graph_(graph), nest_(nest), target_(target), full_batches_(updates_variables(graph)) {}

  Plan run() {
    Plan best = best_plan();
    part_ = short_part();
    reads_.in_parts = part_.values > 0;
    if (part_) {
      Plan cut = best_plan();
      if (cut.part && cut.price < best.price + cycles_of_fetching(best)) best = std::move(cut);
    }
    set_runs(best);
    set_tasks(best, graph_, nest_, target_);
    return best;
  }

 private:
  /// The best plan with the part at hand.
  Plan best_plan() {
    clip({});
    Plan best = plan_for(IndexId{});
    auto consider = [&](Plan plan) {
      if (plan.price < best.price || (part_ && !best.part)) best = std::move(plan);
    };
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) {
      if (!may_hold_lanes(IndexId{i})) continue;
      reads_.helped = stageable_reads(graph_, nest_, IndexId{i}, part_, target_);
      reads_.copied = false;
      clip(IndexId{i});
      consider(plan_for(IndexId{i}));
      reads_.copied = !nest_.nest.accumulates();
      for (size_t left = reads_.helped.size(); left > 0 && reads_.copied;) {
        clip(IndexId{i});
        consider(plan_for(IndexId{i}));
        // Again without those that are too large.
        reads_.copied = reads_.helped.size() < left;
        left = reads_.helped.size();
      }
    }
    if (nest_.nest.stages.size() == 1 && !nest_.nest.accumulates() && !part_)
      for (IndexId index : nest_.nest.stages[0].reduced)
        if (auto plan = copied_along_sum(index)) consider(std::move(*plan));
    return best;
  }

  /// A part of a long sum over rows, so short that these stay in the second cache, however far
  /// apart they are, and so do the sums themselves; none where that is not so.
  SumPart short_part() const {
    if (!nest_.nest.splits || !sums_stay()) return {};
    const IndexId index = cut_index();
    for (const auto& [read, access] : nest_.reads) {
      const int64_t apart = std::abs(access.stride(index).at(graph_.capacity));
      if (apart > 0 && apart * byte_size(nest_.nest.dag[read].type) < line_bytes) return {};
    }
    int64_t inner = 1;
    for (IndexId other : nest_.nest.stages[0].reduced)
      if (other != index) inner *= extent(other);
    if (inner * extent(index) < least_short_parts * terms_of_short_part) return {};
    return {index, std::max<int64_t>(terms_of_short_part / inner, 1)};
  }

  /// The index of the sum that parts cut: the outermost that has several values.
  IndexId cut_index() const {
    const Stage& stage = nest_.nest.stages[0];
    return *std::find_if(stage.reduced.begin(), stage.reduced.end() - 1,
                         [&](IndexId index) { return extent(index) > 1; });
  }

  /// Finds the reads whose guards the loops of sums keep, and the indices that a tile then holds
  /// at one value.
  void clip(IndexId vector) {
    reads_.clipped.clear();
    reads_.uniform = 0;
    for (const Stage& stage : nest_.nest.stages) {
      std::map<ExprId, size_t> kept;
      for (const Clip& clip : clips_of(nest_, stage, vector)) ++kept[clip.read];
      for (const auto& [read, count] : kept) {
        const Access& access = nest_.reads.at(read);
        if (count < access.guards.size() || (reads_.copied && reads_.helped.count(read))) continue;
        reads_.clipped.insert(read);
        for (const Guard& guard : access.guards)
          for (const Affine::Term& term : guard.affine.terms) reads_.uniform |= bit(term.index);
      }
    }
  }

  /// The largest extent of an index.
  int64_t extent(IndexId index) const { return nest_.nest.extent(index, graph_.capacity); }

  bool may_hold_lanes(IndexId index) const {
    if (extent(index) < 2) return false;
    for (size_t k = 0; k < nest_.stores.size(); ++k) {
      const Access& access = nest_.stores[k];
      if (access.stride(index).is_zero()) return false;
      if (!nest_.nest.stores[k].accumulate) continue;
      // Additions to one element keep their order only along the innermost index.
      if (index.index + 1 != nest_.nest.free_count || !access.stride(index).is(1)) return false;
      for (const auto& [data, stride] : access.data)
        if (nest_.depends[data.index] & bit(index)) return false;
    }
    return true;
  }

  /// A plan with the lanes along an index of the sum, and copies of what is not contiguous along
  /// it.
  std::optional<Plan> copied_along_sum(IndexId index) {
    const Stage& stage = nest_.nest.stages[0];
    if (extent(index) < 2 || stage.reduction == Reduction::argmax) return {};
    reads_.helped = stageable_reads(graph_, nest_, index, part_, target_);
    if (reads_.helped.empty()) return {};
    const size_t wanted = reads_.helped.size();
    reads_.copied = true;
    clip(index);
    Plan plan = plan_for(IndexId{}, index);
    if (reads_.helped.size() < wanted) return {};
    return plan;
  }

  /// A plan with the lanes along a free index, or else along one of the sum.
  Plan plan_for(IndexId vector, IndexId reduced = {}) {
    Plan plan;
    plan.vector = vector;
    plan.slots.assign(nest_.nest.indices.size(), 1);
    if (vector) plan.lanes = lanes_of(graph_, nest_, vector, target_);
    LaneChoice lanes{vector, plan.lanes, target_.unit_bytes};

    const StageChooser chooser(graph_, nest_, target_, reads_);
    std::vector<StageChoice> stages;
    for (const Stage& stage : nest_.nest.stages) {
      stages.push_back(vector    ? chooser.choose(stage, lanes)
                       : reduced ? chooser.choose_along(stage, reduced)
                                 : chooser.choose(stage));
      const StageChoice& choice = stages.back();
      plan.stage_vector.push_back(choice.reduced_lanes ? choice.lanes.index : IndexId{});
      plan.stage_lanes.push_back(choice.reduced_lanes ? choice.lanes.lanes : uint16_t{1});
    }
    choose_slots(plan, stages, reads_, full_batches_, graph_, nest_, target_);
    set_order(plan);
    set_prefetches(plan);
    set_next_row(plan);
    if (nest_.nest.packs && !plan.order.empty()) set_part(plan);
    if (reads_.copied)
      std::erase_if(reads_.helped, [&](const auto& entry) { return !stage(plan, entry.first); });
    set_finish(plan);
    set_streamed(plan);
    return plan;
  }

  void set_finish(Plan& plan) const {
    int64_t rows = 1;
    for (IndexId index : plan.order)
      if (index != plan.vector) rows = std::max(rows, plan.slots[index.index]);
    if (nest_.nest.stages.empty() || !finishes_in_loop(finish_size(nest_), rows)) return;
    // Copies are reached by slots that are written out.
    for (const Store& store : nest_.nest.stores)
      for (ExprId id : reachable(nest_.nest.dag, store.expr))
        if (find_staged(plan, id)) return;
    plan.finishes_in_loop = true;
  }

  /// What does not stay in the first cache from one tile to the next.
  void set_streamed(Plan& plan) const {
    int64_t points = 1;
    for (IndexId index : plan.order) points *= plan.slots[index.index];
    if (!plan.vector || points < least_points_to_stream) return;
    for (const Stage& stage : nest_.nest.stages) {
      if (stage.reduced.empty() || plan.slots[stage.reduced.back().index] > 1) continue;
      for (ExprId id : reachable(nest_.nest.dag, stage.body))
        if (nest_.reads.count(id)) add_streamed(plan, stage, id);
    }
  }

  void add_streamed(Plan& plan, const Stage& stage, ExprId read) const {
    const Access& access = nest_.reads.at(read);
    const int64_t width = byte_size(nest_.nest.dag[read].type);
    const int64_t step = std::abs(access.stride(stage.reduced.back()).at(graph_.capacity)) * width;
    if (step == 0 || !access.data.empty()) return;
    if (!access.stride(plan.vector).is_zero()) {
      int64_t bytes = plan.step(plan.vector) * width;
      for (IndexId index : stage.reduced)
        if (!access.stride(index).is_zero()) bytes *= extent(index);
      if (2 * bytes > target_.l1_bytes) plan.streamed.push_back({read, plan.vector, true});
      return;
    }
    if (step < line_bytes || find_staged(plan, read)) return;
    for (IndexId index : plan.order)
      if (plan.slots[index.index] > 1 && access.stride(index).is(1))
        plan.streamed.push_back({read, index, false});
  }

  /// Cuts the sum: as it is to be, or where what its loops read over and over would not stay in
  /// the second cache, if that takes longer than to read and write the sum once for each part.
  void set_part(Plan& plan) const {
    const bool may_cut = nest_.nest.splits && !plan.stage_vector[0];
    if (part_ && may_cut) plan.part = part_;
    Residency whole = residency_of(graph_, nest_, plan, target_);
    double cost = plan.part ? cycles_of_parts(plan) : whole.cycles;
    if (whole.cycles > 0 && may_cut && !part_) {
      Plan cut = plan;
      cut.part.index = cut_index();
      const int64_t count = extent(cut.part.index);
      const double most = 0.5 * static_cast<double>(target_.l2_bytes);
      const int64_t parts = std::min(static_cast<int64_t>(std::ceil(whole.bytes / most)), count);
      cut.part.values = (count + parts - 1) / parts;
      const double cycles = cycles_of_parts(cut);
      if (cycles < cost) {
        cost = cycles;
        plan = std::move(cut);
      }
    }
    plan.cycles += cost;
    plan.price += cost;
  }

  void set_runs(Plan& plan) const {
    plan.runs_together = plan.part && residency_of(graph_, nest_, plan, target_).bytes <=
                                          share_of_part * static_cast<double>(target_.l2_bytes);
  }

  /// Cycles of what the parts of a sum read from beyond the second cache, and of reading and
  /// writing the sum in memory for each.
  double cycles_of_parts(const Plan& plan) const {
    const auto parts =
        static_cast<double>((extent(plan.part.index) + plan.part.values - 1) / plan.part.values);
    return parts * (residency_of(graph_, nest_, plan, target_).cycles +
                    2 * bytes_of_sums() / (sums_stay() ? near_bytes_a_cycle : bytes_a_cycle));
  }

  double bytes_of_sums() const {
    return points() *
           static_cast<double>(byte_size(nest_.nest.dag[nest_.nest.stages[0].body].type));
  }

  /// Of the free domain.
  double points() const {
    double points = 1;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      points *= static_cast<double>(extent(IndexId{i}));
    return points;
  }

  /// Whether the second cache keeps the sums between parts.
  bool sums_stay() const {
    return bytes_of_sums() <= share_of_sums * static_cast<double>(target_.l2_bytes);
  }

  /// Copies a read's window where that costs least; false where no window is small enough.
  bool stage(Plan& plan, ExprId read) {
    double repeats = 1;
    double least = std::numeric_limits<double>::infinity();
    std::optional<StagedRead> best;
    auto consider = [&](std::optional<StagedRead> staged, double times) {
      if (!staged) return;
      double cycles =
          times * (copy_cycles(*staged, plan, graph_.capacity) + cycles_of_fetching(*staged));
      // Of equal ones the innermost: it is small, and tasks make no copies for each other.
      const double within = staged->packed ? 1 : 1 + 1e-9;
      if (cycles < least * within) best = std::move(staged);
      least = std::min(least, cycles);
    };
    // Where no loop outside of a copy is long enough to be cut into tasks, each makes its own.
    bool by_tasks = plan.cycles >= target_.least_parallel_cycles();
    for (size_t depth = 0; depth <= plan.order.size(); ++depth) {
      consider(window_at(graph_, nest_, plan, read, depth, false, target_),
               by_tasks ? repeats * copies_by_tasks : repeats);
      if (nest_.may_pack(read))
        if (auto packed = window_at(graph_, nest_, plan, read, depth, true, target_)) {
          auto windows = static_cast<double>(count_windows(graph_, nest_, plan, *packed));
          consider(std::move(packed), windows * cost_of_packing / runs_of_packed(read));
        }
      if (depth == plan.order.size()) break;
      repeats *= static_cast<double>(tiles(plan, plan.order[depth]));
      by_tasks &= tiles(plan, plan.order[depth]) < enough_tasks;
    }
    plan.cycles += least;
    plan.price += least;
    if (!best) return false;
    best->may_wait = !best->packed && is_far(read) &&
                     stays_until_copied(*best, nest_.nest.dag[read].type, target_);
    plan.staged.push_back(std::move(*best));
    return true;
  }

  /// Cycles until what a copy reads has come; a sum reads it while it computes.
  double cycles_of_fetching(const StagedRead& staged) const {
    if (!is_far(staged.read)) return 0;
    return static_cast<double>(staged.elements * byte_size(nest_.nest.dag[staged.read].type)) /
           fetched_bytes_a_cycle;
  }

  /// Cycles that the sums of a plan wait for what is not asked for ahead.
  double cycles_of_fetching(const Plan& plan) const {
    double bytes = 0;
    for (const auto& [read, access] : nest_.reads)
      if (is_far(read) && !find_staged(plan, read)) bytes += bytes_of_tensor(read);
    return bytes * share_of_waiting / fetched_bytes_a_cycle;
  }

  /// Whether a tensor is too large to stay in the second cache until it is read.
  bool is_far(ExprId read) const {
    return bytes_of_tensor(read) >= share_of_sums * static_cast<double>(target_.l2_bytes);
  }

  double bytes_of_tensor(ExprId read) const {
    return static_cast<double>(graph_[nest_.nest.dag[read].tensor].type.bytes(graph_.capacity));
  }

  /// How often the kernel runs for each time that the read is packed.
  double runs_of_packed(ExprId read) const {
    double runs = 1;
    const Value& sum = graph_[nest_.nest.stages[0].value];
    const std::vector<ScanId> scans = scans_of(graph_, graph_[sum.producer]);
    for (size_t k = scans_of_packing(graph_, nest_, read); k < scans.size(); ++k)
      runs *= static_cast<double>(graph_.scans[scans[k].index].index.extent.factor);
    return runs;
  }

  /// Rounds of the loop over an index.
  int64_t tiles(const Plan& plan, IndexId index) const { return plan.rounds(index, extent(index)); }

  /// Plain indices outside, in their order; then the lanes' panel; then the rows within it. Or the
  /// panels within the rows, where those are too many to be gone through for each panel.
  void set_order(Plan& plan) const {
    std::vector<IndexId> rows, panel;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) {
      IndexId index{i};
      if (extent(index) == 1 && !nest_.nest.indices[i].extent.batch) continue;
      auto& part = index == plan.vector ? panel : plan.slots[i] > 1 ? rows : plan.order;
      part.push_back(index);
    }
    Plan turned = plan;
    auto append = [](Plan& to, const std::vector<IndexId>& first,
                     const std::vector<IndexId>& second) {
      to.order.insert(to.order.end(), first.begin(), first.end());
      to.order.insert(to.order.end(), second.begin(), second.end());
    };
    append(plan, panel, rows);
    append(turned, rows, panel);
    if (!nest_.nest.packs || panel.empty() || rows.empty()) return;
    double cycles = residency_of(graph_, nest_, plan, target_).cycles;
    if (cycles > 0 && residency_of(graph_, nest_, turned, target_).cycles < cycles)
      plan = std::move(turned);
  }

  /// Long sums over large results leave time to fetch those.
  void set_prefetches(Plan& plan) const {
    if (!plan.vector || nest_.nest.stages.empty() || nest_.nest.accumulates()) return;
    double terms = 0;
    for (const Stage& stage : nest_.nest.stages) terms += rounds_of(graph_, nest_, stage);
    plan.prefetches = terms >= least_terms_to_prefetch &&
                      4 * points() >= 0.25 * static_cast<double>(target_.l2_bytes);
  }

  /// Where nothing is summed, tensors that come from beyond the second cache are all there is to
  /// wait for.
  void set_next_row(Plan& plan) const {
    if (!nest_.nest.stages.empty() || nest_.nest.accumulates()) return;
    if (!plan.vector || plan.order.size() < 2 || plan.order.back() != plan.vector) return;
    double row_bytes = 0;
    bool any_far = false;
    for (const auto& [read, access] : nest_.reads) {
      row_bytes += static_cast<double>(extent(plan.vector) * byte_size(nest_.nest.dag[read].type));
      any_far |= is_far(read);
    }
    const bool stays = row_bytes <= share_of_row * static_cast<double>(target_.l2_bytes);
    if (stays && any_far) plan.next_row = plan.order[plan.order.size() - 2];
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Target& target_;
  const bool full_batches_;  ///< mostly
  ReadChoice reads_;         ///< of the plan at hand
  SumPart part_;             ///< that plans take; none: of their own choice
};

}  // namespace

bool updates_variables(const Graph& graph) {
  return std::any_of(graph.ops.begin(), graph.ops.end(),
                     [](const Op& op) { return std::holds_alternative<Update>(op.what); });
}

Plan make_plan(const Graph& graph, const AccessedNest& nest, const Target& target) {
  return Planner(graph, nest, target).run();
}

}  // namespace netc
