// Rows that a loop goes through have one slot more than the tile: what was computed for a row that
// is written out is not the loop's.
#include "passes/emit_tile.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/emit_ahead.h"

namespace netc {

using loops::RegisterId;

namespace {

constexpr int64_t rounds_of_share = 16;  ///< of a sum, at least, for what is asked for at once

}  // namespace

TileEmitter::TileEmitter(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                         ExprEmitter& exprs, loops::Builder& builder, PointerOfBuffer pointer_of,
                         IsAtHand is_at_hand)
    : graph_(graph),
      nest_(nest),
      plan_(plan),
      exprs_(exprs),
      builder_(builder),
      pointer_of_(std::move(pointer_of)),
      is_at_hand_(std::move(is_at_hand)) {}

void TileEmitter::begin() {
  if (!plan_.finishes_in_loop) return;
  int64_t points = 1;
  for (IndexId index : plan_.order) points *= plan_.step(index);
  for (const Stage& stage : nest_.nest.stages) {
    ExprId read = read_after_sums(stage);
    if (read) parked_.push_back({read, builder_.alloc(nest_.nest.dag[read].type, points)});
  }
}

void TileEmitter::run() {
  points_ = points();
  row_ = widest_row();
  if (!plan_.finishes_in_loop || !row_) {
    sums();
    return finish(points_);
  }
  exprs_.scoped([&] {
    sums();
    park();
  });
  finish_rows();
}

/// All points of the tile: every combination of slots. Those of the index with the fewest come
/// fastest, so that the operands which stay in registers from point to point are few.
std::vector<Point> TileEmitter::points() const {
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

IndexId TileEmitter::widest_row() const {
  IndexId row;
  for (IndexId index : plan_.order) {
    int64_t slots = exprs_.binding(index).slots;
    if (index != plan_.vector && slots > 1 && (!row || slots > exprs_.binding(row).slots))
      row = index;
  }
  return row;
}

/// The points of the row that a loop has reached.
std::vector<Point> TileEmitter::points_of_row() const {
  std::vector<Point> result;
  for (Point point : points_) {
    if (point[row_.index] != 0) continue;
    point[row_.index] = static_cast<uint16_t>(exprs_.binding(row_).slots);
    result.push_back(std::move(point));
  }
  return result;
}

/// Runs `body` where the slot of a loop over rows stands for row `at` of the tile.
void TileEmitter::at_row(RegisterId at, const std::function<void()>& body) {
  const Binding tile = exprs_.binding(row_);
  Binding binding = tile;
  binding.bases.assign(static_cast<size_t>(tile.slots) + 1, builder_.add(tile.bases[0], at));
  exprs_.bind(row_, binding);
  body();
  exprs_.bind(row_, tile);
}

void TileEmitter::sums() {
  AheadEmitter ahead(graph_, nest_, plan_, exprs_, builder_);
  const Asking rows = plan_.runs_together ? Asking{} : asking_for_rows();
  const Asking asking =
      plan_.runs_together ? ahead.next_part() : together(rows, ahead.next_windows());
  if (plan_.prefetches && rows.shares == 0) prefetch(points_);
  if (plan_.next_row)
    exprs_.further_on(plan_.next_row, plan_.step(plan_.next_row), [&] { prefetch(points_); });
  for (size_t k = 0; k < nest_.nest.stages.size(); ++k) {
    RegisterId partial;
    if (plan_.part) partial = pointer_of_(nest_.nest.stores[0].buffer);
    ReductionEmitter(nest_, plan_, k, exprs_, builder_, points_)
        .run(partial, k == 0 ? asking : Asking{});
  }
}

/// Rows of what is read and written after the sums, so many at a time that the requests for them
/// spread over a long sum.
Asking TileEmitter::asking_for_rows() {
  if (!plan_.prefetches || !row_) return {};
  const Stage& stage = nest_.nest.stages[0];
  if (stage.reduced.empty() || plan_.stage_vector[0]) return {};
  const IndexId outer = stage.reduced[0];
  int64_t extent = nest_.nest.extent(outer, graph_.capacity);
  if (outer == plan_.part.index) extent = plan_.part.values;
  const int64_t rows = exprs_.binding(row_).slots;
  const int64_t most = std::min(rows, extent / plan_.slots[outer.index] / rounds_of_share);
  if (most < 2) return {};
  const int64_t each = (rows + most - 1) / most;
  const int64_t shares = (rows + each - 1) / each;
  return {0, shares, (extent + shares - 1) / shares,
          [this, each, points = points_of_row()](RegisterId share) {
            for (int64_t k = 0; k < each; ++k)
              at_row(builder_.add(builder_.mul(share, builder_.integer(each)), builder_.integer(k)),
                     [&] { prefetch(points); });
          }};
}

/// Both, which go before rounds of one index: that with fewer shares while those last.
Asking TileEmitter::together(Asking one, Asking other) {
  if (one.shares > other.shares) std::swap(one, other);
  if (one.shares == 0) return other;
  Asking both = other;
  both.ask = [this, one, other](RegisterId share) {
    const RegisterId left = builder_.apply(Function::less, {share, builder_.integer(one.shares)});
    builder_.branch(left, [&]() -> Values {
      exprs_.scoped([&] { one.ask(share); });
      return {};
    });
    other.ask(share);
  };
  return both;
}

/// Asks for what is read and written after the sums, so that it comes while they run.
void TileEmitter::prefetch(const std::vector<Point>& points) {
  std::set<ExprId> reads;
  for (const Store& store : nest_.nest.stores)
    for (ExprId id : reachable(nest_.nest.dag, store.expr))
      if (nest_.reads.count(id)) reads.insert(id);
  const auto moves = [&](const Access& access) {
    return !plan_.next_row || !access.stride(plan_.next_row).is_zero();
  };
  std::erase_if(reads,
                [&](ExprId read) { return is_at_hand_(read) || !moves(nest_.reads.at(read)); });
  for (const Point& point : points) {
    for (ExprId read : reads) exprs_.prefetch(read, point);
    for (size_t k = 0; k < nest_.stores.size(); ++k)
      if (moves(nest_.stores[k]))
        exprs_.prefetch_store(k, point, pointer_of_(nest_.nest.stores[k].buffer));
  }
}

void TileEmitter::finish(const std::vector<Point>& points) {
  const std::vector<Store>& stores = nest_.nest.stores;
  std::map<std::pair<size_t, Point>, std::vector<RegisterId>> turned;
  // Slots that stand for one row all read it before the first of them is stored.
  const bool is_row_of_loop = plan_.finishes_in_loop && row_.valid();
  const bool repeats = std::any_of(plan_.order.begin(), plan_.order.end(), [&](IndexId index) {
    return exprs_.binding(index).bases.size() > 1 && !(is_row_of_loop && index == row_);
  });
  for (const Point& point : points)
    for (size_t k = 0; k < stores.size() && repeats; ++k) exprs_.eval(stores[k].expr, point);
  for (const Point& point : points) {
    // All values of a point before its first store: a store may overwrite what they read.
    for (const Store& store : stores) exprs_.eval(store.expr, point);
    for (size_t k = 0; k < stores.size(); ++k) {
      const IndexId across = turned_across(k);
      if (!across) {
        exprs_.store(k, point, pointer_of_(stores[k].buffer));
        continue;
      }
      Point first = point;
      first[across.index] = 0;
      std::vector<RegisterId>& values = turned[{k, first}];
      values.resize(static_cast<size_t>(exprs_.binding(across).slots));
      values[point[across.index]] =
          exprs_.widen(exprs_.eval(stores[k].expr, point), exprs_.lanes());
    }
  }
  for (const auto& [place, values] : turned)
    exprs_.store_turned(place.first, place.second, pointer_of_(stores[place.first].buffer), values);
}

/// The index whose slots a store writes side by side, so that its lanes are as many elements apart:
/// they are turned in registers, into whole vectors. Invalid: it is no such store.
IndexId TileEmitter::turned_across(size_t store) const {
  const Access& access = nest_.stores[store];
  if (exprs_.lanes() == 1 || nest_.nest.stores[store].accumulate) return {};
  if (!access.guards.empty() || !access.data.empty()) return {};
  const bool loops_over_rows = plan_.finishes_in_loop && row_.valid();
  for (IndexId index : plan_.order) {
    const int64_t slots = exprs_.binding(index).slots;
    const bool is_beside = index != plan_.vector && access.stride(index).is(1) &&
                           access.stride(plan_.vector).is(slots) && slots > 1;
    if (is_beside && exprs_.binding(index).bases.size() == 1 && !(loops_over_rows && index == row_))
      return index;
  }
  return {};
}

/// The node by which what is stored reads a stage; invalid: it does not.
ExprId TileEmitter::read_after_sums(const Stage& stage) const {
  for (const Store& store : nest_.nest.stores)
    for (ExprId id : reachable(nest_.nest.dag, store.expr))
      if (nest_.nest.dag[id].kind == ExprKind::read && nest_.nest.dag[id].tensor == stage.value)
        return id;
  return {};
}

void TileEmitter::park() {
  for (const Parked& parked : parked_)
    for (size_t p = 0; p < points_.size(); ++p)
      builder_.store(parked.memory, builder_.integer(static_cast<int64_t>(p) * plan_.lanes),
                     exprs_.widen(exprs_.eval(parked.read, points_[p]), exprs_.lanes()), {});
}

/// One row of the tile after the other, its points written out.
void TileEmitter::finish_rows() {
  const Binding tile = exprs_.binding(row_);
  RegisterId rows = builder_.integer(tile.slots);
  // Rows that only repeat the last one are done with.
  if (tile.bases.size() > 1)
    rows = builder_.add(builder_.sub(tile.bases.back(), tile.bases[0]), builder_.integer(1));
  const std::vector<Point> points = points_of_row();
  hoist_from_rows(points);
  builder_.loop(
      builder_.integer(0), rows, 1, {},
      [&](RegisterId at, const Values&) -> Values {
        at_row(at, [&] {
          exprs_.scoped([&] {
            take(at, points);
            finish(points);
          });
        });
        return {};
      },
      false, "row");
}

/// What does not vary with the row is computed before the loop over rows.
void TileEmitter::hoist_from_rows(const std::vector<Point>& points) {
  auto hoist = [&](auto&& self, ExprId id) -> void {
    const Expr& expr = nest_.nest.dag[id];
    if (!(nest_.depends[id.index] & bit(row_))) {
      if (expr.kind != ExprKind::constant)
        for (const Point& point : points) exprs_.eval(id, point);
      return;
    }
    for (ExprId arg : expr.args) self(self, arg);
  };
  for (const Store& store : nest_.nest.stores) hoist(hoist, store.expr);
}

/// The parked sums of one row. Points of a tile are listed evenly.
void TileEmitter::take(RegisterId at, const std::vector<Point>& points) {
  for (const Point& point : points) {
    auto place_in = [&](uint16_t row) {
      Point wanted = point;
      wanted[row_.index] = row;
      auto found = std::find(points_.begin(), points_.end(), wanted);
      return static_cast<int64_t>(found - points_.begin()) * plan_.lanes;
    };
    const int64_t begin = place_in(0), step = place_in(1) - begin;
    const RegisterId offset =
        builder_.add(builder_.mul(at, builder_.integer(step)), builder_.integer(begin));
    for (const Parked& parked : parked_)
      exprs_.set_result(parked.read, point,
                        builder_.load(parked.memory, offset, exprs_.lanes(), {}));
  }
}

}  // namespace netc
