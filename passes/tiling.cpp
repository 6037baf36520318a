// Candidates are few, so all are tried: every index for the lanes, every pair of indices for the
// tile and a third one if there is room, and a short list of slots for each; the estimate of
// `tiling_cost` decides.
#include "passes/tiling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "passes/clipping.h"
#include "passes/ownership.h"
#include "passes/residency.h"
#include "passes/staging.h"
#include "passes/tiling_cost.h"

namespace netc {

namespace {

constexpr double latency_cycles = 4;  ///< of an addition to an accumulator
constexpr double round_size = 32;     ///< instructions of one round of a reduction
/// What an instruction costs to compile, spread over the steps that a program runs.
constexpr double cycles_of_instruction = 8;
constexpr double largest_tile_size = 1200;  ///< instructions of one tile
constexpr double least_terms_to_prefetch = 64;
constexpr int64_t most_tasks = 32;
constexpr double share_of_copies = 0.06;  ///< of a kernel's cycles, where tasks repeat them
/// Of the cycles of tiles over the batch, where predictions of a few rows leave them unfilled.
constexpr double cost_of_small_batches = 0.25;
constexpr double bytes_a_cycle = 4;  ///< of sums that are kept in memory
/// A kernel of its own finds less in the caches, and so do those that read what it has packed.
constexpr double cost_of_packing = 1.5;

class Planner {
 public:
  Planner(const Graph& graph, const AccessedNest& nest, const Target& target)
      : graph_(graph), nest_(nest), target_(target) {
    trains_ = updates_variables(graph);
  }

  Plan run() {
    clip({});
    Plan best = plan_for(IndexId{});
    auto consider = [&](Plan plan) {
      if (plan.price < best.price) best = std::move(plan);
    };
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) {
      if (!may_hold_lanes(IndexId{i})) continue;
      reads_.helped = stageable_reads(graph_, nest_, IndexId{i}, target_);
      reads_.copied = false;
      clip(IndexId{i});
      consider(plan_for(IndexId{i}));
      reads_.copied = !accumulates();
      for (size_t left = reads_.helped.size(); left > 0 && reads_.copied;) {
        clip(IndexId{i});
        consider(plan_for(IndexId{i}));
        // Again without those that are too large.
        reads_.copied = reads_.helped.size() < left;
        left = reads_.helped.size();
      }
    }
    set_tasks(best);
    return best;
  }

 private:
  /// Finds the reads whose guards the loops of sums keep, and the indices that a tile then holds
  /// at one value.
  void clip(IndexId vector) {
    reads_.clipped.clear();
    uniform_ = 0;
    for (const Stage& stage : nest_.nest.stages) {
      std::map<ExprId, size_t> kept;
      for (const Clip& clip : clips_of(nest_, stage, vector)) ++kept[clip.read];
      for (const auto& [read, count] : kept) {
        const Access& access = nest_.reads.at(read);
        if (count < access.guards.size() || (reads_.copied && reads_.helped.count(read))) continue;
        reads_.clipped.insert(read);
        for (const Guard& guard : access.guards)
          for (const Affine::Term& term : guard.affine.terms) uniform_ |= bit(term.index);
      }
    }
  }

  /// The largest extent of an index.
  int64_t extent(IndexId index) const {
    return nest_.nest.indices[index.index].extent.at(graph_.capacity);
  }

  bool accumulates() const { return !nest_.nest.stores.empty() && nest_.nest.stores[0].accumulate; }

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

  uint16_t lanes_of(IndexId index) const {
    int64_t lanes = std::max<int64_t>(target_.vector_bytes / widest_element(nest_, index), 1);
    while (lanes > 2 && lanes / 2 >= extent(index)) lanes /= 2;
    return static_cast<uint16_t>(lanes);
  }

  struct StageChoice {
    LaneChoice lanes;
    SectionCost cost;
    double rounds = 1;   ///< of the innermost reduction body
    double closing = 0;  ///< cycles after the loops, for each accumulator
    bool reduced_lanes = false;
  };

  double rounds_of(const Stage& stage, LaneChoice lanes) const {
    double rounds = 1;
    for (IndexId index : stage.reduced) {
      int64_t steps = extent(index);
      if (index == lanes.index) steps = (steps + lanes.lanes - 1) / lanes.lanes;
      rounds *= static_cast<double>(steps);
    }
    return rounds;
  }

  StageChoice choose_stage(const Stage& stage, LaneChoice lanes, bool reduced) const {
    SectionCost cost(nest_, {stage.body}, lanes, reads_);
    const Expr& body = nest_.nest.dag[stage.body];
    // A product at the root becomes one instruction with its addition.
    bool fused = stage.reduction == Reduction::sum && body.kind == ExprKind::apply &&
                 body.function == Function::mul;
    if (!fused) cost.add_operation(nest_.depends[stage.body.index], body.type, lanes);
    StageChoice choice{lanes, std::move(cost), rounds_of(stage, lanes), 0, reduced};
    if (reduced) choice.closing = 2 + 3 * std::log2(lanes.lanes);
    return choice;
  }

  static double serial_cycles(const StageChoice& choice) {
    return choice.rounds * std::max(choice.cost.tile({}).cycles, latency_cycles);
  }

  /// A stage whose results are scalars may have the lanes along one of its own indices.
  StageChoice choose_stage(const Stage& stage) const {
    StageChoice best = choose_stage(stage, {{}, 1, target_.unit_bytes}, false);
    if (stage.reduction == Reduction::argmax) return best;
    double least = serial_cycles(best);
    for (IndexId index : stage.reduced) {
      if (extent(index) < 2) continue;
      StageChoice choice = choose_stage(stage, {index, lanes_of(index), target_.unit_bytes}, true);
      double cycles = serial_cycles(choice) + choice.closing;
      if (cycles >= least) continue;
      least = cycles;
      best = std::move(choice);
    }
    return best;
  }

  Plan plan_for(IndexId vector) {
    Plan plan;
    plan.vector = vector;
    plan.slots.assign(nest_.nest.indices.size(), 1);
    if (vector) plan.lanes = lanes_of(vector);
    LaneChoice lanes{vector, plan.lanes, target_.unit_bytes};

    std::vector<StageChoice> stages;
    for (const Stage& stage : nest_.nest.stages) {
      stages.push_back(vector ? choose_stage(stage, lanes, false) : choose_stage(stage));
      const StageChoice& choice = stages.back();
      plan.stage_vector.push_back(choice.reduced_lanes ? choice.lanes.index : IndexId{});
      plan.stage_lanes.push_back(choice.reduced_lanes ? choice.lanes.lanes : uint16_t{1});
    }
    choose_tile(plan, stages, finish_cost(lanes));
    choose_rounds(plan, stages);
    set_order(plan);
    set_prefetches(plan);
    if (nest_.nest.packs && !plan.order.empty()) set_parts(plan);
    if (reads_.copied)
      std::erase_if(reads_.helped, [&](const auto& entry) { return !stage(plan, entry.first); });
    return plan;
  }

  /// Cuts the sum where what its loops read over and over would not stay in the second cache, if
  /// that takes longer than to read and write the sum once for each part.
  void set_parts(Plan& plan) const {
    const Stage& stage = nest_.nest.stages[0];
    Residency whole = residency_of(graph_, nest_, plan, target_);
    double cost = whole.cycles;
    if (whole.cycles > 0 && nest_.nest.splits && !plan.stage_vector[0]) {
      Plan cut = plan;
      cut.part_index = *std::find_if(stage.reduced.begin(), stage.reduced.end() - 1,
                                     [&](IndexId index) { return extent(index) > 1; });
      int64_t count = extent(cut.part_index);
      double most = 0.5 * static_cast<double>(target_.l2_bytes);
      int64_t parts = std::min(static_cast<int64_t>(std::ceil(whole.bytes / most)), count);
      cut.part = (count + parts - 1) / parts;
      double cycles =
          residency_of(graph_, nest_, cut, target_).cycles * static_cast<double>(parts) +
          cycles_of_parts(parts);
      if (cycles < cost) {
        cost = cycles;
        plan = std::move(cut);
      }
    }
    plan.cycles += cost;
    plan.price += cost;
  }

  /// Cycles of reading and writing the sum in memory for each part of it.
  double cycles_of_parts(int64_t parts) const {
    auto bytes = static_cast<double>(byte_size(nest_.nest.dag[nest_.nest.stages[0].body].type));
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      bytes *= static_cast<double>(extent(IndexId{i}));
    return 2 * bytes * static_cast<double>(parts) / bytes_a_cycle;
  }

  /// Copies a read's window where that costs least; false where no window is small enough.
  bool stage(Plan& plan, ExprId read) {
    double repeats = 1;
    double least = std::numeric_limits<double>::infinity();
    std::optional<StagedRead> best;
    auto consider = [&](std::optional<StagedRead> staged, double times) {
      if (!staged) return;
      double cycles = times * copy_cycles(*staged, plan, graph_.capacity);
      if (cycles < least) best = std::move(staged);
      least = std::min(least, cycles);
    };
    for (size_t depth = 0; depth <= plan.order.size(); ++depth) {
      consider(window_at(graph_, nest_, plan, read, depth, false, target_), repeats);
      if (may_pack(read))
        if (auto packed = window_at(graph_, nest_, plan, read, depth, true, target_)) {
          auto windows = static_cast<double>(count_windows(graph_, nest_, plan, *packed));
          consider(std::move(packed), windows * cost_of_packing / runs_of_packed(read));
        }
      if (depth < plan.order.size()) repeats *= static_cast<double>(tiles(plan, plan.order[depth]));
    }
    plan.cycles += least;
    plan.price += least;
    if (!best) return false;
    plan.staged.push_back(std::move(*best));
    return true;
  }

  /// Whether a read may be copied by a kernel of its own.
  bool may_pack(ExprId read) const {
    return nest_.nest.packs && nest_.reads.at(read).guards.empty();
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

  /// Bases and stores: computed once at each point of the free domain.
  SectionCost finish_cost(LaneChoice lanes) const {
    std::vector<ExprId> roots;
    for (const Stage& stage : nest_.nest.stages) roots.push_back(stage.base);
    for (const Store& store : nest_.nest.stores) roots.push_back(store.expr);
    SectionCost cost(nest_, roots, lanes);
    IndexSet all = 0;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i) all |= bit(IndexId{i});
    for (const Access& access : nest_.stores) cost.add_store(access, all, lanes);
    return cost;
  }

  using Slots = std::vector<std::pair<IndexId, int64_t>>;

  void choose_tile(Plan& plan, const std::vector<StageChoice>& stages, const SectionCost& finish) {
    static constexpr int64_t row_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24};
    static constexpr int64_t column_counts[] = {1, 2, 3, 4, 6};
    plan.price = -1;
    // The first index of the tile is the lanes', where there is one; the second any other.
    std::vector<IndexId> firsts;
    std::vector<IndexId> seconds = {IndexId{}};
    if (plan.vector) firsts.push_back(plan.vector);
    if (!plan.vector) firsts.push_back(IndexId{});
    bool tiled = !stages.empty() && !accumulates();
    // Of equal ones the inner indices: their points lie closer together.
    for (uint32_t i = nest_.nest.free_count; tiled && i-- > 0;) {
      IndexId index{i};
      if (index == plan.vector || extent(index) < 2 || (uniform_ & bit(index))) continue;
      seconds.push_back(index);
      if (!plan.vector) firsts.push_back(index);
    }
    Slots best;
    auto consider = [&](Slots slots) {
      double cycles = total_cycles(plan, stages, finish, slots);
      if (cycles < 0) return;
      double price = cycles + cycles_of_instruction * code_size(plan, stages, finish, slots);
      if (!trains_ && tiles_batch(plan, slots)) price += cost_of_small_batches * cycles;
      if (plan.price >= 0 && price >= plan.price) return;
      plan.price = price;
      plan.cycles = cycles;
      best = std::move(slots);
    };
    for (IndexId first : firsts)
      for (IndexId second : seconds) {
        if (first && first == second) continue;
        for (int64_t columns : column_counts) {
          if (columns > 1 && (!first || accumulates())) break;
          if (columns > 1 && !panel_fits(first, columns * lanes_at(plan, first))) break;
          if (first && columns > 1 &&
              columns * lanes_at(plan, first) >= extent(first) + lanes_at(plan, first))
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
    std::fill(plan.slots.begin(), plan.slots.end(), 1);
    for (const auto& [index, count] : best) plan.slots[index.index] = count;
  }

  /// Whether points of a tile are rows of the batch, which may be fewer than the capacity.
  bool tiles_batch(const Plan& plan, const Slots& slots) const {
    return std::any_of(slots.begin(), slots.end(), [&](const auto& slot) {
      const auto& [index, count] = slot;
      return index && nest_.nest.indices[index.index].extent.batch &&
             count * lanes_at(plan, index) > 1;
    });
  }

  /// Whether the copies of operands that vary over the lanes' panel have room for one this wide.
  bool panel_fits(IndexId index, int64_t width) const {
    if (!reads_.copied) return true;
    for (const auto& [read, cost] : reads_.helped) {
      if (!(nest_.depends[read.index] & bit(index)) || may_pack(read)) continue;
      int64_t bytes = width * byte_size(nest_.nest.dag[read].type);
      for (const auto& [other, stride] : nest_.reads.at(read).strides)
        if (!nest_.nest.is_free(other)) bytes *= extent(other);
      if (bytes > target_.scratch_bytes()) return false;
    }
    return true;
  }

  static int64_t lanes_at(const Plan& plan, IndexId index) {
    return index == plan.vector ? plan.lanes : 1;
  }

  /// Cycles of the whole nest with these slots; negative: it does not fit the registers.
  double total_cycles(const Plan& plan, const std::vector<StageChoice>& stages,
                      const SectionCost& finish, const Slots& slots) const {
    double points = 1;
    for (const auto& [index, count] : slots) points *= static_cast<double>(count);
    double size = finish.tile(sets(slots)).size;
    for (size_t k = 0; k < stages.size(); ++k) {
      SectionCost::Tile tile = stages[k].cost.tile(sets(slots));
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
        cycles += times * tile_cycles(stages, finish, chosen);
        return;
      }
      const auto& [index, count] = slots[k];
      int64_t lanes = lanes_at(plan, index);
      int64_t steps = (extent(index) + lanes - 1) / lanes;
      int64_t whole = steps / count;
      int64_t rest = steps % count;
      // Rows of the batch have no smaller tile: the last one repeats a row.
      bool batch = nest_.nest.indices[index.index].extent.batch && index != plan.vector;
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
  double code_size(const Plan& plan, const std::vector<StageChoice>& stages,
                   const SectionCost& finish, const Slots& slots) const {
    double shapes = 1;
    for (const auto& [index, count] : slots) {
      int64_t lanes = lanes_at(plan, index);
      bool batch = nest_.nest.indices[index.index].extent.batch;
      bool rest = batch ? count * lanes > 1 : extent(index) % (count * lanes) != 0;
      // The rest is a tile of its own; of a batch that whole tiles fill, a single row.
      bool single = batch && extent(index) % (count * lanes) == 0;
      if (rest) shapes *= 1 + (single ? 1 / static_cast<double>(count) : 1);
    }
    double size = finish.tile(sets(slots)).size;
    for (const StageChoice& stage : stages) size += 1.5 * stage.cost.tile(sets(slots)).size;
    return shapes * size;
  }

  static std::vector<std::pair<IndexSet, int64_t>> sets(const Slots& slots) {
    std::vector<std::pair<IndexSet, int64_t>> result;
    for (const auto& [index, count] : slots) result.push_back({bit(index), count});
    return result;
  }

  double tile_cycles(const std::vector<StageChoice>& stages, const SectionCost& finish,
                     const Slots& slots) const {
    double points = 1;
    for (const auto& [index, count] : slots) points *= static_cast<double>(count);
    double cycles = 2 + finish.tile(sets(slots)).cycles;
    for (const StageChoice& stage : stages) {
      double round = stage.cost.tile(sets(slots)).cycles;
      cycles += 4 + stage.rounds * std::max(round + 0.25, latency_cycles / chains(stage, points)) +
                points * (1 + stage.closing);
    }
    return cycles;
  }

  /// Accumulators of one point, where a single one would wait for its own additions.
  static double chains(const StageChoice& stage, double points) {
    if (!stage.reduced_lanes || points >= 4 || stage.rounds < 4) return 1;
    return points >= 2 ? 2 : 4;
  }

  /// Several steps of the innermost reduced index in one round.
  void choose_rounds(Plan& plan, const std::vector<StageChoice>& stages) const {
    double points = 1;
    for (int64_t count : plan.slots) points *= static_cast<double>(count);
    for (size_t k = 0; k < stages.size(); ++k) {
      const Stage& stage = nest_.nest.stages[k];
      if (stages[k].reduced_lanes) {
        plan.slots[plan.stage_vector[k].index] = static_cast<int64_t>(chains(stages[k], points));
        continue;
      }
      if (stage.reduced.empty()) continue;
      IndexId inner = stage.reduced.back();
      double size = stages[k].cost.tile(all_sets(plan)).size;
      if (extent(inner) >= 8 && size * 4 <= round_size)
        plan.slots[inner.index] = 4;
      else if (extent(inner) >= 4 && size * 2 <= round_size)
        plan.slots[inner.index] = 2;
    }
  }

  std::vector<std::pair<IndexSet, int64_t>> all_sets(const Plan& plan) const {
    Slots slots;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      slots.push_back({IndexId{i}, plan.slots[i]});
    return sets(slots);
  }

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
    if (!plan.vector || nest_.nest.stages.empty() || accumulates()) return;
    double terms = 0;
    for (const Stage& stage : nest_.nest.stages) terms += rounds_of(stage, {});
    double bytes = 4;
    for (uint32_t i = 0; i < nest_.nest.free_count; ++i)
      bytes *= static_cast<double>(extent(IndexId{i}));
    plan.prefetches =
        terms >= least_terms_to_prefetch && bytes >= 0.25 * static_cast<double>(target_.l2_bytes);
  }

  /// Cuts the index with the most tiles, if there is enough work to wake another thread for.
  void set_tasks(Plan& plan) const {
    if (plan.order.empty() || accumulates() || plan.cycles < target_.least_parallel_cycles())
      return;
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
        std::clamp<int64_t>(static_cast<int64_t>(plan.cycles / (target_.wake_cycles / 2)), 2,
                            std::min<int64_t>(most_tasks, tasks_worth_copies(plan, cut)));
    int64_t each = (count + wanted - 1) / wanted;
    if (count <= each) return;
    plan.parallel = true;
    plan.task_index = index;
    plan.tasks.extent = nest_.nest.indices[index.index].extent;
    plan.tasks.chunk = each * plan.slots[index.index] * lanes_at(plan, index);
  }

  /// The loop that tasks share out: the one over the rows of what is stored, where it is long
  /// enough and no copies stand outside of it, since kernels that follow are cut so, too; else the
  /// outermost that is long enough, else the longest.
  size_t choose_cut(const Plan& plan) const {
    constexpr int64_t enough = 8;
    size_t cut = plan.order.size(), rows = cut;
    for (size_t k = plan.order.size(); k-- > 0;) {
      if (tiles(plan, plan.order[k]) < enough) continue;
      cut = k;
      bool copies = std::any_of(
          plan.staged.begin(), plan.staged.end(),
          [&](const StagedRead& staged) { return !staged.packed && staged.depth <= k; });
      bool first = rows == plan.order.size() || stored_step(plan, k) > stored_step(plan, rows);
      if (!copies && first && stays_for_tasks(plan, k)) rows = k;
    }
    if (rows < plan.order.size()) return rows;
    if (cut < plan.order.size()) return cut;
    auto longest =
        std::max_element(plan.order.begin(), plan.order.end(),
                         [&](IndexId a, IndexId b) { return tiles(plan, a) < tiles(plan, b); });
    return static_cast<size_t>(longest - plan.order.begin());
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
    for (const Stage& stage : nest_.nest.stages) reduced = std::max(reduced, rounds_of(stage, {}));
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
  ReadChoice reads_;      ///< of the plan at hand
  IndexSet uniform_ = 0;  ///< indices that its tiles hold at one value
  bool trains_ = false;   ///< with full batches, mostly
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
