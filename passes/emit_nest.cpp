// One loop a free index, whole tiles first and what is left over after them; a tile within.
#include "passes/emit_nest.h"

#include <algorithm>
#include <tuple>

#include "passes/emit_staging.h"
#include "passes/emit_tile.h"
#include "passes/lane_masks.h"
#include "passes/staging.h"

namespace netc {

using loops::RegisterId;

namespace {

class NestEmitter {
 public:
  NestEmitter(const Graph& graph, const AccessedNest& nest, const Plan& plan,
              const std::vector<RegisterId>& steps, loops::Builder& builder,
              const NestPointers& pointers, std::optional<TaskRows> rows = {})
      : graph_(graph),
        nest_(nest),
        plan_(plan),
        builder_(builder),
        pointers_(pointers),
        rows_(rows),
        exprs_(graph, nest, builder, pointers.tensor),
        tile_(graph, nest, plan, exprs_, builder, pointers.buffer, pointers.is_at_hand) {
    for (uint32_t i = 0; i < nest_.nest.indices.size(); ++i)
      exprs_.bind(IndexId{i}, {{i < steps.size() ? steps[i] : builder_.integer(0)}});
  }

  void run() {
    for (const StagedRead& staged : plan_.staged)
      scratch_.push_back(staged.packed
                             ? pointers_.packed(staged.read)
                             : builder_.alloc(nest_.nest.dag[staged.read].type, staged.elements));
    tile_.begin();
    if (!plan_.part) return level(0);
    RegisterId end =
        BatchCount::of(nest_.nest.indices[plan_.part.index.index].extent).emit(builder_);
    builder_.loop(builder_.integer(0), end, plan_.part.values, {},
                  [&](RegisterId begin, const Values&) -> Values {
                    RegisterId upper =
                        builder_.min(builder_.add(begin, builder_.integer(plan_.part.values)), end);
                    exprs_.set_part({plan_.part.index, begin, upper});
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
    const RegisterId step = builder_.integer(far_rows_at_once);
    builder_.loop(lower, upper, far_rows_at_once, {}, [&](RegisterId row, const Values&) -> Values {
      packed_rows_ = {row, builder_.min(builder_.add(row, step), upper)};
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
            .run(window_of(*packing_, scratch_[0]), packed_rows_);
      const std::vector<IndexId>& around = packing_->around;
      if (std::find(around.begin(), around.end(), plan_.order[depth]) == around.end())
        return level(depth + 1);
    }
    if (!packing_ && !has_few_rows_) {
      if (IndexId rows = rows_of_copies(depth)) return few_or_many(depth, rows);
      stage(depth);
    }
    loops(depth);
  }

  void stage(size_t depth) {
    for (size_t k = 0; k < plan_.staged.size(); ++k) {
      const StagedRead& staged = plan_.staged[k];
      if (staged.depth != depth) continue;
      if (staged.packed)
        exprs_.stage(staged.read, window_of(staged, scratch_[k]), staged.access, staged.relative);
      else
        StagingEmitter(nest_, plan_, staged, exprs_, builder_).run(scratch_[k]);
    }
  }

  /// Rows of the batch, so many to a tile, that all copies made at or within a depth serve, of
  /// tensors which can be read as well; invalid: there are none, or batches are full.
  IndexId rows_of_copies(size_t depth) const {
    bool makes_copies = false;
    const IndexId lanes = plan_.lane_index();
    for (const StagedRead& staged : plan_.staged) {
      if (staged.depth < depth) continue;
      const Access& access = nest_.reads.at(staged.read);
      if (staged.packed || !access.guards.empty() || !lanes || !access.stride(lanes).is(1))
        return {};
      makes_copies |= staged.depth == depth;
    }
    if (!makes_copies || updates_variables(graph_)) return {};
    for (size_t d = depth; d < plan_.order.size(); ++d) {
      const IndexId index = plan_.order[d];
      if (index_at(d).extent.batch && lanes_at(d) == 1 && plan_.slots[index.index] > 1)
        return index;
    }
    return {};
  }

  /// Fewer rows than a tile has are not worth a copy: each reads the tensor itself.
  void few_or_many(size_t depth, IndexId rows) {
    const auto [lower, upper] = range_of(rows);
    const RegisterId tile = builder_.integer(plan_.slots[rows.index]);
    const RegisterId few = builder_.apply(Function::less, {builder_.sub(upper, lower), tile});
    auto in_place = [&, this]() -> Values {
      for (const StagedRead& staged : plan_.staged)
        if (staged.depth >= depth) exprs_.unstage(staged.read);
      has_few_rows_ = true;
      exprs_.scoped([&] { loops(depth); });
      has_few_rows_ = false;
      return {};
    };
    auto copied = [&, this]() -> Values {
      exprs_.scoped([&] {
        stage(depth);
        loops(depth);
      });
      return {};
    };
    builder_.branch(few, in_place, copied);
  }

  /// Values of an index that are gone through here.
  TaskRows range_of(IndexId index) {
    const RegisterId end = BatchCount::of(nest_.nest.indices[index.index].extent).emit(builder_);
    if (plan_.parallel && index == plan_.task_index) return range_of_task(end);
    return {builder_.integer(0), end};
  }

  void loops(size_t depth) {
    if (depth == plan_.order.size()) return tile_.run();
    const Dim extent = index_at(depth).extent;
    const auto [lower, upper] = range_of(plan_.order[depth]);
    if (extent.batch) {
      lanes_at(depth) > 1 ? batch_lanes(depth, lower, upper) : batch_rows(depth, lower, upper);
    } else {
      constant_extent(depth, extent.factor, lower, upper);
    }
  }

  TaskRows range_of_task(RegisterId end) {
    return rows_ ? *rows_ : task_range(builder_, plan_, end);
  }

  /// Where the window of the tile at hand begins among all that were packed.
  RegisterId window_of(const StagedRead& staged, RegisterId packed) {
    RegisterId window = builder_.integer(0);
    for (IndexId index : staged.around) {
      int64_t extent = nest_.nest.indices[index.index].extent.at(graph_.capacity);
      RegisterId round = exprs_.binding(index).bases[0];
      round = builder_.div(round, builder_.integer(plan_.step(index)));
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
      part(depth, builder_.integer(full), (rest + lanes - 1) / lanes,
           rest % lanes ? builder_.integer(rest % lanes) : RegisterId{});
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
      part(depth, iv, 1, left);
    });
  }

  /// Rows along the batch: whole tiles, then single rows where the capacity has none left over,
  /// otherwise one tile whose rows beyond the last repeat it.
  void batch_rows(size_t depth, RegisterId lower, RegisterId upper) {
    const int64_t slots = has_few_rows_ ? 1 : plan_.slots[plan_.order[depth].index];
    RegisterId middle = whole_steps(lower, upper, slots);
    loop(depth, lower, middle, slots, [&](RegisterId iv) { part(depth, iv, slots, {}); });
    if (middle == upper) return;
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
    return builder_.sub(upper, builder_.mod(builder_.sub(upper, lower), step));
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

  /// A tile from `base` on; `live` are the lanes in use of its last vector, invalid: all.
  void part(size_t depth, RegisterId base, int64_t slots, RegisterId live) {
    Binding binding;
    binding.bases = {base};
    binding.slots = slots;
    if (plan_.order[depth] == plan_.vector) {
      binding.scale = plan_.lanes;
      binding.lanes = plan_.lanes;
      binding.masks.resize(static_cast<size_t>(slots));
      binding.live = live;
      if (live) binding.masks.back() = first_lanes(builder_, live, plan_.lanes);
    }
    bound(depth, binding);
  }

  void bound(size_t depth, const Binding& binding) {
    exprs_.bind(plan_.order[depth], binding);
    exprs_.scoped([&] { level(depth + 1); });
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  loops::Builder& builder_;
  const NestPointers& pointers_;
  std::optional<TaskRows> rows_;  ///< instead of all of the task's
  ExprEmitter exprs_;
  TileEmitter tile_;
  std::vector<RegisterId> scratch_;      ///< for each staged read
  const StagedRead* packing_ = nullptr;  ///< what is packed, if that is all to do
  std::optional<TaskRows> packed_rows_;  ///< of its windows, if only those
  bool has_few_rows_ = false;            ///< so that they come one by one
};

}  // namespace

void emit_nest(const Graph& graph, const AccessedNest& nest, const Plan& plan,
               const std::vector<RegisterId>& steps, loops::Builder& builder,
               const NestPointers& pointers, std::optional<TaskRows> rows) {
  NestEmitter(graph, nest, plan, steps, builder, pointers, rows).run();
}

void emit_packing(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                  const StagedRead& staged, const std::vector<RegisterId>& steps,
                  loops::Builder& builder, const NestPointers& pointers) {
  NestEmitter(graph, nest, plan, steps, builder, pointers).pack(staged);
}

}  // namespace netc
