// Arithmetic on values of the compiler's own: exact ints, floats in f64, strings and lists.
#include <cmath>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

bool compare(ast::BinaryOp op, auto a, auto b) {
  switch (op) {
    case ast::BinaryOp::equal:
      return a == b;
    case ast::BinaryOp::not_equal:
      return a != b;
    case ast::BinaryOp::less:
      return a < b;
    case ast::BinaryOp::less_equal:
      return a <= b;
    case ast::BinaryOp::greater:
      return a > b;
    default:
      return a >= b;
  }
}

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// base ^ exponent, or nothing where it does not fit.
std::optional<int64_t> integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (;;) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    exponent >>= 1;
    if (exponent == 0) return result;
    if (__builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
}

bool equal(const Operand& a, const Operand& b) {
  const auto number = [](const Operand& operand) -> std::optional<double> {
    if (const auto* whole = operand.as<Whole>()) return static_cast<double>(whole->value);
    if (const auto* real = operand.as<Real>()) return real->value;
    return std::nullopt;
  };
  if (a.as<Whole>() && b.as<Whole>()) return a.as<Whole>()->value == b.as<Whole>()->value;
  if (number(a) && number(b)) return *number(a) == *number(b);
  if (a.what.index() != b.what.index()) return false;
  if (const auto* truth = a.as<Truth>()) return truth->value == b.as<Truth>()->value;
  if (const auto* text = a.as<Text>()) return text->value == b.as<Text>()->value;
  if (const auto* list = a.as<List>()) {
    const auto& other = b.as<List>()->items;
    if (list->items.size() != other.size()) return false;
    for (size_t i = 0; i < other.size(); ++i)
      if (!equal(list->items[i], other[i])) return false;
    return true;
  }
  return false;
}

}  // namespace

Operand Elaborator::overflow(SourceRange range) {
  error(Code::integer_overflow, range, "this int does not fit 64 bits");
  return {};
}

std::optional<double> Elaborator::to_real(const Placed& placed) {
  if (const auto* real = placed.operand.as<Real>()) return real->value;
  const auto* whole = placed.operand.as<Whole>();
  if (!whole) return std::nullopt;
  if (whole->inexact.valid()) {
    error(Code::inexact_quotient, placed.range,
          "an int quotient that was rounded down reaches float arithmetic")
        .label(whole->inexact, "`/` of two ints rounds down")
        .help("write `1.0 * a / b` or `1.0 / b` for a float quotient");
    return std::nullopt;
  }
  return static_cast<double>(whole->value);
}

Operand Elaborator::fold_whole(ast::BinaryOp op, const Whole& a, const Whole& b,
                               const Operation& operation) {
  Whole result{0, a.inexact.valid() ? a.inexact : b.inexact};
  bool overflowed = false;
  switch (op) {
    case ast::BinaryOp::add:
      overflowed = __builtin_add_overflow(a.value, b.value, &result.value);
      break;
    case ast::BinaryOp::subtract:
      overflowed = __builtin_sub_overflow(a.value, b.value, &result.value);
      break;
    case ast::BinaryOp::multiply:
      overflowed = __builtin_mul_overflow(a.value, b.value, &result.value);
      break;
    case ast::BinaryOp::divide:
    case ast::BinaryOp::modulo: {
      if (b.value == 0) {
        error(Code::division_by_zero, operation.right.range, "an int is divided by zero");
        return {};
      }
      if (b.value == -1) {
        overflowed = __builtin_sub_overflow(int64_t{0}, a.value, &result.value);
        if (op == ast::BinaryOp::modulo) result.value = 0, overflowed = false;
        break;
      }
      const int64_t quotient = floor_divide(a.value, b.value);
      const int64_t rest = a.value - quotient * b.value;
      result.value = op == ast::BinaryOp::divide ? quotient : rest;
      if (op == ast::BinaryOp::divide && rest != 0) result.inexact = operation.range;
      break;
    }
    case ast::BinaryOp::power: {
      if (b.value < 0)
        return Real{std::pow(static_cast<double>(a.value), static_cast<double>(b.value))};
      const auto power = integer_power(a.value, b.value);
      overflowed = !power;
      result.value = power.value_or(0);
      break;
    }
    default:
      return Truth{compare(op, a.value, b.value)};
  }
  return overflowed ? overflow(operation.range) : Operand(result);
}

Operand Elaborator::fold_real(ast::BinaryOp op, double a, double b) {
  if (ast::is_comparison(op)) return Truth{compare(op, a, b)};
  const double operands[] = {a, b};
  return Real{info(function_of(op)).evaluate(operands)};
}

Operand Elaborator::fold(ast::BinaryOp op, const Operation& operation) {
  const Operand& a = operation.left.operand;
  const Operand& b = operation.right.operand;
  if (op == ast::BinaryOp::equal) return Truth{equal(a, b)};
  if (op == ast::BinaryOp::not_equal) return Truth{!equal(a, b)};
  if (op == ast::BinaryOp::logical_and || op == ast::BinaryOp::logical_or) {
    const auto* left = a.as<Truth>();
    const auto* right = b.as<Truth>();
    if (left && right)
      return Truth{op == ast::BinaryOp::logical_and ? left->value && right->value
                                                    : left->value || right->value};
  } else if (a.as<Whole>() && b.as<Whole>()) {
    return fold_whole(op, *a.as<Whole>(), *b.as<Whole>(), operation);
  } else if (a.is_number() && b.is_number()) {
    if (ast::is_comparison(op)) {
      const auto value = [](const Operand& operand) {
        return operand.as<Real>() ? operand.as<Real>()->value
                                  : static_cast<double>(operand.as<Whole>()->value);
      };
      return fold_real(op, value(a), value(b));
    }
    const auto left = to_real(operation.left);
    const auto right = to_real(operation.right);
    if (!left || !right) return {};
    return fold_real(op, *left, *right);
  } else if (op == ast::BinaryOp::add && a.as<List>() && b.as<List>()) {
    List joined = *a.as<List>();
    for (const Operand& item : b.as<List>()->items) joined.items.push_back(item);
    return joined;
  }
  error(Code::wrong_type, operation.op_range, "`{}` does not take {} and {}", ast::symbol(op),
        describe(a), describe(b))
      .label(operation.left.range, "{}", describe(a))
      .label(operation.right.range, "{}", describe(b));
  return {};
}

Operand Elaborator::fold_function(Function function, const std::vector<Placed>& operands,
                                  SourceRange range) {
  const FunctionInfo& row = info(function);
  if (function == Function::stop_gradient) return operands[0].operand;
  const bool rounding =
      function == Function::floor || function == Function::ceil || function == Function::round;
  bool whole = row.evaluate_integer != nullptr || rounding;
  for (const Placed& operand : operands) {
    if (!operand.operand.as<Whole>() && !operand.operand.as<Real>()) {
      error(Code::wrong_type, operand.range, "`{}` takes numbers, not {}", row.name,
            describe(operand.operand));
      return {};
    }
    whole = whole && operand.operand.as<Whole>();
  }
  if (whole) {
    Whole result;
    std::vector<int64_t> values;
    for (const Placed& operand : operands) {
      const auto& value = *operand.operand.as<Whole>();
      if (value.inexact.valid()) result.inexact = value.inexact;
      values.push_back(value.value);
    }
    if (rounding) {
      // Rounding down twice is rounding down; any other way the quotient came too early.
      if (function != Function::floor && result.inexact.valid() && !to_real(operands[0])) return {};
      return Whole{values[0], {}};
    }
    if (function == Function::abs && values[0] == INT64_MIN) return overflow(range);
    result.value = row.evaluate_integer(values.data());
    return result;
  }
  std::vector<double> values;
  for (const Placed& operand : operands) {
    const auto value = to_real(operand);
    if (!value) return {};
    values.push_back(*value);
  }
  const double result = row.evaluate(values.data());
  if (!rounding) return Real{result};
  if (!(std::abs(result) < 9.2e18)) return overflow(range);
  return Whole{static_cast<int64_t>(result), {}};
}

}  // namespace netc::elaboration
