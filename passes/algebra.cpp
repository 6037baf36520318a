// The rules of scalar algebra, one function a kind of operation. Each rule stands as
// `before -> after`; those that would be wrong for NaN, an infinity or -0 are left out on purpose:
// x + 0 (wrong for -0), 0 * x, x - x, -(a - b).
#include "passes/algebra.h"

#include <cmath>

#include "ir/support/check.h"

namespace netc {

namespace {

class Rules {
 public:
  explicit Rules(ExprBuilder& builder) : b(builder) {}

  ExprId apply(Function function, const std::vector<ExprId>& args) {
    ExprId result = folded(function, args);
    if (!result.valid()) result = reduced(function, args);
    return result.valid() ? result : b.apply(function, args);
  }

  ExprId convert(ExprId value, DType type) {
    const Expr operand = node(value);
    if (operand.type == type) return value;
    if (operand.kind == ExprKind::constant) return convert_constant(operand, type);
    if (operand.kind == ExprKind::convert && is_exact(b.type(operand.args[0]), operand.type))
      return convert(operand.args[0], type);  // V(U(x)) -> V(x)
    return b.convert(value, type);
  }

 private:
  const Expr& node(ExprId id) const { return b.dag()[id]; }
  bool is_constant(ExprId id) const { return node(id).kind == ExprKind::constant; }

  bool is_number(ExprId id, double value) const {
    const Expr& expr = node(id);
    if (expr.kind != ExprKind::constant) return false;
    if (!is_float(expr.type)) return static_cast<double>(expr.integer) == value;
    return expr.number == value && std::signbit(expr.number) == std::signbit(value);
  }

  bool is_call(ExprId id, Function function) const {
    return node(id).kind == ExprKind::apply && node(id).function == function;
  }

  ExprId operand(ExprId id, size_t k = 0) const { return node(id).args[k]; }
  bool is_float_node(ExprId id) const { return is_float(b.type(id)); }

  /// Whether every value of `from` is a value of `to`.
  static bool is_exact(DType from, DType to) {
    if (to == DType::f64) return from != DType::i64;
    if (from == DType::u8 || from == DType::boolean) return to != DType::boolean && to != DType::u8;
    if (to == DType::f32) return from == DType::f16 || from == DType::bf16;
    return from == DType::i32 && to == DType::i64;
  }

  ExprId convert_constant(const Expr& constant, DType type) {
    if (is_float(constant.type)) return b.number(round_to(type, constant.number), type);
    if (is_float(type))
      return b.number(round_to(type, static_cast<double>(constant.integer)), type);
    return b.integer(constant.integer, type);
  }

  /// f(constants) -> constant, in the operands' own type.
  ExprId folded(Function function, const std::vector<ExprId>& args) {
    const FunctionInfo& row = info(function);
    if (row.kind == FunctionClass::selection) return {};
    for (const ExprId arg : args)
      if (!is_constant(arg)) return {};
    const DType type = b.type(args[0]);
    if (is_float(type)) {
      std::vector<double> values;
      for (const ExprId arg : args) values.push_back(node(arg).number);
      const double value = row.evaluate(values.data());
      if (row.kind == FunctionClass::comparison) return b.boolean(value != 0);
      return b.number(round_to(type, value), type);
    }
    std::vector<int64_t> values;
    for (const ExprId arg : args) values.push_back(node(arg).integer);
    return b.integer(row.evaluate_integer(values.data()), result_type(function, type));
  }

  /// The simpler form of an application that is not all constants; invalid: there is none.
  ExprId reduced(Function function, const std::vector<ExprId>& x) {
    switch (function) {
      case Function::add:
        return sum(x[0], x[1]);
      case Function::sub:
        return difference(x[0], x[1]);
      case Function::mul:
        return product(x[0], x[1]);
      case Function::div:
        return quotient(x[0], x[1]);
      case Function::neg:
        return negative(x[0]);
      case Function::pow:
        return power(x[0], x[1]);
      case Function::logical_and:
      case Function::logical_or:
        return both(function, x[0], x[1]);
      case Function::logical_not:
        return inverse(x[0]);
      case Function::select:
        return selection(x[0], x[1], x[2]);
      case Function::min:
      case Function::max:
        return x[0] == x[1] ? x[0] : ExprId{};
      case Function::stop_gradient:
        return is_call(x[0], function) ? x[0] : ExprId{};
      default:
        break;
    }
    if (info(function).kind == FunctionClass::comparison && x[0] == x[1] && !is_float_node(x[0]))
      return b.boolean(function == Function::equal || function == Function::less_equal ||
                       function == Function::greater_equal);
    return {};
  }

  ExprId sum(ExprId x, ExprId y) {
    const double zero = is_float_node(x) ? -0.0 : 0.0;
    if (is_number(y, zero)) return x;  // x + -0 -> x
    if (is_number(x, zero)) return y;
    if (x == y || is_commuted(x, y)) return apply(Function::mul, {b.integer(2, b.type(x)), x});
    if (is_call(y, Function::neg)) return apply(Function::sub, {x, operand(y)});  // x + -y -> x - y
    if (is_call(x, Function::neg)) return apply(Function::sub, {y, operand(x)});  // -x + y -> y - x
    return {};
  }

  /// a + b and b + a, a * b and b * a
  bool is_commuted(ExprId x, ExprId y) const {
    const Expr &left = node(x), &right = node(y);
    return left.kind == ExprKind::apply && right.kind == ExprKind::apply &&
           left.function == right.function &&
           (left.function == Function::add || left.function == Function::mul) &&
           left.args[0] == right.args[1] && left.args[1] == right.args[0];
  }

  ExprId difference(ExprId x, ExprId y) {
    if (is_number(y, 0)) return x;  // x - 0 -> x
    if (is_number(x, is_float_node(x) ? -0.0 : 0.0)) return apply(Function::neg, {y});
    if (is_call(y, Function::neg)) return apply(Function::add, {x, operand(y)});  // x - -y -> x + y
    return {};
  }

  ExprId product(ExprId x, ExprId y) {
    if (is_number(y, 1)) return x;  // x * 1 -> x
    if (is_number(x, 1)) return y;
    if (is_number(y, -1)) return apply(Function::neg, {x});  // x * -1 -> -x
    if (is_number(x, -1)) return apply(Function::neg, {y});
    if (!is_float_node(x) && is_number(x, 0)) return x;
    if (!is_float_node(x) && is_number(y, 0)) return y;
    if (is_call(x, Function::neg) && is_call(y, Function::neg))
      return apply(Function::mul, {operand(x), operand(y)});  // -x * -y -> x * y
    return {};
  }

  ExprId quotient(ExprId x, ExprId y) {
    if (is_number(y, 1)) return x;                           // x / 1 -> x
    if (is_number(y, -1)) return apply(Function::neg, {x});  // x / -1 -> -x
    if (is_float_node(x) && is_call(x, Function::neg) && is_call(y, Function::neg))
      return apply(Function::div, {operand(x), operand(y)});  // -x / -y -> x / y
    // x / f32(y) -> x * f32(1 / y), as close to the quotient: scalars of the optimizer are f64.
    if (node(y).kind == ExprKind::convert && b.type(y) == DType::f32 &&
        b.type(operand(y)) == DType::f64) {
      const ExprId one = b.number(1, DType::f64);
      const ExprId inverse = apply(Function::div, {one, operand(y)});
      return apply(Function::mul, {x, b.convert(inverse, DType::f32)});
    }
    return {};
  }

  ExprId negative(ExprId x) {
    if (is_call(x, Function::neg)) return operand(x);  // --x -> x
    const bool is_ratio = is_call(x, Function::div) && is_float_node(x);
    if (!is_ratio && !is_call(x, Function::mul)) return {};
    const ExprId left = operand(x, 0), right = operand(x, 1);
    const Function function = node(x).function;
    if (is_call(left, Function::neg))
      return apply(function, {operand(left), right});  // -(-x * y) -> x * y
    if (is_call(right, Function::neg)) return apply(function, {left, operand(right)});
    if (is_constant(left))  // -(c * x) -> -c * x
      return apply(function, {apply(Function::neg, {left}), right});
    if (is_constant(right)) return apply(function, {left, apply(Function::neg, {right})});
    return {};
  }

  ExprId power(ExprId x, ExprId y) {
    if (is_number(y, 0)) return is_float_node(x) ? b.number(1, b.type(x)) : b.integer(1, b.type(x));
    if (is_number(y, 1)) return x;                             // x ^ 1 -> x
    if (is_number(y, 2)) return apply(Function::mul, {x, x});  // x ^ 2 -> x * x
    if (is_number(y, -1) && is_float_node(x))
      return apply(Function::div, {b.constant_like(x, 1), x});  // x ^ -1 -> 1 / x
    return {};
  }

  /// `and`, `or`: a constant decides or drops out.
  ExprId both(Function function, ExprId x, ExprId y) {
    const double deciding = function == Function::logical_or;
    if (x == y || is_number(x, deciding)) return x;
    if (is_number(y, deciding)) return y;
    if (is_constant(x)) return y;
    if (is_constant(y)) return x;
    return {};
  }

  ExprId inverse(ExprId x) {
    if (is_call(x, Function::logical_not)) return operand(x);
    const auto turned = [&](Function function) {
      return apply(function, {operand(x, 0), operand(x, 1)});
    };
    if (is_call(x, Function::equal)) return turned(Function::not_equal);
    if (is_call(x, Function::not_equal)) return turned(Function::equal);
    // not (a < b) is not a >= b where one of them is NaN.
    if (node(x).kind != ExprKind::apply || is_float_node(operand(x))) return {};
    if (is_call(x, Function::less)) return turned(Function::greater_equal);
    if (is_call(x, Function::less_equal)) return turned(Function::greater);
    if (is_call(x, Function::greater)) return turned(Function::less_equal);
    if (is_call(x, Function::greater_equal)) return turned(Function::less);
    return {};
  }

  ExprId selection(ExprId c, ExprId x, ExprId y) {
    if (is_constant(c)) return node(c).integer != 0 ? x : y;
    if (x == y) return x;
    if (is_call(c, Function::logical_not))
      return apply(Function::select, {operand(c), y, x});  // if not c then x else y
    if (is_call(x, Function::select) && operand(x) == c)   // the inner choice is made already
      return apply(Function::select, {c, operand(x, 1), y});
    if (is_call(y, Function::select) && operand(y) == c)
      return apply(Function::select, {c, x, operand(y, 2)});
    if (b.type(x) == DType::boolean && is_number(x, 1) && is_number(y, 0)) return c;
    if (b.type(x) == DType::boolean && is_number(x, 0) && is_number(y, 1))
      return apply(Function::logical_not, {c});
    return {};
  }

  ExprBuilder& b;
};

}  // namespace

ExprId apply_simplified(ExprBuilder& builder, Function function, std::vector<ExprId> args) {
  return Rules(builder).apply(function, args);
}

ExprId convert_simplified(ExprBuilder& builder, ExprId value, DType type) {
  return Rules(builder).convert(value, type);
}

bool is_zero(const ExprDag& dag, ExprId node) {
  const Expr& expr = dag[node];
  return expr.kind == ExprKind::constant && expr.number == 0 && expr.integer == 0;
}

bool is_positive_zero(const ExprDag& dag, ExprId node) {
  return is_zero(dag, node) && !std::signbit(dag[node].number);
}

std::optional<Affine> affine_of(const ExprDag& dag, ExprId node) {
  if (const auto leaf = affine_leaf(dag[node])) return leaf;
  return affine_application(dag[node], [&](ExprId arg) { return affine_of(dag, arg); });
}

std::optional<Affine> affine_leaf(const Expr& expr) {
  if (expr.kind == ExprKind::constant && !is_float(expr.type))
    return Affine::of_constant(expr.integer);
  if (expr.kind == ExprKind::index) return Affine::of(expr.index);
  if (expr.kind != ExprKind::batch) return std::nullopt;
  Affine batch;
  batch.batch = 1;
  return batch;
}

std::optional<Affine> affine_application(
    const Expr& expr, const std::function<std::optional<Affine>(ExprId)>& value_of) {
  if (expr.kind != ExprKind::apply || expr.type != DType::i64 || expr.args.size() > 2)
    return std::nullopt;
  const auto x = value_of(expr.args[0]);
  const auto y = value_of(expr.args.back());
  if (!x || !y || is_huge(*x) || is_huge(*y)) return std::nullopt;
  const auto is_number = [](const Affine& a) { return a.is_constant() && a.batch == 0; };
  switch (expr.function) {
    case Function::neg:
      return Affine().add(*x, -1);
    case Function::add:
      return Affine(*x).add(*y);
    case Function::sub:
      return Affine(*x).add(*y, -1);
    case Function::mul:
      if (is_number(*x)) return Affine().add(*y, x->constant);
      if (is_number(*y)) return Affine().add(*x, y->constant);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_huge(const Affine& affine) {
  const auto huge = [](int64_t number) { return number > (1 << 30) || number < -(1 << 30); };
  return huge(affine.constant) || huge(affine.batch) ||
         std::any_of(affine.terms.begin(), affine.terms.end(),
                     [&](const Affine::Term& term) { return huge(term.coefficient); });
}

ExprId rewrite(const ExprDag& from, ExprId root, ExprBuilder& to, const RewriteLeaf& leaf,
               const RewriteApplication& application) {
  return copy_expr(from, root, [&](Expr expr) {
    switch (expr.kind) {
      case ExprKind::constant:
        return to.node(std::move(expr));
      case ExprKind::index:
      case ExprKind::batch:
      case ExprKind::read:
        return leaf(std::move(expr));
      case ExprKind::apply:
        break;
      case ExprKind::convert:
        return convert_simplified(to, expr.args[0], expr.type);
    }
    const ExprId copy = apply_simplified(to, expr.function, std::move(expr.args));
    return application ? application(copy) : copy;
  });
}

}  // namespace netc
