// Values are remembered by node and by the slots that the node varies with, in the scope of the
// innermost loop that computed them.
#include "passes/emit_expr.h"

#include <cmath>

#include "ir/support/check.h"
#include "passes/algebra.h"
#include "passes/lane_masks.h"

namespace netc {

using loops::RegisterId;

ExprEmitter::ExprEmitter(const Graph& graph, const AccessedNest& nest, loops::Builder& builder,
                         PointerOf pointer_of)
    : graph_(graph),
      nest_(nest),
      builder_(builder),
      pointer_of_(std::move(pointer_of)),
      bindings_(nest.nest.indices.size()),
      scopes_(1) {}

void ExprEmitter::bind(IndexId index, Binding binding) {
  if (binding.lanes > 1) lane_index_ = index;
  if (binding.lanes == 1 && lane_index_ == index) lane_index_ = {};
  bindings_[index.index] = std::move(binding);
}

void ExprEmitter::scoped(const std::function<void()>& body) {
  scopes_.emplace_back();
  body();
  scopes_.pop_back();
}

void ExprEmitter::further_on(IndexId index, int64_t values, const std::function<void()>& body) {
  const Binding here = bindings_[index.index];
  for (RegisterId& base : bindings_[index.index].bases)
    base = builder_.add(base, builder_.integer(values));
  scoped(body);
  bindings_[index.index] = here;
}

uint16_t ExprEmitter::lanes() const {
  return lane_index_ ? bindings_[lane_index_.index].lanes : uint16_t{1};
}

RegisterId ExprEmitter::lane_mask(const Point& point) const {
  if (!lane_index_) return {};
  const Binding& binding = bindings_[lane_index_.index];
  return binding.masks.empty() ? RegisterId{} : binding.masks[point[lane_index_.index]];
}

RegisterId ExprEmitter::widen(RegisterId value, uint16_t lanes) {
  if (builder_.type(value).lanes == lanes) return value;
  NETC_CHECK(builder_.type(value).lanes == 1, "lanes that nobody wants");
  return builder_.broadcast(value, lanes);
}

Point ExprEmitter::restricted(const Point& point, IndexSet set) const {
  Point result(point.size());
  for (uint32_t i = 0; i < point.size(); ++i)
    if (set & bit(IndexId{i})) result[i] = point[i];
  return result;
}

RegisterId ExprEmitter::position(IndexId index, const Point& point) {
  const Binding& binding = bindings_[index.index];
  int64_t slot = point[index.index];
  if (binding.bases.size() > 1) return binding.bases[slot];
  return builder_.add(binding.bases[0], builder_.integer(slot * binding.scale));
}

RegisterId ExprEmitter::eval(ExprId id, const Point& point) {
  Key key{id.index, restricted(point, nest_.depends[id.index])};
  for (const auto& scope : scopes_) {
    auto found = scope.find(key);
    if (found != scope.end()) return found->second;
  }
  RegisterId value = compute(id, point);
  scopes_.back().emplace(std::move(key), value);
  return value;
}

void ExprEmitter::set_stage_result(const Stage& stage, const Point& point, RegisterId value) {
  // Every read of the stage is the one node at the identity; the scope's entry is its value.
  for (uint32_t i = 0; i < nest_.nest.dag.size(); ++i) {
    const Expr& expr = nest_.nest.dag[ExprId{i}];
    if (expr.kind == ExprKind::read && expr.tensor == stage.value)
      set_result(ExprId{i}, point, value);
  }
}

void ExprEmitter::set_result(ExprId id, const Point& point, RegisterId value) {
  scopes_.back()[{id.index, restricted(point, nest_.depends[id.index])}] = value;
}

RegisterId ExprEmitter::compute(ExprId id, const Point& point) {
  const Expr& expr = nest_.nest.dag[id];
  switch (expr.kind) {
    case ExprKind::constant:
      if (is_float(expr.type)) return builder_.number(expr.number, {expr.type});
      return builder_.integer(expr.integer, expr.type);
    case ExprKind::index:
      return index_value(expr.index, point);
    case ExprKind::batch:
      return builder_.batch();
    case ExprKind::convert:
      return builder_.convert(eval(expr.args[0], point), expr.type);
    case ExprKind::apply:
      return apply(expr, point);
    case ExprKind::read:
      return load(id, expr, point);
  }
  NETC_UNREACHABLE("an expression of no kind");
}

RegisterId ExprEmitter::apply(const Expr& expr, const Point& point) {
  std::vector<RegisterId> args;
  uint16_t lanes = 1;
  for (ExprId arg : expr.args) {
    args.push_back(eval(arg, point));
    lanes = std::max(lanes, builder_.type(args.back()).lanes);
  }
  if (expr.function == Function::stop_gradient) return args[0];
  for (RegisterId& arg : args) arg = widen(arg, lanes);
  return builder_.apply(expr.function, std::move(args));
}

RegisterId ExprEmitter::lane_steps(RegisterId first, RegisterId step) {
  RegisterId steps = builder_.iota(DType::i64, lanes());
  const int64_t* constant = builder_.constant(step);
  if (!constant || *constant != 1) steps = builder_.mul(steps, builder_.broadcast(step, lanes()));
  return builder_.add(builder_.broadcast(first, lanes()), steps);
}

RegisterId ExprEmitter::index_value(IndexId index, const Point& point) {
  RegisterId first = position(index, point);
  return index == lane_index_ ? lane_steps(first, builder_.integer(1)) : first;
}

RegisterId ExprEmitter::both(RegisterId a, RegisterId b) {
  if (!a) return b;
  if (!b) return a;
  uint16_t lanes = std::max(builder_.type(a).lanes, builder_.type(b).lanes);
  return builder_.apply(Function::logical_and, {widen(a, lanes), widen(b, lanes)});
}

RegisterId ExprEmitter::affine_value(const Affine& affine, const Point& point) {
  RegisterId value = builder_.integer(affine.constant);
  if (affine.batch)
    value = builder_.add(value, builder_.mul(builder_.batch(), builder_.integer(affine.batch)));
  for (const Affine::Term& term : affine.terms)
    value = builder_.add(
        value, builder_.mul(position(term.index, point), builder_.integer(term.coefficient)));
  return value;
}

void ExprEmitter::assume(ExprId read, size_t guard, bool holds) {
  if (holds)
    assumed_.insert({read, guard});
  else
    assumed_.erase({read, guard});
}

RegisterId ExprEmitter::guard(const Guard& guard, const Point& point) {
  RegisterId value = affine_value(guard.affine, point);
  int64_t step = lane_index_ ? guard.affine.coefficient(lane_index_) : 0;
  if (step) value = lane_steps(value, builder_.integer(step));
  if (guard.data) {
    RegisterId data = builder_.convert(eval(guard.data, point), DType::i64);
    uint16_t lanes = std::max(builder_.type(data).lanes, builder_.type(value).lanes);
    value = builder_.add(widen(value, lanes), widen(data, lanes));
  }
  return within(guard, value);
}

RegisterId ExprEmitter::within(const Guard& guard, RegisterId value) {
  uint16_t lanes = builder_.type(value).lanes;
  RegisterId inside;
  if (guard.lower) {
    RegisterId zero = widen(builder_.integer(0), lanes);
    inside = builder_.apply(Function::greater_equal, {value, zero});
  }
  if (guard.upper) {
    RegisterId size = widen(BatchCount::of(guard.size).emit(builder_), lanes);
    inside = both(inside, builder_.apply(Function::less, {value, size}));
  }
  return inside;
}

void ExprEmitter::stage(ExprId read, RegisterId pointer, const netc::Access& access,
                        IndexSet relative) {
  copies_[read] = {pointer, &access, relative};
}

ExprEmitter::Location ExprEmitter::locate(const netc::Access& access, const Point& point,
                                          bool vector, IndexSet relative, ExprId read) {
  RegisterId offset = builder_.integer(0);
  BatchCount fixed = access.constant;
  for (const auto& [index, stride] : access.strides) {
    const Binding& binding = bindings_[index.index];
    if (relative & bit(index)) {
      fixed.add(stride, point[index.index] * binding.scale);
      continue;
    }
    bool shared = binding.bases.size() == 1;
    RegisterId base = shared ? binding.bases[0] : position(index, point);
    offset = builder_.add(offset, builder_.mul(base, stride.emit(builder_)));
    if (shared) fixed.add(stride, point[index.index] * binding.scale);
  }
  RegisterId gathered;
  for (const auto& [data, stride] : access.data) {
    RegisterId value = builder_.convert(eval(data, point), DType::i64);
    uint16_t width = builder_.type(value).lanes;
    RegisterId part = builder_.mul(value, widen(stride.emit(builder_), width));
    if (width == 1) offset = builder_.add(offset, part);
    if (width > 1) gathered = gathered ? builder_.add(gathered, part) : part;
  }
  Location location;
  location.offset = builder_.add(offset, fixed.emit(builder_));
  for (size_t g = 0; g < access.guards.size(); ++g)
    if (!assumed_.count({read, g}))
      location.inside = both(location.inside, guard(access.guards[g], point));
  BatchCount step = lane_index_ ? access.stride(lane_index_) : BatchCount();
  bool varies = location.inside && builder_.type(location.inside).lanes > 1;
  if (!vector && step.is_zero() && !gathered && !varies) return location;

  locate_lanes(location, access, point, gathered, !vector);
  return location;
}

/// How the lanes reach their elements, `location.offset` being that of the first.
void ExprEmitter::locate_lanes(Location& location, const netc::Access& access, const Point& point,
                               RegisterId gathered, bool may_clamp) {
  BatchCount step = access.stride(lane_index_);
  location.lanes = lanes();
  if (gathered || !step.is_constant() || step.is_zero()) {
    location.memory.access = loops::Access::gather;
    location.offset = step.is_zero() ? builder_.broadcast(location.offset, lanes())
                                     : lane_steps(location.offset, step.emit(builder_));
    if (gathered) location.offset = builder_.add(location.offset, gathered);
  } else if (!step.is(1)) {
    location.memory.access = loops::Access::strided;
    location.memory.stride = step.constant();
  }
  bool uniform = location.inside && builder_.type(location.inside).lanes == 1;
  if (may_clamp && uniform && location.memory.access == loops::Access::strided &&
      step.constant() > 0) {
    // Masks cost more than reading where all indices but the lanes' are 0, which is in bounds.
    const Binding& binding = bindings_[lane_index_.index];
    BatchCount fixed = BatchCount().add(step, point[lane_index_.index] * binding.scale);
    RegisterId safe =
        builder_.add(builder_.mul(binding.bases[0], step.emit(builder_)), fixed.emit(builder_));
    location.offset = builder_.apply(Function::select, {location.inside, location.offset, safe});
    location.clamped = true;
  }
  if (location.inside) location.inside = widen(location.inside, lanes());
  location.memory.mask = both(lane_mask(point), location.clamped ? RegisterId{} : location.inside);
}

RegisterId ExprEmitter::load(ExprId id, const Expr& expr, const Point& point) {
  auto found = nest_.reads.find(id);
  NETC_CHECK(found != nest_.reads.end(), "a stage is read before it is computed");
  if (auto copy = copies_.find(id); copy != copies_.end()) {
    const auto& [scratch, access, relative] = copy->second;
    Location location = locate(*access, point, false, relative);
    return builder_.load(scratch, location.offset, location.lanes, location.memory);
  }
  RegisterId pointer = pointer_of_(expr.tensor);
  Location location = locate(found->second, point, false, 0, id);
  RegisterId offset = location.offset;
  if (location.lanes == 1 && location.inside)
    offset = builder_.apply(Function::select, {location.inside, offset, builder_.integer(0)});
  RegisterId value = builder_.load(pointer, offset, location.lanes, location.memory);
  if (!location.inside) return value;

  if (is_positive_zero(nest_.nest.dag, expr.otherwise) && location.lanes > 1 && !location.clamped)
    return value;  // masked-off lanes are 0 already
  RegisterId outside = eval(expr.otherwise, point);
  uint16_t lanes = std::max(location.lanes, builder_.type(outside).lanes);
  return builder_.apply(Function::select, {widen(location.inside, lanes), widen(value, lanes),
                                           widen(outside, lanes)});
}

RegisterId ExprEmitter::stored(size_t k, const Point& point, RegisterId pointer) {
  Location location = locate(nest_.stores[k], point, lane_index_.valid());
  return builder_.load(pointer, location.offset, location.lanes, location.memory);
}

void ExprEmitter::prefetch(ExprId read, const Point& point) {
  prefetch_at(nest_.reads.at(read), point, pointer_of_(nest_.nest.dag[read].tensor));
}

void ExprEmitter::prefetch_store(size_t k, const Point& point, RegisterId pointer) {
  prefetch_at(nest_.stores[k], point, pointer);
}

void ExprEmitter::prefetch_ahead(ExprId read, const Point& point, IndexId index, int64_t steps) {
  const auto copy = copies_.find(read);
  const bool is_copied = copy != copies_.end();
  const netc::Access& access = is_copied ? *copy->second.access : nest_.reads.at(read);
  const RegisterId pointer =
      is_copied ? copy->second.pointer : pointer_of_(nest_.nest.dag[read].tensor);
  const IndexSet relative = is_copied ? copy->second.relative : 0;
  further_on(index, steps, [&] {
    if (access.stride(lane_index_).is_zero())
      builder_.prefetch(pointer, locate(access, point, false, relative).offset);
    else
      prefetch_at(access, point, pointer, relative);
  });
}

void ExprEmitter::prefetch_at(const netc::Access& access, const Point& point, RegisterId pointer,
                              IndexSet relative) {
  if (!lane_index_ || !access.stride(lane_index_).is(1)) return;
  if (!access.guards.empty() || !access.data.empty()) return;
  int64_t bytes = lanes() * byte_size(builder_.type(pointer).element);
  if (point[lane_index_.index] * bytes % line_bytes != 0) return;
  builder_.prefetch(pointer, locate(access, point, false, relative).offset);
}

void ExprEmitter::store(size_t k, const Point& point, RegisterId pointer) {
  const Store& store = nest_.nest.stores[k];
  RegisterId value = eval(store.expr, point);
  Location location = locate(nest_.stores[k], point, lane_index_.valid());
  value = widen(value, location.lanes);
  auto write = [&] {
    RegisterId sum = value;
    if (store.accumulate) {
      RegisterId old = builder_.load(pointer, location.offset, location.lanes, location.memory);
      sum = builder_.apply(Function::add, {old, value});
    }
    builder_.store(pointer, location.offset, sum, location.memory);
  };
  if (location.lanes > 1 || !location.inside) return write();
  builder_.branch(location.inside, [&]() -> std::vector<RegisterId> {
    write();
    return {};
  });
}

void ExprEmitter::store_turned(size_t k, const Point& point, RegisterId pointer,
                               const std::vector<RegisterId>& values) {
  const auto count = static_cast<int64_t>(values.size());
  const int64_t width = lanes();
  const Binding& binding = bindings_[lane_index_.index];
  const bool is_partial = lane_mask(point).valid();
  const Location first = locate(nest_.stores[k], point, true);
  NETC_CHECK(first.memory.access == loops::Access::strided, "lanes that lie side by side");
  for (int64_t m = 0; m < count; ++m) {
    // Lane l holds element m * width + l of the row: of lane e / count, at slot e % count.
    const auto lane_of = [&](int64_t l) { return static_cast<int32_t>((m * width + l) / count); };
    const auto slot_of = [&](int64_t l) { return (m * width + l) % count; };
    loops::Memory memory;
    if (is_partial) {
      const RegisterId live = builder_.sub(builder_.mul(binding.live, builder_.integer(count)),
                                           builder_.integer(m * width));
      const int64_t* known = builder_.constant(live);
      if (known && *known <= 0) return;
      if (!known || *known < width)
        memory.mask = first_lanes(builder_, live, static_cast<uint16_t>(width));
    }
    RegisterId row = values[0];
    for (int64_t slot = 1; slot < count; ++slot) {
      std::vector<int32_t> from;
      for (int64_t l = 0; l < width; ++l) {
        const bool is_known = slot > 1 || slot_of(l) != 0;
        from.push_back(slot_of(l) == slot ? static_cast<int32_t>(width) + lane_of(l)
                       : is_known         ? static_cast<int32_t>(l)
                                          : lane_of(l));
      }
      row = builder_.shuffle(row, values[static_cast<size_t>(slot)], std::move(from));
    }
    builder_.store(pointer, builder_.add(first.offset, builder_.integer(m * width)), row, memory);
  }
}

}  // namespace netc
