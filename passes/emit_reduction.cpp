// The accumulators of all points travel through the loops as one list of carried values.
#include "passes/emit_reduction.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "ir/support/check.h"
#include "passes/algebra.h"
#include "passes/lane_masks.h"
#include "passes/lane_totals.h"
#include "passes/staging.h"

namespace netc {

using loops::RegisterId;
using loops::Type;

namespace {

/// The function that combines two partial results.
Function combiner(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum:
      return Function::add;
    case Reduction::prod:
      return Function::mul;
    case Reduction::min:
      return Function::min;
    default:
      return Function::max;
  }
}

/// The largest value of an element type.
int64_t largest(DType type) {
  switch (type) {
    case DType::i64:
      return std::numeric_limits<int64_t>::max();
    case DType::i32:
      return std::numeric_limits<int32_t>::max();
    case DType::u8:
      return 255;
    default:
      return 1;
  }
}

int64_t smallest(DType type) {
  bool is_signed = type == DType::i64 || type == DType::i32;
  return is_signed ? -largest(type) - 1 : 0;
}

/// Loops of at most so many rounds are written out, while the text stays below this many points.
constexpr int64_t written_out_rounds = 4;
constexpr int64_t written_out_points = 64;

// From asking for a line to reading it: most panels come from the second cache, scalars of a column
// often from beyond.
constexpr int64_t rounds_ahead = 4;
constexpr int64_t rounds_ahead_of_far = 16;

/// Whether a stage adds up products of two reads that vary along the lanes: where a mask ends them
/// both are 0, and so is what they add to a sum that begins with 0.
bool is_zero_in_dead_lanes(const AccessedNest& nest, const Stage& stage, IndexId lanes) {
  const ExprDag& dag = nest.nest.dag;
  const Expr& body = dag[stage.body];
  if (stage.reduction != Reduction::sum || !body.is_call(Function::mul)) return false;
  return std::all_of(body.args.begin(), body.args.end(), [&](ExprId factor) {
    const Expr& expr = dag[factor];
    return nest.reads.count(factor) > 0 && (nest.depends[factor.index] & bit(lanes)) &&
           (!expr.otherwise || is_positive_zero(dag, expr.otherwise));
  });
}

}  // namespace

ReductionEmitter::ReductionEmitter(const AccessedNest& nest, const Plan& plan, size_t k,
                                   ExprEmitter& exprs, loops::Builder& builder,
                                   std::vector<Point> points)
    : nest_(nest),
      plan_(plan),
      stage_(nest.nest.stages[k]),
      exprs_(exprs),
      builder_(builder),
      points_(std::move(points)),
      vector_(plan.stage_vector[k]),
      vector_lanes_(plan.stage_lanes[k]) {
  width_ = stage_.reduction == Reduction::argmax ? 2 : 1;
  dead_lanes_add_zero_ = vector_ && is_zero_in_dead_lanes(nest_, stage_, vector_);
  if (vector_) chains_ = static_cast<size_t>(plan_.slots[vector_.index]);
  clips_ = clips_of(nest_, stage_, vector_ ? vector_ : plan_.vector);
  std::erase_if(clips_, [&](const Clip& clip) { return find_staged(plan_, clip.read) != nullptr; });
}

void ReductionEmitter::run(RegisterId partial, const Asking& asking) {
  asking_ = asking;
  Values values = identity();
  exprs_.scoped([&] { values = level(0, std::move(values)); });
  if (vector_) exprs_.bind(vector_, {{builder_.integer(0)}});
  const Values totals = this->totals(values);
  for (size_t p = 0; p < points_.size(); ++p) {
    RegisterId result = totals[p];
    if (RegisterId base = this->base(points_[p], partial)) {
      uint16_t lanes = std::max(builder_.type(base).lanes, builder_.type(result).lanes);
      result =
          builder_.apply(Function::add, {exprs_.widen(base, lanes), exprs_.widen(result, lanes)});
    }
    exprs_.set_stage_result(stage_, points_[p], result);
  }
}

/// What a sum begins with: its base, or what earlier parts have come to.
RegisterId ReductionEmitter::base(const Point& point, RegisterId partial) {
  RegisterId base;
  if (stage_.base) base = exprs_.eval(stage_.base, point);
  if (!partial) return base;
  RegisterId sum = exprs_.stored(0, point, partial);
  uint16_t lanes = builder_.type(sum).lanes;
  if (!base) base = identity_value(builder_.type(sum));
  RegisterId first = builder_.apply(Function::equal, {exprs_.part().lower, builder_.integer(0)});
  return builder_.apply(Function::select,
                        {exprs_.widen(first, lanes), exprs_.widen(base, lanes), sum});
}

RegisterId ReductionEmitter::identity_value(Type type) {
  double infinity = std::numeric_limits<double>::infinity();
  DType element = type.element;
  double number = 0;
  int64_t integer = 0;
  switch (stage_.reduction) {
    case Reduction::prod:
      number = 1;
      integer = 1;
      break;
    case Reduction::min:
      number = infinity;
      integer = largest(element);
      break;
    case Reduction::max:
    case Reduction::argmax:
      number = -infinity;
      integer = smallest(element);
      break;
    default:
      break;
  }
  if (is_float(element)) return builder_.number(number, type);
  return builder_.broadcast(builder_.integer(integer, element), type.lanes);
}

ReductionEmitter::Values ReductionEmitter::identity() {
  const Expr& body = nest_.nest.dag[stage_.body];
  bool varies = exprs_.lanes() > 1 && (nest_.depends[stage_.body.index] & bit(plan_.vector));
  uint16_t lanes = vector_ ? vector_lanes_ : varies ? exprs_.lanes() : uint16_t{1};
  Values values;
  for (size_t i = 0; i < points_.size() * chains_; ++i) {
    values.push_back(identity_value({body.type, lanes}));
    if (width_ == 2) values.push_back(builder_.broadcast(builder_.integer(0, DType::i32), lanes));
  }
  return values;
}

/// The nodes that do not vary with the remaining indices are computed before their loops.
void ReductionEmitter::hoist(size_t depth) {
  IndexSet varying = 0;
  for (size_t k = depth; k < stage_.reduced.size(); ++k) varying |= bit(stage_.reduced[k]);
  hoist_from(stage_.body, varying);
}

void ReductionEmitter::hoist_from(ExprId id, IndexSet varying) {
  const Expr& expr = nest_.nest.dag[id];
  bool computed =
      expr.kind == ExprKind::read || expr.kind == ExprKind::apply || expr.kind == ExprKind::convert;
  if (!computed) return;
  if (!(nest_.depends[id.index] & varying)) {
    for (const Point& point : points_) exprs_.eval(id, point);
    return;
  }
  for (ExprId arg : expr.args) hoist_from(arg, varying);
  for (const Subscript& subscript : expr.subscripts)
    if (subscript.data) hoist_from(subscript.data, varying);
}

ReductionEmitter::Values ReductionEmitter::level(size_t depth, Values carried) {
  if (depth == stage_.reduced.size()) return combine(std::move(carried));
  IndexId index = stage_.reduced[depth];
  Dim extent = nest_.nest.indices[index.index].extent;
  int64_t slots = plan_.slots[index.index];
  int64_t lanes = index == vector_ ? vector_lanes_ : 1;
  int64_t step = slots * lanes;
  if (depth == 0) hoist(depth);
  RegisterId zero = builder_.integer(0);
  Bounds clipped = bounds(index);

  if (!extent.batch && !clipped.cut) {
    int64_t full = extent.factor / step * step;
    int64_t rest = extent.factor - full;
    carried = rounds(depth, std::move(carried), zero, builder_.integer(full), slots);
    if (rest == 0) return carried;
    RegisterId mask;
    if (rest % lanes)
      mask = first_lanes(builder_, builder_.integer(rest % lanes), static_cast<uint16_t>(lanes));
    return part(depth, std::move(carried), builder_.integer(full), (rest + lanes - 1) / lanes,
                mask);
  }

  auto [lower, upper, cut, clips] = clipped;
  for (const Clip& clip : clips) exprs_.assume(clip.read, clip.guard, true);
  RegisterId full = upper;
  if (step > 1) full = builder_.sub(upper, builder_.mod(builder_.sub(upper, lower), step));
  carried = rounds(depth, std::move(carried), lower, full, slots);
  if (step > 1 && lanes == 1) carried = steps(depth, std::move(carried), full, upper, 1);
  for (const Clip& clip : clips) exprs_.assume(clip.read, clip.guard, false);
  if (lanes == 1) return carried;
  return builder_.loop(
      full, upper, lanes, carried,
      [&](RegisterId iv, const Values& values) {
        RegisterId left = builder_.min(builder_.sub(upper, iv), builder_.integer(lanes));
        RegisterId mask = first_lanes(builder_, left, static_cast<uint16_t>(lanes));
        return part(depth, values, iv, 1, mask);
      },
      false, nest_.nest.indices[index.index].name);
}

/// The largest that an affine value gets in the tile, without its term in `index`; invalid where
/// a loop within varies it.
RegisterId ReductionEmitter::largest_in_tile(const Affine& affine, IndexId index) {
  RegisterId value = builder_.integer(affine.constant);
  if (affine.batch)
    value = builder_.add(value, builder_.mul(builder_.batch(), builder_.integer(affine.batch)));
  auto depth_of = [&](IndexId of) {
    return std::find(stage_.reduced.begin(), stage_.reduced.end(), of) - stage_.reduced.begin();
  };
  for (const Affine::Term& term : affine.terms) {
    if (term.index == index) continue;
    if (!nest_.nest.is_free(term.index) && depth_of(term.index) >= depth_of(index)) return {};
    const Binding& binding = exprs_.binding(term.index);
    RegisterId at = binding.bases[0];
    if (term.coefficient > 0 && binding.bases.size() > 1) at = binding.bases.back();
    if (term.coefficient > 0 && binding.bases.size() == 1)
      at = builder_.add(at,
                        builder_.integer((binding.slots - 1) * binding.scale + binding.lanes - 1));
    value = builder_.add(value, builder_.mul(at, builder_.integer(term.coefficient)));
  }
  return value;
}

/// Leaves out values of the index at which the condition fails for all points of the tile.
void ReductionEmitter::leave_out(const Affine& condition, IndexId index, Bounds& bounds) {
  const int64_t c = condition.coefficient(index);
  const bool is_outermost = index == stage_.reduced[0];
  const bool is_of_sum =
      std::any_of(stage_.reduced.begin(), stage_.reduced.end(),
                  [&](IndexId reduced) { return condition.coefficient(reduced) != 0; });
  if (c == 0 && (is_of_sum || !is_outermost)) return;
  const RegisterId rest = largest_in_tile(condition, index);
  if (!rest) return;
  bounds.cut = true;
  const RegisterId size = builder_.integer(std::abs(c));
  if (c == 0) {
    const RegisterId none = builder_.apply(Function::less, {rest, builder_.integer(0)});
    bounds.upper = builder_.apply(Function::select, {none, bounds.lower, bounds.upper});
  } else if (c < 0) {
    const RegisterId end = builder_.add(rest, size);
    bounds.upper = builder_.min(bounds.upper, builder_.div(end, size));
  } else {
    const RegisterId begin = builder_.sub(builder_.integer(c - 1), rest);
    bounds.lower = builder_.max(bounds.lower, builder_.div(begin, size));
  }
}

/// All rounds of an index; where something is asked for meanwhile, before each share of them.
ReductionEmitter::Values ReductionEmitter::rounds(size_t depth, Values carried, RegisterId lower,
                                                  RegisterId upper, int64_t slots) {
  if (depth != asking_.depth || asking_.shares == 0)
    return steps(depth, std::move(carried), lower, upper, slots);
  const RegisterId each = builder_.integer((asking_.values + slots - 1) / slots * slots);
  return builder_.loop(
      builder_.integer(0), builder_.integer(asking_.shares), 1, carried,
      [&](RegisterId share, const Values& values) {
        asking_.ask(share);
        const RegisterId first = builder_.add(lower, builder_.mul(share, each));
        return steps(depth, values, first, builder_.min(builder_.add(first, each), upper), slots);
      },
      false, "share");
}

bool ReductionEmitter::has_one_value(IndexId index) const {
  const Binding& binding = exprs_.binding(index);
  return binding.slots == 1 && binding.lanes == 1;
}

/// The values of an index whose terms are not known to be zero:
/// 0 <= c * index + rest < size  ->  -rest / c <= index < (size - rest) / c, rounded up.
ReductionEmitter::Bounds ReductionEmitter::bounds(IndexId index) {
  Bounds result{builder_.integer(0),
                BatchCount::of(nest_.nest.indices[index.index].extent).emit(builder_),
                false,
                {}};
  if (exprs_.part().index == index) result = {exprs_.part().lower, exprs_.part().upper, true, {}};
  for (const Affine& condition : stage_.where) leave_out(condition, index, result);
  for (const Clip& clip : clips_) {
    if (clip.index != index) continue;
    const Guard& guard = nest_.reads.at(clip.read).guards[clip.guard];
    Affine others = guard.affine.substituted(index, Affine::of_constant(0));
    bool known = std::all_of(others.terms.begin(), others.terms.end(),
                             [&](const Affine::Term& term) { return has_one_value(term.index); });
    if (!known) continue;
    RegisterId rest = exprs_.affine_value(others, points_[0]);
    RegisterId size = BatchCount::of(guard.size).emit(builder_);
    RegisterId zero = builder_.integer(0), one = builder_.integer(1);
    // With a negative coefficient both ends change places, and each moves by one.
    int64_t c = std::abs(clip.coefficient);
    RegisterId low = builder_.sub(zero, rest), high = builder_.sub(size, rest);
    if (clip.coefficient < 0) {
      low = builder_.add(builder_.sub(rest, size), one);
      high = builder_.add(rest, one);
    }
    auto rounded_up = [&](RegisterId value) {
      return builder_.div(builder_.add(value, builder_.integer(c - 1)), builder_.integer(c));
    };
    if (clip.coefficient > 0 ? guard.lower : guard.upper)
      result.lower = builder_.max(result.lower, rounded_up(low));
    if (clip.coefficient > 0 ? guard.upper : guard.lower)
      result.upper = builder_.min(result.upper, rounded_up(high));
    result.clips.push_back(clip);
    result.cut = true;
  }
  // A window that lies outside as a whole has no terms.
  if (!result.clips.empty() || !stage_.where.empty())
    result.upper = builder_.max(result.lower, result.upper);
  return result;
}

/// All rounds from `lower` to `upper`, a multiple of the step away.
ReductionEmitter::Values ReductionEmitter::steps(size_t depth, Values carried, RegisterId lower,
                                                 RegisterId upper, int64_t slots) {
  IndexId index = stage_.reduced[depth];
  int64_t step = slots * (index == vector_ ? vector_lanes_ : 1);
  const int64_t* first = builder_.constant(lower);
  const int64_t* last = builder_.constant(upper);
  if (first && last) {
    int64_t begin = *first, end = *last;
    int64_t rounds = (end - begin) / step;
    int64_t points = rounds * static_cast<int64_t>(points_.size()) * slots * copies_;
    if (rounds <= 1 || (rounds <= written_out_rounds && points <= written_out_points)) {
      copies_ *= std::max<int64_t>(rounds, 1);
      for (int64_t at = begin; at < end; at += step)
        carried = part(depth, std::move(carried), builder_.integer(at), slots, {});
      copies_ /= std::max<int64_t>(rounds, 1);
      return carried;
    }
  }
  return builder_.loop(
      lower, upper, step, carried,
      [&](RegisterId iv, const Values& values) { return part(depth, values, iv, slots, {}); },
      false, nest_.nest.indices[index.index].name);
}

/// One round: `slots` steps of the index from `base`, the lanes of the last one masked.
ReductionEmitter::Values ReductionEmitter::part(size_t depth, Values carried, RegisterId base,
                                                int64_t slots, RegisterId tail_mask) {
  IndexId index = stage_.reduced[depth];
  Binding binding;
  binding.bases = {base};
  binding.slots = slots;
  if (index == vector_) {
    binding.scale = vector_lanes_;
    binding.lanes = vector_lanes_;
    binding.masks.resize(static_cast<size_t>(slots));
    binding.masks.back() = tail_mask;
  }
  exprs_.bind(index, binding);
  exprs_.scoped([&] { carried = level(depth + 1, std::move(carried)); });
  return carried;
}

/// Takes in the points of the innermost round, all slots of the reduced indices in order.
ReductionEmitter::Values ReductionEmitter::combine(Values carried) {
  std::vector<Point> rounds = {Point(nest_.nest.indices.size())};
  for (IndexId index : stage_.reduced) {
    std::vector<Point> next;
    for (const Point& point : rounds)
      for (int64_t s = 0; s < exprs_.binding(index).slots; ++s) {
        next.push_back(point);
        next.back()[index.index] = static_cast<uint16_t>(s);
      }
    rounds = std::move(next);
  }
  prefetch_streamed();
  for (const Point& round : rounds)
    for (size_t p = 0; p < points_.size(); ++p) {
      Point point = points_[p];
      for (IndexId index : stage_.reduced) point[index.index] = round[index.index];
      size_t chain = vector_ ? round[vector_.index] : 0;
      combine_at(point, &carried[(p * chains_ + chain) * width_]);
    }
  return carried;
}

/// Asks for the lines that a later round reads, where the first cache does not hold them.
void ReductionEmitter::prefetch_streamed() {
  if (stage_.reduced.empty()) return;
  const IndexId inner = stage_.reduced.back();
  for (const StreamedRead& streamed : plan_.streamed) {
    if (!(nest_.depends[streamed.read.index] & bit(inner))) continue;
    // A short loop ends before what is asked for long ahead.
    const int64_t values = nest_.nest.indices[inner.index].extent.factor;
    const bool is_near =
        streamed.is_panel || plan_.runs_together || values < 4 * rounds_ahead_of_far;
    std::set<uint16_t> asked;
    for (const Point& point : points_) {
      const uint16_t slot = point[streamed.index.index];
      // Scalars side by side lie on one line or two.
      const bool is_end = slot == 0 || slot + 1 == exprs_.binding(streamed.index).slots;
      if ((streamed.is_panel || is_end) && asked.insert(slot).second)
        exprs_.prefetch_ahead(streamed.read, point, inner,
                              is_near ? rounds_ahead : rounds_ahead_of_far);
    }
  }
}

void ReductionEmitter::combine_at(const Point& point, RegisterId* accumulator) {
  if (stage_.reduction == Reduction::argmax) return combine_extreme(point, accumulator);
  const Expr& body = nest_.nest.dag[stage_.body];
  uint16_t lanes = builder_.type(*accumulator).lanes;
  RegisterId sum;
  if (stage_.reduction == Reduction::sum && body.is_call(Function::mul) && is_float(body.type)) {
    RegisterId a = exprs_.widen(exprs_.eval(body.args[0], point), lanes);
    RegisterId b = exprs_.widen(exprs_.eval(body.args[1], point), lanes);
    sum = builder_.fma(a, b, *accumulator);
  } else {
    RegisterId value = exprs_.widen(exprs_.eval(stage_.body, point), lanes);
    sum = builder_.apply(combiner(stage_.reduction), {*accumulator, value});
  }
  // Dead lanes of a reduced vector keep their sums; those of a free one are not stored.
  RegisterId mask = vector_ && !dead_lanes_add_zero_ ? exprs_.lane_mask(point) : RegisterId{};
  *accumulator = mask ? builder_.apply(Function::select, {mask, sum, *accumulator}) : sum;
}

/// The first largest element with its position; NaN is larger than all numbers.
void ReductionEmitter::combine_extreme(const Point& point, RegisterId* accumulator) {
  uint16_t lanes = builder_.type(accumulator[0]).lanes;
  RegisterId value = exprs_.widen(exprs_.eval(stage_.body, point), lanes);
  RegisterId best = accumulator[0];
  RegisterId better;
  if (is_float(builder_.type(value).element)) {
    RegisterId above = builder_.apply(Function::logical_not,
                                      {builder_.apply(Function::less_equal, {value, best})});
    RegisterId number = builder_.apply(Function::equal, {best, best});
    better = builder_.apply(Function::logical_and, {above, number});
  } else {
    better = builder_.apply(Function::greater, {value, best});
  }
  RegisterId position =
      builder_.broadcast(builder_.convert(flat_position(point), DType::i32), lanes);
  accumulator[0] = builder_.apply(Function::select, {better, value, best});
  accumulator[1] = builder_.apply(Function::select, {better, position, accumulator[1]});
}

RegisterId ReductionEmitter::flat_position(const Point& point) {
  RegisterId position = builder_.integer(0);
  for (IndexId index : stage_.reduced) {
    Dim extent = nest_.nest.indices[index.index].extent;
    position = builder_.mul(position, BatchCount::of(extent).emit(builder_));
    position = builder_.add(position, exprs_.position(index, point));
  }
  return position;
}

/// The chains of each point combined pairwise, then the lanes by the fixed tree of `reduce`.
ReductionEmitter::Values ReductionEmitter::totals(const Values& values) {
  Values result;
  const Function function = combiner(stage_.reduction);
  for (size_t p = 0; p < points_.size(); ++p) {
    if (width_ == 2) {
      result.push_back(values[p * 2 + 1]);
      continue;
    }
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(p * chains_);
    Values chains(first, first + static_cast<std::ptrdiff_t>(chains_));
    for (size_t gap = 1; gap < chains.size(); gap *= 2)
      for (size_t k = 0; k + gap < chains.size(); k += 2 * gap)
        chains[k] = builder_.apply(function, {chains[k], chains[k + gap]});
    result.push_back(chains[0]);
  }
  return vector_ ? lane_totals(builder_, function, result) : result;
}

}  // namespace netc
