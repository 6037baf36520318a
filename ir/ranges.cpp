// Interval arithmetic with bounds linear in N. Where two bounds cross as N grows, or a result may
// wrap, the range of the type is all that is known.
#include "ir/ranges.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace netc {

namespace {

using Bound = std::optional<Linear>;

bool always_at_most(const Linear& a, const Linear& b) { return b.plus(a, -1).never_negative(); }

/// The larger of two for every N, if there is one.
Bound larger(const Linear& a, const Linear& b) {
  if (always_at_most(a, b)) return b;
  if (always_at_most(b, a)) return a;
  return std::nullopt;
}

Bound smaller(const Linear& a, const Linear& b) {
  if (always_at_most(a, b)) return a;
  if (always_at_most(b, a)) return b;
  return std::nullopt;
}

bool is_constant(const LinearRange& range) { return range.low.batch == 0 && range.high.batch == 0; }

LinearRange constant_range(WideInteger low, WideInteger high) { return {{low, 0}, {high, 0}}; }

/// The range if it fits its type for all N up to the capacity; otherwise it may wrap.
LinearRange fitted(const LinearRange& range, DType type, int64_t capacity) {
  const LinearRange whole = range_of_type(type);
  for (const int64_t n : {int64_t{1}, capacity})
    if (range.low.at(n) < whole.low.constant || range.high.at(n) > whole.high.constant)
      return whole;
  return range;
}

LinearRange from_bounds(const Bound& low, const Bound& high, const LinearRange& otherwise) {
  return low && high ? LinearRange{*low, *high} : otherwise;
}

LinearRange joined(const LinearRange& a, const LinearRange& b, const LinearRange& otherwise) {
  return from_bounds(smaller(a.low, b.low), larger(a.high, b.high), otherwise);
}

LinearRange max_of(const LinearRange& a, const LinearRange& b, const LinearRange& otherwise) {
  // Either low end is a lower bound of the maximum; a constant one is the more useful.
  const Linear low = larger(a.low, b.low).value_or(a.low.batch == 0 ? a.low : b.low);
  return from_bounds(low, larger(a.high, b.high), otherwise);
}

LinearRange min_of(const LinearRange& a, const LinearRange& b, const LinearRange& otherwise) {
  const Linear high = smaller(a.high, b.high).value_or(a.high.batch == 0 ? a.high : b.high);
  return from_bounds(smaller(a.low, b.low), high, otherwise);
}

LinearRange product(const LinearRange& a, const LinearRange& b, const LinearRange& otherwise) {
  const bool single_a = is_constant(a) && a.low.constant == a.high.constant;
  const bool single_b = is_constant(b) && b.low.constant == b.high.constant;
  if (single_a || single_b) {
    const WideInteger factor = single_a ? a.low.constant : b.low.constant;
    const LinearRange& other = single_a ? b : a;
    const Linear zero;
    const Linear first = zero.plus(other.low, factor), second = zero.plus(other.high, factor);
    return factor < 0 ? LinearRange{second, first} : LinearRange{first, second};
  }
  if (!is_constant(a) || !is_constant(b)) return otherwise;
  const WideInteger corners[] = {a.low.constant * b.low.constant, a.low.constant * b.high.constant,
                                 a.high.constant * b.low.constant,
                                 a.high.constant * b.high.constant};
  return constant_range(*std::min_element(corners, corners + 4),
                        *std::max_element(corners, corners + 4));
}

WideInteger floor_div(WideInteger a, WideInteger b) {
  const WideInteger quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

/// Division and remainder by positive constants; by 0 both give 0.
LinearRange quotient(const LinearRange& a, const LinearRange& b, const LinearRange& otherwise) {
  if (!is_constant(a) || !is_constant(b) || b.low.constant < 1) return otherwise;
  const auto ends = {
      floor_div(a.low.constant, b.low.constant), floor_div(a.low.constant, b.high.constant),
      floor_div(a.high.constant, b.low.constant), floor_div(a.high.constant, b.high.constant)};
  return constant_range(std::min(ends), std::max(ends));
}

LinearRange rest(const LinearRange& divisor, const LinearRange& otherwise) {
  if (!divisor.low.never_negative()) return otherwise;
  const Bound last = larger(divisor.high.plus({1, 0}, -1), Linear{});
  return last ? LinearRange{Linear{}, *last} : otherwise;
}

LinearRange range_of_apply(const Expr& expr, const std::vector<LinearRange>& nodes) {
  const LinearRange whole = range_of_type(expr.type);
  const auto arg = [&](size_t i) -> const LinearRange& { return nodes[expr.args[i].index]; };
  if (is_float(expr.type) || expr.type == DType::boolean) return whole;
  switch (expr.function) {
    case Function::add:
      return {arg(0).low.plus(arg(1).low), arg(0).high.plus(arg(1).high)};
    case Function::sub:
      return {arg(0).low.plus(arg(1).high, -1), arg(0).high.plus(arg(1).low, -1)};
    case Function::neg:
      return {Linear{}.plus(arg(0).high, -1), Linear{}.plus(arg(0).low, -1)};
    case Function::mul:
      return product(arg(0), arg(1), whole);
    case Function::div:
      return quotient(arg(0), arg(1), whole);
    case Function::mod:
      return rest(arg(1), whole);
    case Function::select:
      return joined(arg(1), arg(2), whole);
    case Function::min:
      return min_of(arg(0), arg(1), whole);
    case Function::max:
      return max_of(arg(0), arg(1), whole);
    case Function::clamp:
      return min_of(max_of(arg(0), arg(1), whole), arg(2), whole);
    case Function::abs: {
      const LinearRange negative = {Linear{}.plus(arg(0).high, -1), Linear{}.plus(arg(0).low, -1)};
      const LinearRange size = max_of(arg(0), negative, whole);
      return max_of(size, constant_range(0, 0), whole);
    }
    case Function::sign:
      return constant_range(-1, 1);
    case Function::stop_gradient:
      return arg(0);
    default:
      return whole;
  }
}

LinearRange range_of_node(const Graph& graph, const ValueRanges& values,
                          const Definition& definition, const Expr& expr,
                          const std::vector<LinearRange>& nodes) {
  const LinearRange whole = range_of_type(expr.type);
  switch (expr.kind) {
    case ExprKind::constant:
      return is_float(expr.type) ? whole : constant_range(expr.integer, expr.integer);
    case ExprKind::index:
      return {Linear{}, Linear::of(definition.indices[expr.index.index].extent).plus({-1, 0})};
    case ExprKind::batch:
      return {{0, 1}, {0, 1}};
    case ExprKind::read: {
      const LinearRange& inside = values[expr.tensor.index];
      if (!expr.otherwise.valid()) return inside;
      return joined(inside, nodes[expr.otherwise.index], whole);
    }
    case ExprKind::apply:
      return fitted(range_of_apply(expr, nodes), expr.type, graph.capacity);
    case ExprKind::convert: {
      if (is_float(expr.type) || is_float(definition.dag[expr.args[0]].type)) return whole;
      return fitted(nodes[expr.args[0].index], expr.type, graph.capacity);
    }
  }
  return whole;
}

}  // namespace

Linear Linear::of(Dim dim) { return dim.batch ? Linear{0, dim.factor} : Linear{dim.factor, 0}; }

Linear Linear::plus(const Linear& other, WideInteger times) const {
  return {constant + other.constant * times, batch + other.batch * times};
}

bool LinearRange::within(Dim size) const {
  return low.never_negative() && always_at_most(high.plus({1, 0}), Linear::of(size));
}

LinearRange range_of_type(DType type) {
  if (type == DType::boolean) return constant_range(0, 1);
  if (type == DType::u8) return constant_range(0, 255);
  if (type == DType::i32)
    return constant_range(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
  return constant_range(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
}

LinearRange range_of(const Affine& affine, const std::vector<Index>& indices) {
  const Linear start{affine.constant, affine.batch};
  LinearRange result{start, start};
  for (const Affine::Term& term : affine.terms) {
    // The index goes from 0 to extent - 1; a positive coefficient raises the high end.
    Linear& end = term.coefficient > 0 ? result.high : result.low;
    const Linear last = Linear::of(indices[term.index.index].extent).plus({-1, 0});
    end = end.plus(last, term.coefficient);
  }
  return result;
}

ValueRanges ranges_of(const Graph& graph) {
  ValueRanges ranges;
  for (const Value& value : graph.values)
    ranges.push_back(value.checked ? constant_range(value.low, WideInteger{value.high} - 1)
                                   : range_of_type(value.type.dtype));
  for (const Op& op : graph.ops)
    if (op.results.size() == 1 && !is_float(graph[op.results[0]].type.dtype))
      ranges[op.results[0].index] = range_of_result(graph, ranges, op);
  return ranges;
}

LinearRange range_of_result(const Graph& graph, const ValueRanges& values, const Op& op) {
  const LinearRange whole = range_of_type(graph[op.results[0]].type.dtype);
  if (const auto* reshape = std::get_if<Reshape>(&op.what)) return values[reshape->operand.index];
  if (const auto* concat = std::get_if<Concat>(&op.what)) {
    LinearRange range = values[concat->operands[0].index];
    for (const ValueId operand : concat->operands)
      range = joined(range, values[operand.index], whole);
    return range;
  }
  const auto* definition = std::get_if<Definition>(&op.what);
  if (!definition || definition->accumulate) return whole;
  switch (definition->reduction) {
    case Reduction::none:
    case Reduction::max:
    case Reduction::min:
      return ranges_of_nodes(graph, values, *definition)[definition->body.index];
    case Reduction::argmax: {
      Linear count{1, 0};
      for (size_t i = definition->free_count; i < definition->indices.size(); ++i) {
        const Linear extent = Linear::of(definition->indices[i].extent);
        if (extent.batch != 0 && count.batch != 0) return whole;
        count = extent.batch != 0 ? Linear{0, count.constant * extent.batch}
                                  : Linear{}.plus(count, extent.constant);
      }
      return fitted({Linear{}, count.plus({-1, 0})}, DType::i32, graph.capacity);
    }
    default:
      return whole;
  }
}

std::vector<LinearRange> ranges_of_nodes(const Graph& graph, const ValueRanges& values,
                                         const Definition& definition) {
  std::vector<LinearRange> ranges;
  for (size_t i = 0; i < definition.dag.size(); ++i)
    ranges.push_back(range_of_node(graph, values, definition,
                                   definition.dag[ExprId{static_cast<uint32_t>(i)}], ranges));
  return ranges;
}

LinearRange range_of(const Subscript& subscript, const Definition& definition,
                     const std::vector<LinearRange>& nodes) {
  LinearRange range = range_of(subscript.affine, definition.indices);
  if (!subscript.data.valid()) return range;
  const LinearRange& data = nodes[subscript.data.index];
  return {range.low.plus(data.low), range.high.plus(data.high)};
}

}  // namespace netc
