// What is known of the values of integers: the reason why data may stand as a subscript. Bounds
// follow from a definition (argmax, clamp, %), or an input is checked when it enters the model.
#include <algorithm>
#include <cmath>

#include "frontend/tensors.h"

namespace netc::elaboration {

namespace {

std::optional<ValueRange> range_of_type(DType type) {
  if (type == DType::u8) return ValueRange{0, 255};
  if (type == DType::boolean) return ValueRange{0, 1};
  return std::nullopt;
}

/// The range, if the type holds all of it without wrapping and doubles are exact on it. Batches
/// that i32 cannot count do not occur.
std::optional<ValueRange> if_held(ValueRange range, DType type) {
  if (range.batch != 0 && range_of_type(type)) return range_of_type(type);
  const double limit = type == DType::i32 ? 2147483647.0 : 9007199254740992.0;
  const ValueRange allowed = range_of_type(type).value_or(ValueRange{-limit, limit});
  if (range.low < allowed.low || range.high > allowed.high) return range_of_type(type);
  return range;
}

ValueRange product(ValueRange a, ValueRange b) {
  const auto [low, high] =
      std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
  return {low, high};
}

std::optional<ValueRange> range_of_function(Function function, DType type,
                                            std::vector<std::optional<ValueRange>> args) {
  if (is_float(type)) return std::nullopt;
  if (function == Function::stop_gradient) return args[0];
  if (function == Function::select) return joined(args[1], args[2]);
  for (auto& arg : args)
    if (arg && arg->batch != 0) arg.reset();  // nothing is computed with N
  // Bounds that need only one side known.
  const auto constant = [&](size_t i) { return args[i] && args[i]->low == args[i]->high; };
  if (function == Function::clamp && constant(1) && constant(2) && args[1]->low <= args[2]->low) {
    if (!args[0]) return ValueRange{args[1]->low, args[2]->low};
    return ValueRange{std::clamp(args[0]->low, args[1]->low, args[2]->low),
                      std::clamp(args[0]->high, args[1]->low, args[2]->low)};
  }
  if (function == Function::mod && constant(1) && args[1]->low > 0)
    return ValueRange{0, args[1]->low - 1};
  for (const auto& arg : args)
    if (!arg) return std::nullopt;
  switch (function) {
    case Function::add:
      return if_held({args[0]->low + args[1]->low, args[0]->high + args[1]->high}, type);
    case Function::sub:
      return if_held({args[0]->low - args[1]->high, args[0]->high - args[1]->low}, type);
    case Function::mul:
      return if_held(product(*args[0], *args[1]), type);
    case Function::neg:
      return if_held({-args[0]->high, -args[0]->low}, type);
    case Function::min:
      return ValueRange{std::min(args[0]->low, args[1]->low),
                        std::min(args[0]->high, args[1]->high)};
    case Function::max:
      return ValueRange{std::max(args[0]->low, args[1]->low),
                        std::max(args[0]->high, args[1]->high)};
    case Function::div:
      if (!constant(1) || args[1]->low <= 0) return std::nullopt;
      return ValueRange{std::floor(args[0]->low / args[1]->low),
                        std::floor(args[0]->high / args[1]->low)};
    case Function::abs: {
      const double size = std::max(std::abs(args[0]->low), std::abs(args[0]->high));
      const bool across = args[0]->low < 0 && args[0]->high > 0;
      const double least = std::min(std::abs(args[0]->low), std::abs(args[0]->high));
      return if_held({across ? 0 : least, size}, type);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<ValueRange> joined(const std::optional<ValueRange>& a,
                                 const std::optional<ValueRange>& b) {
  if (!a || !b || a->batch != b->batch) return std::nullopt;
  return ValueRange{std::min(a->low, b->low), std::max(a->high, b->high), a->batch};
}

std::optional<ValueRange> Tensors::range_of_node(const Expr& expr, const std::vector<Dim>& dims,
                                                 const std::map<ExprId, ValueRange>& known) const {
  const auto of_node = [&](ExprId id) -> std::optional<ValueRange> {
    const auto found = known.find(id);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  };
  switch (expr.kind) {
    case ExprKind::constant: {
      if (is_float(expr.type)) return std::nullopt;
      const double value = static_cast<double>(expr.integer);
      return ValueRange{value, value};
    }
    case ExprKind::index: {
      const Dim size = expr.index.index >= first_variable
                           ? extent(expr.index)
                           : dims[dims.size() - 1 - expr.index.index];
      if (size.batch) return std::nullopt;
      return ValueRange{0, static_cast<double>(size.factor - 1)};
    }
    case ExprKind::batch:
      return std::nullopt;
    case ExprKind::read: {
      const Value& value = (*graph_)[expr.tensor];
      std::optional<ValueRange> inside = range_of_type(value.type.dtype);
      if (const auto found = ranges_.find(expr.tensor); found != ranges_.end())
        inside = found->second;
      if (value.checked)
        inside = ValueRange{static_cast<double>(value.low), static_cast<double>(value.high - 1)};
      if (!expr.otherwise.valid() || !inside) return inside;
      return joined(inside, of_node(expr.otherwise));
    }
    case ExprKind::apply: {
      std::vector<std::optional<ValueRange>> args;
      for (ExprId arg : expr.args) args.push_back(of_node(arg));
      return range_of_function(expr.function, expr.type, args);
    }
    case ExprKind::convert: {
      const auto value = of_node(expr.args[0]);
      return value ? if_held(*value, expr.type) : range_of_type(expr.type);
    }
  }
  return std::nullopt;
}

std::optional<ValueRange> Tensors::range(ExprId root, const std::vector<Dim>& dims) const {
  std::map<ExprId, ValueRange> known;
  for (ExprId id : nodes_below(root))
    if (const auto found = range_of_node(scratch_[id], dims, known)) known.emplace(id, *found);
  const auto found = known.find(root);
  return found == known.end() ? std::nullopt : std::optional(found->second);
}

void Tensors::learn(ValueId value, const Element& element) {
  if (const PendingReduction* reduction = element.reduction.get()) {
    if (reduction->base.valid()) return;
    if (reduction->kind == Reduction::argmax) {
      double count = 1;
      int batches = 0;
      for (IndexId id : reduction->reduced) {
        batches += extent(id).batch;
        count *= static_cast<double>(extent(id).factor);
      }
      if (batches == 0) ranges_[value] = {0, count - 1};
      if (batches == 1) ranges_[value] = {0, -1, count};
    } else if (reduction->kind == Reduction::max || reduction->kind == Reduction::min) {
      if (const auto found = range(reduction->body, element.dims)) ranges_[value] = *found;
    }
    return;
  }
  const Expr& expr = scratch_[element.node];
  if (is_float(expr.type)) return;
  if (const auto found = range(element.node, element.dims)) ranges_[value] = *found;
  if (const auto input = input_of(element.node)) inputs_[value] = *input;
}

std::optional<ValueId> Tensors::input_of(ExprId root) const {
  const Expr& expr = scratch_[root];
  if (!is_integer(expr.type)) return std::nullopt;
  if (expr.kind == ExprKind::convert) {
    // Only conversions that keep every value: to a type at least as wide.
    const DType from = scratch_[expr.args[0]].type;
    if (!is_integer(from) || byte_size(from) > byte_size(expr.type)) return std::nullopt;
    return input_of(expr.args[0]);
  }
  if (expr.kind != ExprKind::read || expr.otherwise.valid()) return std::nullopt;
  if ((*graph_)[expr.tensor].kind == ValueKind::input) return expr.tensor;
  const auto found = inputs_.find(expr.tensor);
  return found == inputs_.end() ? std::nullopt : std::optional(found->second);
}

bool Tensors::check_input(ExprId root, int64_t low, int64_t high) {
  const auto input = input_of(root);
  if (!input) return false;
  Value& value = (*graph_)[*input];
  if (const auto held = range_of_type(value.type.dtype)) {
    low = std::max(low, static_cast<int64_t>(held->low));
    high = std::min(high, static_cast<int64_t>(held->high) + 1);
  }
  value.low = value.checked ? std::max(value.low, low) : low;
  value.high = value.checked ? std::min(value.high, high) : high;
  value.checked = true;
  return true;
}

}  // namespace netc::elaboration
