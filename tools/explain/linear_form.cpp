// Backpropagation is linear: every gradient is a sum of gradients times factors that the forward
// pass has fixed. Here the factors are taken out of an expression, one rule for each operation:
//
//   g             ->  1 * g
//   -a, a +- b    ->  the terms, negated or joined
//   a * c, a / c  ->  factor * c, factor / c                    c reads no gradient
//   if c then a else b  ->  (if c then factor of a else factor of b), 0 on the side that lacks g
#include "tools/explain/linear_form.h"

#include <algorithm>

#include "passes/algebra.h"

namespace netc::explain {

namespace {

using Terms = std::vector<LinearTerm>;

class LinearForm {
 public:
  LinearForm(ExprDag& dag, const std::function<bool(ValueId)>& is_gradient)
      : dag_(dag), b_(dag), is_gradient_(is_gradient) {}

  std::optional<Terms> of(ExprId root) {
    const Expr expr = dag_[root];
    if (!reads_gradient(root)) return is_zero(dag_, root) ? std::optional(Terms{}) : std::nullopt;
    switch (expr.kind) {
      case ExprKind::read:
        return of_read(root, expr);
      case ExprKind::convert:
        return scaled(of(expr.args[0]),
                      [&](ExprId f) { return convert_simplified(b_, f, expr.type); });
      case ExprKind::apply:
        return of_application(expr);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<Terms> of_read(ExprId root, const Expr& expr) {
    for (const Subscript& subscript : expr.subscripts)
      if (subscript.data.valid() && reads_gradient(subscript.data)) return std::nullopt;
    if (!is_gradient_(expr.tensor)) return std::nullopt;
    if (expr.otherwise.valid() && !is_zero(dag_, expr.otherwise)) return std::nullopt;
    return Terms{{root, b_.number(1, expr.type)}};
  }

  std::optional<Terms> of_application(const Expr& expr) {
    const std::vector<ExprId>& x = expr.args;
    const auto negated = [&](ExprId f) { return apply_simplified(b_, Function::neg, {f}); };
    switch (expr.function) {
      case Function::neg:
        return scaled(of(x[0]), negated);
      case Function::add:
        return joined(of(x[0]), of(x[1]));
      case Function::sub:
        return joined(of(x[0]), scaled(of(x[1]), negated));
      case Function::mul: {
        const size_t k = reads_gradient(x[0]) ? 0 : 1;
        if (reads_gradient(x[1 - k])) return std::nullopt;
        return scaled(of(x[k]), [&](ExprId f) {
          return apply_simplified(b_, Function::mul, {f, x[1 - k]});
        });
      }
      case Function::div:
        if (reads_gradient(x[1])) return std::nullopt;
        return scaled(of(x[0]), [&](ExprId f) {
          return apply_simplified(b_, Function::div, {f, x[1]});
        });
      case Function::select:
        return reads_gradient(x[0]) ? std::nullopt : selected(x[0], of(x[1]), of(x[2]));
      default:
        return std::nullopt;
    }
  }

  template <typename Change>
  std::optional<Terms> scaled(std::optional<Terms> terms, Change change) {
    if (terms)
      for (LinearTerm& term : *terms) term.factor = change(term.factor);
    return terms;
  }

  std::optional<Terms> joined(std::optional<Terms> a, std::optional<Terms> b) {
    if (!a || !b) return std::nullopt;
    for (const LinearTerm& term : *b) {
      LinearTerm* same = find(*a, term.incoming);
      if (same)
        same->factor = apply_simplified(b_, Function::add, {same->factor, term.factor});
      else
        a->push_back(term);
    }
    return a;
  }

  std::optional<Terms> selected(ExprId condition, std::optional<Terms> a, std::optional<Terms> b) {
    if (!a || !b) return std::nullopt;
    Terms terms;
    const auto zero = [&](ExprId like) { return b_.constant_like(like, 0); };
    for (const LinearTerm& term : *a) {
      const LinearTerm* other = find(*b, term.incoming);
      const ExprId otherwise = other ? other->factor : zero(term.factor);
      terms.push_back({term.incoming, apply_simplified(b_, Function::select,
                                                       {condition, term.factor, otherwise})});
    }
    for (const LinearTerm& term : *b)
      if (!find(*a, term.incoming))
        terms.push_back(
            {term.incoming,
             apply_simplified(b_, Function::select, {condition, zero(term.factor), term.factor})});
    return terms;
  }

  static LinearTerm* find(Terms& terms, ExprId incoming) {
    const auto found = std::find_if(terms.begin(), terms.end(), [&](const LinearTerm& term) {
      return term.incoming == incoming;
    });
    return found == terms.end() ? nullptr : &*found;
  }

  bool reads_gradient(ExprId root) {
    if (known_.size() < dag_.size()) known_.resize(dag_.size(), -1);
    if (known_[root.index] >= 0) return known_[root.index] == 1;
    bool reads = false;
    for (const ExprId node : reachable(dag_, root)) {
      const Expr& expr = dag_[node];
      reads = reads || (expr.kind == ExprKind::read && is_gradient_(expr.tensor));
    }
    known_[root.index] = reads;
    return reads;
  }

  ExprDag& dag_;
  ExprBuilder b_;
  const std::function<bool(ValueId)>& is_gradient_;
  std::vector<int8_t> known_;  ///< by node: whether it reads a gradient; -1: not asked yet
};

}  // namespace

std::optional<std::vector<LinearTerm>> linear_form(
    ExprDag& dag, ExprId root, const std::function<bool(ValueId)>& is_gradient) {
  return LinearForm(dag, is_gradient).of(root);
}

}  // namespace netc::explain
