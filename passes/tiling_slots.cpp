#include "passes/tiling_slots.h"

#include <algorithm>
#include <cmath>

namespace netc {

namespace {

constexpr double round_size = 32;  ///< instructions of one round of a reduction
/// What an instruction costs to compile, spread over the steps that a program runs.
constexpr double cycles_of_instruction = 8;
constexpr double largest_tile_size = 1200;  ///< instructions of one tile
/// Of the cycles of tiles over the batch, where predictions of a few rows leave them unfilled.
constexpr double cost_of_small_batches = 0.25;
constexpr double cycles_of_cold_line = 2;  ///< none of those after the sums is touched again soon
constexpr double cost_of_parked = 1.5;     ///< cycles of a sum that goes through memory
constexpr double least_looped_size = 12;   ///< instructions of a point
constexpr int64_t least_looped_rows = 3;

using Slots = std::vector<std::pair<IndexId, int64_t>>;

class SlotChooser {
 public:
  SlotChooser(Plan& plan, const std::vector<StageChoice>& stages, const ReadChoice& reads,
              bool full_batches, const Graph& graph, const AccessedNest& nest, const Target& target)
      : plan_(plan),
        stages_(stages),
        reads_(reads),
        full_batches_(full_batches),
        graph_(graph),
        nest_(nest),
        target_(target),
        finish_(finish_cost()),
        finish_size_(finish_size(nest)) {}

  void choose_tile() {
    static constexpr int64_t row_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24};
    static constexpr int64_t column_counts[] = {1, 2, 3, 4, 6};
    plan_.price = -1;
    // The first index of the tile is the lanes', where there is one; the second any other.
    std::vector<IndexId> firsts;
    std::vector<IndexId> seconds = {IndexId{}};
    if (plan_.vector) firsts.push_back(plan_.vector);
    if (!plan_.vector) firsts.push_back(IndexId{});
    bool tiled = !stages_.empty() && !nest_.nest.accumulates();
    // Of equal ones the inner indices: their points lie closer together.
    for (uint32_t i = nest_.nest.free_count; tiled && i-- > 0;) {
      IndexId index{i};
      if (index == plan_.vector || extent(index) < 2 || (reads_.uniform & bit(index))) continue;
      seconds.push_back(index);
      if (!plan_.vector) firsts.push_back(index);
    }
    Slots best;
    auto consider = [&](Slots slots) {
      double cycles = total_cycles(slots);
      if (cycles < 0) return;
      double price = cycles + cycles_of_instruction * code_size(slots);
      if (!full_batches_ && tiles_batch(slots)) price += cost_of_small_batches * cycles;
      if (plan_.price >= 0 && price >= plan_.price) return;
      plan_.price = price;
      plan_.cycles = cycles;
      best = std::move(slots);
    };
    for (IndexId first : firsts)
      for (IndexId second : seconds) {
        if (first && first == second) continue;
        for (int64_t columns : column_counts) {
          if (columns > 1 && (!first || nest_.nest.accumulates())) break;
          if (columns > 1 && !panel_fits(first, columns * plan_.lanes_at(first))) break;
          if (first && columns > 1 &&
              columns * plan_.lanes_at(first) >= extent(first) + plan_.lanes_at(first))
            break;
          for (int64_t rows : row_counts) {
            if (rows > 1 && !second) break;
            if (second && rows > extent(second)) break;
            Slots slots;
            if (first) slots.push_back({first, columns});
            if (second) slots.push_back({second, rows});
            consider(std::move(slots));
          }
        }
      }
    // Short indices leave room for a third one.
    const Slots two = best;
    for (IndexId third : seconds)
      for (int64_t rows : row_counts) {
        bool in_tile = std::any_of(two.begin(), two.end(),
                                   [&](const auto& slot) { return slot.first == third; });
        if (!third || in_tile || rows == 1 || rows > extent(third)) continue;
        Slots slots = two;
        slots.push_back({third, rows});
        consider(std::move(slots));
      }
    std::fill(plan_.slots.begin(), plan_.slots.end(), 1);
    for (const auto& [index, count] : best) plan_.slots[index.index] = count;
  }

  /// Several steps of the innermost reduced index in one round.
  void choose_rounds() {
    double points = 1;
    for (int64_t count : plan_.slots) points *= static_cast<double>(count);
    for (size_t k = 0; k < stages_.size(); ++k) {
      const Stage& stage = nest_.nest.stages[k];
      if (stages_[k].reduced_lanes) {
        plan_.slots[plan_.stage_vector[k].index] = static_cast<int64_t>(chains(stages_[k], points));
        continue;
      }
      if (stage.reduced.empty()) continue;
      IndexId inner = stage.reduced.back();
      double size = stages_[k].cost.tile(all_sets()).size;
      if (extent(inner) >= 8 && size * 4 <= round_size)
        plan_.slots[inner.index] = 4;
      else if (extent(inner) >= 4 && size * 2 <= round_size)
        plan_.slots[inner.index] = 2;
    }
  }

 private:
  /// The largest extent of an index.
  int64_t extent(IndexId index) const { return nest_.nest.extent(index, graph_.capacity); }

  /// Bases and stores: computed once at each point of the free domain.
  SectionCost finish_cost() const {
    LaneChoice lanes{plan_.vector, plan_.lanes, target_.unit_bytes};
    lanes.line_cycles = cycles_of_cold_line;
    std::vector<ExprId> roots;
    for (const Stage& stage : nest_.nest.stages) roots.push_back(stage.base);
    for (const Store& store : nest_.nest.stores) roots.push_back(store.expr);
    SectionCost cost(nest_, roots, lanes);
    IndexSet all = 0;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) all |= bit(IndexId{i});
    for (const Access& access : nest_.stores) cost.add_store(access, all, lanes);
    return cost;
  }

  std::vector<std::pair<IndexSet, int64_t>> all_sets() const {
    Slots slots;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      slots.push_back({IndexId{i}, plan_.slots[i]});
    return sets(slots);
  }

  /// Whether points of a tile are rows of the batch, which may be fewer than the capacity.
  bool tiles_batch(const Slots& slots) const {
    return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) {
      const auto& [index, count] = slot;
      return index && nest_.nest.indices[index.index].extent.batch &&
             count * plan_.lanes_at(index) > 1;
    });
  }

  /// Whether the copies of operands that vary over the lanes' panel have room for one this wide.
  bool panel_fits(IndexId index, int64_t width) const {
    if (!reads_.copied) return true;
    for (const auto& [read, cost] : reads_.helped) {
      if (!(nest_.depends[read.index] & bit(index)) || nest_.may_pack(read)) continue;
      int64_t bytes = width * byte_size(nest_.nest.dag[read].type);
      for (const auto& [other, stride] : nest_.reads.at(read).strides)
        if (!nest_.nest.is_free(other)) bytes *= extent(other);
      if (bytes > target_.scratch_bytes()) return false;
    }
    return true;
  }

  /// Cycles of the whole nest with these slots; negative: it does not fit the registers.
  double total_cycles(const Slots& slots) const {
    double points = 1;
    for (const auto& [index, count] : slots) points *= static_cast<double>(count);
    double size = finish_tile(slots).size;
    for (size_t k = 0; k < stages_.size(); ++k) {
      SectionCost::Tile tile = stages_[k].cost.tile(sets(slots));
      size += tile.size;
      double width = nest_.nest.stages[k].reduction == Reduction::argmax ? 2 : 1;
      // Operands of one tensor stay, one of the other comes and goes.
      double registers = points * width + tile.least_read + 1;
      if (points > 1 && registers > static_cast<double>(target_.vector_registers)) return -1;
    }
    if (points > 1 && size > largest_tile_size) return -1;

    // Whole tiles and the rest, along each index of the tile; other indices only repeat.
    double cycles = 0;
    double repeats = 1;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) {
      bool in_tile = std::any_of(slots.begin(), slots.end(),
                                 [&](const auto& slot) { return slot.first.index == i; });
      if (!in_tile) repeats *= static_cast<double>(extent(IndexId{i}));
    }
    auto visit = [&](auto&& self, size_t k, Slots chosen, double times) -> void {
      if (k == slots.size()) {
        cycles += times * tile_cycles(chosen);
        return;
      }
      const auto& [index, count] = slots[k];
      int64_t lanes = plan_.lanes_at(index);
      int64_t steps = (extent(index) + lanes - 1) / lanes;
      int64_t whole = steps / count;
      int64_t rest = steps % count;
      // Rows of the batch have no smaller tile: the last one repeats a row.
      bool batch = nest_.nest.indices[index.index].extent.batch && index != plan_.vector;
      if (batch && rest) whole += 1;
      chosen.push_back({index, count});
      if (whole) self(self, k + 1, chosen, times * static_cast<double>(whole));
      if (!rest || batch) return;
      chosen.back().second = rest;
      self(self, k + 1, chosen, times);
    };
    visit(visit, 0, {}, repeats);
    return cycles;
  }

  /// Instructions of all tile shapes.
  double code_size(const Slots& slots) const {
    double shapes = 1;
    for (const auto& [index, count] : slots) {
      int64_t lanes = plan_.lanes_at(index);
      bool batch = nest_.nest.indices[index.index].extent.batch;
      bool rest = batch ? count * lanes > 1 : extent(index) % (count * lanes) != 0;
      // The rest is a tile of its own; of a batch that whole tiles fill, a single row.
      bool single = batch && extent(index) % (count * lanes) == 0;
      if (rest) shapes *= 1 + (single ? 1 / static_cast<double>(count) : 1);
    }
    double size = finish_tile(slots).size;
    for (const StageChoice& stage : stages_) size += 1.5 * stage.cost.tile(sets(slots)).size;
    return shapes * size;
  }

  static std::vector<std::pair<IndexSet, int64_t>> sets(const Slots& slots) {
    std::vector<std::pair<IndexSet, int64_t>> result;
    for (const auto& [index, count] : slots) result.push_back({bit(index), count});
    return result;
  }

  /// What follows the sums of a tile, at all its points or in a loop over its rows.
  SectionCost::Tile finish_tile(const Slots& slots) const {
    SectionCost::Tile tile = finish_.tile(sets(slots));
    int64_t rows = 1;
    double points = 1;
    for (const auto& [index, count] : slots) {
      points *= static_cast<double>(count);
      if (index != plan_.vector) rows = std::max(rows, count);
    }
    if (!finishes_in_loop(finish_size_, rows)) return tile;
    tile.size /= static_cast<double>(rows);
    tile.cycles += cost_of_parked * points * static_cast<double>(stages_.size());
    return tile;
  }

  double tile_cycles(const Slots& slots) const {
    double points = 1;
    for (const auto& [index, count] : slots) points *= static_cast<double>(count);
    double cycles = 2 + finish_tile(slots).cycles;
    for (size_t k = 0; k < stages_.size(); ++k) {
      const StageChoice& stage = stages_[k];
      double round = stage.cost.tile(sets(slots)).cycles;
      round = std::max(round + 0.25, latency_cycles / chains(stage, points));
      cycles += 4 + stage.rounds * share_of_terms(nest_.nest.stages[k], slots) * round + points +
                closing_cycles(stage, points);
    }
    return cycles;
  }

  /// The share of a sum's terms that tiles go through where conditions such as `t - s >= 0` leave
  /// out the rest: half, and what tiles on the diagonal have beyond it.
  double share_of_terms(const Stage& stage, const Slots& slots) const {
    double share = 1;
    for (const Affine& condition : stage.where) {
      if (condition.terms.size() != 2) continue;
      const Affine::Term &a = condition.terms[0], &b = condition.terms[1];
      if (a.coefficient * b.coefficient != -1) continue;
      int64_t tile = 2;
      for (const auto& [index, count] : slots)
        if (index == a.index || index == b.index) tile += count * plan_.lanes_at(index) - 1;
      const auto values = static_cast<double>(std::max(extent(a.index), extent(b.index)));
      share *= std::min(0.5 + 0.5 * static_cast<double>(tile) / values, 1.0);
    }
    return share;
  }

  /// Adding up lanes; those of several points share registers from the first halving on.
  static double closing_cycles(const StageChoice& stage, double points) {
    if (points < 2 || !stage.reduced_lanes) return points * stage.closing;
    double halvings = 0;
    for (double lanes = stage.lanes.lanes; lanes > 1; lanes /= 2) {
      points = std::ceil(points / 2);
      halvings += points;
    }
    return 2 + 1.5 * halvings;
  }

  /// Accumulators of one point, where a single one would wait for its own additions.
  static double chains(const StageChoice& stage, double points) {
    if (!stage.reduced_lanes || points >= 4 || stage.rounds < 4) return 1;
    return points >= 2 ? 2 : 4;
  }

  Plan& plan_;
  const std::vector<StageChoice>& stages_;
  const ReadChoice& reads_;
  const bool full_batches_;
  const Graph& graph_;
  const AccessedNest& nest_;
  const Target& target_;
  const SectionCost finish_;
  const double finish_size_;  ///< instructions that follow the sums of a point
};

}  // namespace

bool finishes_in_loop(double instructions, int64_t rows) {
  return instructions >= least_looped_size && rows >= least_looped_rows;
}

void choose_slots(Plan& plan, const std::vector<StageChoice>& stages, const ReadChoice& reads,
                  bool full_batches, const Graph& graph, const AccessedNest& nest,
                  const Target& target) {
  SlotChooser chooser(plan, stages, reads, full_batches, graph, nest, target);
  chooser.choose_tile();
  chooser.choose_rounds();
}

}  // namespace netc
