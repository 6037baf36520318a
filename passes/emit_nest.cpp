// One loop a free index, whole tiles first and what is left over after them; then the tile itself.
#include "passes/emit_nest.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "passes/emit_reduction.h"
#include "passes/emit_staging.h"
#include "passes/lane_masks.h"
#include "passes/staging.h"

namespace netc {

using loops::RegisterId;

namespace {

class NestEmitter {
 public:
  NestEmitter(const Graph& graph, const AccessedNest& nest, const Plan& plan,
              const std::vector<RegisterId>& steps, loops::Builder& builder,
              const NestPointers& pointers)
      : graph_(graph),
        nest_(nest),
        plan_(plan),
        builder_(builder),
        pointers_(pointers),
        exprs_(graph, nest, builder, pointers.tensor) {
    for (uint32_t i = 0; i < nest_.nest.indices.size(); ++i)
      exprs_.bind(IndexId{i}, {{i < steps.size() ? steps[i] : builder_.integer(0)}});
  }

  void run() {
    for (const StagedRead& staged : plan_.staged)
      scratch_.push_back(staged.packed
                             ? pointers_.packed(staged.read)
                             : builder_.alloc(nest_.nest.dag[staged.read].type, staged.elements));
    if (plan_.finishes_in_loop) find_parked();
    if (plan_.part == 0) return level(0);
    RegisterId end =
        BatchCount::of(nest_.nest.indices[plan_.part_index.index].extent).emit(builder_);
    builder_.loop(
        builder_.integer(0), end, plan_.part, {}, [&](RegisterId begin, const Values&) -> Values {
          RegisterId upper = builder_.min(builder_.add(begin, builder_.integer(plan_.part)), end);
          exprs_.set_part({plan_.part_index, begin, upper});
          exprs_.scoped([&] { level(0); });
          return {};
        });
  }

  void pack(const StagedRead& staged) {
    packing_ = &staged;
    scratch_ = {pointers_.packed(staged.read)};
    if (!packs_by_rows(staged)) return level(0);
    RegisterId lower = builder_.integer(0);
    RegisterId upper = BatchCount::of(staged.dims[0].extent).emit(builder_);
    if (plan_.parallel) std::tie(lower, upper) = range_of_task(upper);
    builder_.loop(lower, upper, 1, {}, [&](RegisterId row, const Values&) -> Values {
      packed_row_ = row;
      exprs_.scoped([&] { level(0); });
      return {};
    });
  }

 private:
  using Values = std::vector<RegisterId>;

  const Index& index_at(size_t depth) const { return nest_.nest.indices[plan_.order[depth].index]; }
  int64_t lanes_at(size_t depth) const {
    return plan_.order[depth] == plan_.vector ? plan_.lanes : 1;
  }

  void level(size_t depth) {
    if (packing_) {
      if (depth == packing_->depth)
        return StagingEmitter(nest_, plan_, *packing_, exprs_, builder_)
            .run(window_of(*packing_, scratch_[0]), packed_row_);
      const std::vector<IndexId>& around = packing_->around;
      if (std::find(around.begin(), around.end(), plan_.order[depth]) == around.end())
        return level(depth + 1);
    }
    for (size_t k = 0; k < plan_.staged.size() && !packing_; ++k) {
      const StagedRead& staged = plan_.staged[k];
      if (staged.depth != depth) continue;
      if (staged.packed)
        exprs_.stage(staged.read, window_of(staged, scratch_[k]), staged.access, staged.relative);
      else
        StagingEmitter(nest_, plan_, staged, exprs_, builder_).run(scratch_[k]);
    }
    if (depth == plan_.order.size()) return tile();
    Dim extent = index_at(depth).extent;
    RegisterId lower = builder_.integer(0);
    RegisterId upper = BatchCount::of(extent).emit(builder_);
    if (plan_.parallel && plan_.order[depth] == plan_.task_index)
      std::tie(lower, upper) = range_of_task(upper);
    if (extent.batch) {
      lanes_at(depth) > 1 ? batch_lanes(depth, lower, upper) : batch_rows(depth, lower, upper);
    } else {
      constant_extent(depth, extent.factor, lower, upper);
    }
  }

  std::pair<RegisterId, RegisterId> range_of_task(RegisterId end) {
    RegisterId chunk = builder_.integer(plan_.tasks.chunk);
    RegisterId lower = builder_.mul(builder_.task(), chunk);
    return {lower, builder_.min(builder_.add(lower, chunk), end)};
  }

  /// Where the window of the tile at hand begins among all that were packed.
  RegisterId window_of(const StagedRead& staged, RegisterId packed) {
    RegisterId window = builder_.integer(0);
    for (IndexId index : staged.around) {
      int64_t extent = nest_.nest.indices[index.index].extent.at(graph_.capacity);
      RegisterId round = exprs_.binding(index).bases[0];
      if (int64_t step = plan_.step(index); step > 1)
        round = builder_.apply(Function::div, {round, builder_.integer(step)});
      window = builder_.mul(window, builder_.integer(plan_.rounds(index, extent)));
      window = builder_.add(window, round);
    }
    return builder_.advance(packed, builder_.mul(window, builder_.integer(staged.elements)));
  }

  void constant_extent(size_t depth, int64_t extent, RegisterId lower, RegisterId upper) {
    int64_t lanes = lanes_at(depth);
    int64_t slots = plan_.slots[plan_.order[depth].index];
    int64_t step = slots * lanes;
    int64_t full = extent / step * step;
    int64_t rest = extent - full;
    bool whole = builder_.constant(upper) != nullptr;
    RegisterId end = whole ? builder_.integer(full) : builder_.min(upper, builder_.integer(full));
    if (whole && full == step) {
      part(depth, builder_.integer(0), slots, {});
    } else if (full > 0) {
      loop(depth, lower, end, step, [&](RegisterId iv) { part(depth, iv, slots, {}); });
    }
    if (rest == 0) return;
    auto tail = [&]() -> Values {
      RegisterId mask = rest % lanes
                            ? first_lanes(builder_, builder_.integer(rest % lanes), plan_.lanes)
                            : RegisterId{};
      part(depth, builder_.integer(full), (rest + lanes - 1) / lanes, mask);
      return {};
    };
    if (whole) {
      tail();
    } else {
      builder_.branch(builder_.apply(Function::equal, {upper, builder_.integer(extent)}), tail);
    }
  }

  /// Lanes along the batch: whole tiles, then single vectors with a mask, or single rows where the
  /// capacity has none left over.
  void batch_lanes(size_t depth, RegisterId lower, RegisterId upper) {
    int64_t slots = plan_.slots[plan_.order[depth].index];
    int64_t step = slots * plan_.lanes;
    RegisterId middle = whole_steps(lower, upper, step);
    loop(depth, lower, middle, step, [&](RegisterId iv) { part(depth, iv, slots, {}); });
    if (index_at(depth).extent.at(graph_.capacity) % step == 0)
      return loop(depth, middle, upper, 1, [&](RegisterId iv) { bound(depth, {{iv}}); });
    loop(depth, middle, upper, plan_.lanes, [&](RegisterId iv) {
      RegisterId left = builder_.min(builder_.sub(upper, iv), builder_.integer(plan_.lanes));
      part(depth, iv, 1, first_lanes(builder_, left, plan_.lanes));
    });
  }

  /// Rows along the batch: whole tiles, then single rows where the capacity has none left over,
  /// otherwise one tile whose rows beyond the last repeat it.
  void batch_rows(size_t depth, RegisterId lower, RegisterId upper) {
    int64_t slots = plan_.slots[plan_.order[depth].index];
    RegisterId middle = whole_steps(lower, upper, slots);
    loop(depth, lower, middle, slots, [&](RegisterId iv) { part(depth, iv, slots, {}); });
    if (slots == 1) return;
    if (index_at(depth).extent.at(graph_.capacity) % slots == 0)
      return loop(depth, middle, upper, 1, [&](RegisterId iv) { part(depth, iv, 1, {}); });
    builder_.branch(builder_.apply(Function::less, {middle, upper}), [&]() -> Values {
      RegisterId last = builder_.sub(upper, builder_.integer(1));
      Binding binding;
      for (int64_t s = 0; s < slots; ++s)
        binding.bases.push_back(builder_.min(builder_.add(middle, builder_.integer(s)), last));
      binding.slots = slots;
      bound(depth, binding);
      return {};
    });
  }

  /// `lower` plus as many whole steps as fit below `upper`.
  RegisterId whole_steps(RegisterId lower, RegisterId upper, int64_t step) {
    if (step == 1) return upper;
    RegisterId rest =
        builder_.apply(Function::mod, {builder_.sub(upper, lower), builder_.integer(step)});
    return builder_.sub(upper, rest);
  }

  void loop(size_t depth, RegisterId lower, RegisterId upper, int64_t step,
            const std::function<void(RegisterId)>& body) {
    builder_.loop(
        lower, upper, step, {},
        [&](RegisterId iv, const Values&) -> Values {
          body(iv);
          return {};
        },
        false, index_at(depth).name);
  }

  void part(size_t depth, RegisterId base, int64_t slots, RegisterId tail_mask) {
    Binding binding;
    binding.bases = {base};
    binding.slots = slots;
    if (plan_.order[depth] == plan_.vector) {
      binding.scale = plan_.lanes;
      binding.lanes = plan_.lanes;
      binding.masks.resize(static_cast<size_t>(slots));
      binding.masks.back() = tail_mask;
    }
    bound(depth, binding);
  }

  void bound(size_t depth, const Binding& binding) {
    exprs_.bind(plan_.order[depth], binding);
    exprs_.scoped([&] { level(depth + 1); });
  }

  /// All points of the tile: every combination of slots. Those of the index with the fewest come
  /// fastest, so that the operands which stay in registers from point to point are few.
  std::vector<Point> points() const {
    std::vector<IndexId> order = plan_.order;
    std::stable_sort(order.begin(), order.end(), [&](IndexId a, IndexId b) {
      return exprs_.binding(a).slots > exprs_.binding(b).slots;
    });
    std::vector<Point> result = {Point(nest_.nest.indices.size())};
    for (IndexId index : order) {
      std::vector<Point> next;
      for (const Point& point : result)
        for (int64_t s = 0; s < exprs_.binding(index).slots; ++s) {
          next.push_back(point);
          next.back()[index.index] = static_cast<uint16_t>(s);
        }
      result = std::move(next);
    }
    return result;
  }

  /// Asks for what is read and written after the sums, so that it comes while they run.
  void prefetch(const std::vector<Point>& all) {
    std::set<ExprId> reads;
    for (const Store& store : nest_.nest.stores)
      for (ExprId id : reachable(nest_.nest.dag, store.expr))
        if (nest_.reads.count(id)) reads.insert(id);
    for (const Point& point : all) {
      for (ExprId read : reads) exprs_.prefetch(read, point);
      for (size_t k = 0; k < nest_.stores.size(); ++k)
        exprs_.prefetch_store(k, point, pointers_.buffer(nest_.nest.stores[k].buffer));
    }
  }

  void tile() {
    std::vector<Point> all = points();
    IndexId row = row_of_finish();
    auto sums = [&] {
      if (plan_.prefetches && !row) prefetch(all);
      for (size_t k = 0; k < nest_.nest.stages.size(); ++k)
        ReductionEmitter(nest_, plan_, k, exprs_, builder_, all)
            .run(plan_.part > 0 ? pointers_.buffer(nest_.nest.stores[0].buffer) : RegisterId{});
      if (row) park(all);
    };
    if (!row) {
      sums();
      return finish(all);
    }
    exprs_.scoped(sums);
    finish_rows(row, all);
  }

  void finish(const std::vector<Point>& all) {
    for (const Point& point : all) {
      // All values of a point before its first store: a store may overwrite what they read.
      for (const Store& store : nest_.nest.stores) exprs_.eval(store.expr, point);
      for (size_t k = 0; k < nest_.nest.stores.size(); ++k)
        exprs_.store(k, point, pointers_.buffer(nest_.nest.stores[k].buffer));
    }
  }

  /// The index whose slots a loop goes through after the sums; invalid: all are written out.
  IndexId row_of_finish() const {
    IndexId row;
    if (!plan_.finishes_in_loop) return row;
    for (IndexId index : plan_.order) {
      int64_t slots = exprs_.binding(index).slots;
      if (index != plan_.vector && slots > 1 && (!row || slots > exprs_.binding(row).slots))
        row = index;
    }
    return row;
  }

  /// A sum's values at all points of a tile, in scratch memory.
  struct Parked {
    ExprId read;  ///< the node that stands for it
    RegisterId memory;
  };

  void find_parked() {
    int64_t points = 1;
    for (IndexId index : plan_.order) points *= plan_.step(index);
    for (const Stage& stage : nest_.nest.stages) {
      ExprId read = read_after_sums(stage);
      if (read) parked_.push_back({read, builder_.alloc(nest_.nest.dag[read].type, points)});
    }
  }

  /// The node by which what is stored reads a stage; invalid: it does not.
  ExprId read_after_sums(const Stage& stage) const {
    for (const Store& store : nest_.nest.stores)
      for (ExprId id : reachable(nest_.nest.dag, store.expr))
        if (nest_.nest.dag[id].kind == ExprKind::read && nest_.nest.dag[id].tensor == stage.value)
          return id;
    return {};
  }

  void park(const std::vector<Point>& all) {
    for (const Parked& parked : parked_)
      for (size_t p = 0; p < all.size(); ++p)
        builder_.store(parked.memory, builder_.integer(static_cast<int64_t>(p) * plan_.lanes),
                       exprs_.widen(exprs_.eval(parked.read, all[p]), plan_.lanes), {});
  }

  /// One row of the tile after the other, its points written out.
  void finish_rows(IndexId row, const std::vector<Point>& all) {
    const Binding tile = exprs_.binding(row);
    const RegisterId first = tile.bases[0];
    RegisterId rows = builder_.integer(tile.slots);
    // Rows that only repeat the last one are done with.
    if (tile.bases.size() > 1)
      rows = builder_.add(builder_.sub(tile.bases.back(), first), builder_.integer(1));
    std::vector<Point> points;
    for (Point point : all) {
      if (point[row.index] != 0) continue;
      // A slot of its own: what the tile's first row has computed is not this row's.
      point[row.index] = static_cast<uint16_t>(tile.slots);
      points.push_back(std::move(point));
    }
    hoist_from_rows(row, points);
    builder_.loop(
        builder_.integer(0), rows, 1, {},
        [&](RegisterId at, const Values&) -> Values {
          Binding binding = tile;
          binding.bases.assign(static_cast<size_t>(tile.slots) + 1, builder_.add(first, at));
          exprs_.bind(row, binding);
          if (plan_.prefetches) prefetch_next(points);
          exprs_.scoped([&] {
            take(row, at, all, points);
            finish(points);
          });
          return {};
        },
        false, "row");
    exprs_.bind(row, tile);
  }

  /// Asks for what the next tile wants after its sums, at these points.
  void prefetch_next(const std::vector<Point>& points) {
    for (size_t depth = plan_.order.size(); depth-- > 0;) {
      IndexId index = plan_.order[depth];
      if (plan_.rounds(index, index_at(depth).extent.at(graph_.capacity)) == 1) continue;
      const Binding here = exprs_.binding(index);
      Binding next = here;
      for (RegisterId& base : next.bases)
        base = builder_.add(base, builder_.integer(plan_.step(index)));
      exprs_.bind(index, next);
      prefetch(points);
      return exprs_.bind(index, here);
    }
  }

  /// What does not vary with the row is computed before the loop over rows.
  void hoist_from_rows(IndexId row, const std::vector<Point>& points) {
    auto hoist = [&](auto&& self, ExprId id) -> void {
      const Expr& expr = nest_.nest.dag[id];
      if (!(nest_.depends[id.index] & bit(row))) {
        if (expr.kind != ExprKind::constant)
          for (const Point& point : points) exprs_.eval(id, point);
        return;
      }
      for (ExprId arg : expr.args) self(self, arg);
    };
    for (const Store& store : nest_.nest.stores) hoist(hoist, store.expr);
  }

  /// The parked sums of one row.
  void take(IndexId row, RegisterId at, const std::vector<Point>& all,
            const std::vector<Point>& points) {
    for (const Point& point : points) {
      auto slot_of = [&](uint16_t row_slot) {
        Point wanted = point;
        wanted[row.index] = row_slot;
        auto found = std::find(all.begin(), all.end(), wanted);
        return static_cast<int64_t>(found - all.begin()) * plan_.lanes;
      };
      // Points of a tile are listed evenly.
      const int64_t begin = slot_of(0), step = slot_of(1) - begin;
      const RegisterId offset =
          builder_.add(builder_.mul(at, builder_.integer(step)), builder_.integer(begin));
      for (const Parked& parked : parked_)
        exprs_.set_result(parked.read, point,
                          builder_.load(parked.memory, offset, plan_.lanes, {}));
    }
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  loops::Builder& builder_;
  const NestPointers& pointers_;
  ExprEmitter exprs_;
  std::vector<RegisterId> scratch_;      ///< for each staged read
  const StagedRead* packing_ = nullptr;  ///< what is packed, if that is all to do
  RegisterId packed_row_;                ///< of its windows, if only that
  std::vector<Parked> parked_;           ///< the sums that a loop over rows reads
};

}  // namespace

void emit_nest(const Graph& graph, const AccessedNest& nest, const Plan& plan,
               const std::vector<RegisterId>& steps, loops::Builder& builder,
               const NestPointers& pointers) {
  NestEmitter(graph, nest, plan, steps, builder, pointers).run();
}

void emit_packing(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                  const StagedRead& staged, const std::vector<RegisterId>& steps,
                  loops::Builder& builder, const NestPointers& pointers) {
  NestEmitter(graph, nest, plan, steps, builder, pointers).pack(staged);
}

}  // namespace netc
