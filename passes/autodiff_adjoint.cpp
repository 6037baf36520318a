// Reverse mode over a DAG: from the root down, each node hands its adjoint to its operands by the
// derivatives of the table of functions.
//
// Adjoints carry the conditions under which they count beside their value, and a select is made of
// them only at the end. A derivative that is NaN or infinite on the side that was not taken would
// otherwise turn that side's 0 into NaN.
#include "passes/autodiff_adjoint.h"

#include <algorithm>
#include <optional>

#include "ir/support/check.h"
#include "passes/algebra.h"

namespace netc {

namespace {

struct Literal {
  ExprId condition;
  bool holds = true;
  friend bool operator==(const Literal&, const Literal&) = default;
};

/// `value` where all literals are true, 0 elsewhere.
struct Guarded {
  std::vector<Literal> guard;
  ExprId value;
};

class ReverseSweep {
 public:
  ReverseSweep(const Graph& graph, ExprDag& dag, const std::vector<Index>& indices,
               const std::function<bool(ValueId)>& wanted)
      : graph_(graph), b(dag), indices_(indices), wanted_(wanted) {}

  std::vector<ReadAdjoint> run(const AdjointSeed& seed) {
    const std::vector<ExprId> nodes = reachable(b.dag(), seed.root);
    find_active(nodes);
    if (!active_[seed.root.index]) return {};
    adjoints_.resize(active_.size());
    Guarded start{{}, seed.adjoint};
    if (seed.condition.valid()) start.guard.push_back({seed.condition, true});
    adjoints_[seed.root.index] = start;

    std::vector<ReadAdjoint> found;
    for (size_t i = nodes.size(); i-- > 0;) {
      if (!adjoints_[nodes[i].index]) continue;
      const Guarded adjoint = *adjoints_[nodes[i].index];
      const Expr expr = b.dag()[nodes[i]];
      if (expr.kind == ExprKind::apply) {
        const bool named = nodes[i] == seed.root && seed.result.valid();
        through_function(expr, named ? seed.result : nodes[i], adjoint);
      } else if (expr.kind == ExprKind::convert) {
        const DType type = b.type(expr.args[0]);
        add(expr.args[0], {adjoint.guard, convert_simplified(b, adjoint.value, type)});
      } else if (expr.kind == ExprKind::read) {
        if (wanted_(expr.tensor)) found.push_back({nodes[i], selected(adjoint)});
        if (expr.otherwise.valid() && active_[expr.otherwise.index])
          add(expr.otherwise, also(adjoint, {inside(expr), false}));
      }
    }
    std::reverse(found.begin(), found.end());  // in the order of the reads
    return found;
  }

 private:
  /// A node is active when a wanted read can be reached through derivatives.
  void find_active(const std::vector<ExprId>& nodes) {
    active_.assign(b.dag().size(), false);
    for (const ExprId node : nodes) {
      const Expr& expr = b.dag()[node];
      if (!is_float(expr.type)) continue;
      bool active = false;
      if (expr.kind == ExprKind::read)
        active = wanted_(expr.tensor) || (expr.otherwise.valid() && active_[expr.otherwise.index]);
      if (expr.kind == ExprKind::convert) active = active_[expr.args[0].index];
      if (expr.kind == ExprKind::apply && info(expr.function).derivative != nullptr)
        for (const ExprId arg : expr.args) active = active || active_[arg.index];
      active_[node.index] = active;
    }
  }

  void through_function(const Expr& expr, ExprId result, const Guarded& adjoint) {
    if (info(expr.function).kind == FunctionClass::selection) {
      add(expr.args[1], also(adjoint, {expr.args[0], true}));
      add(expr.args[2], also(adjoint, {expr.args[0], false}));
      return;
    }
    for (int k = 0; k < info(expr.function).arity; ++k) {
      if (!active_[expr.args[k].index]) continue;
      const ExprId slope = info(expr.function).derivative(b, expr.args, result, k, adjoint.value);
      if (slope.valid()) add(expr.args[k], with_guard_taken_out({adjoint.guard, slope}));
    }
  }

  void add(ExprId node, Guarded part) {
    if (!active_[node.index]) return;
    std::optional<Guarded>& sum = adjoints_[node.index];
    sum = sum ? added(*sum, part) : part;
  }

  static Guarded also(Guarded adjoint, Literal literal) {
    if (std::find(adjoint.guard.begin(), adjoint.guard.end(), literal) == adjoint.guard.end())
      adjoint.guard.push_back(literal);
    return adjoint;
  }

  /// Derivatives such as maximum's are selects themselves: their conditions join the guard.
  Guarded with_guard_taken_out(Guarded adjoint) {
    while (true) {
      const Expr expr = b.dag()[adjoint.value];
      if (expr.kind != ExprKind::apply || expr.function != Function::select) return adjoint;
      const ExprId condition = expr.args[0], yes = expr.args[1], no = expr.args[2];
      if (is_zero(b.dag(), no)) {
        adjoint.value = yes;
        adjoint = also(adjoint, {condition, true});
      } else if (is_zero(b.dag(), yes)) {
        adjoint.value = no;
        adjoint = also(adjoint, {condition, false});
      } else if (const Expr inner = b.dag()[no];  // if c then x else (if d then y else 0)
                 inner.kind == ExprKind::apply && inner.function == Function::select &&
                 is_zero(b.dag(), inner.args[2])) {
        adjoint.value = b.select(condition, yes, inner.args[1]);
        return also(adjoint, {either(condition, inner.args[0]), true});
      } else {
        return adjoint;
      }
    }
  }

  /// The sum of two, which counts where one of them does.
  Guarded added(const Guarded& x, const Guarded& y) {
    size_t common = 0;
    while (common < x.guard.size() && common < y.guard.size() && x.guard[common] == y.guard[common])
      ++common;
    const auto rest_of = [common](const Guarded& all) {
      return Guarded{{all.guard.begin() + common, all.guard.end()}, all.value};
    };
    const Guarded left = rest_of(x), right = rest_of(y);
    Guarded sum{{x.guard.begin(), x.guard.begin() + common}, {}};
    const bool one_each = left.guard.size() == 1 && right.guard.size() == 1;
    if (one_each && left.guard[0].condition == right.guard[0].condition) {
      // x where c holds, y where it does not: one of both, everywhere.
      const bool first = left.guard[0].holds;
      sum.value = b.select(left.guard[0].condition, first ? left.value : right.value,
                           first ? right.value : left.value);
      return sum;
    }
    sum.value = b.add(selected(left), selected(right));
    if (!left.guard.empty() && !right.guard.empty())
      sum.guard.push_back({either(all_of(left.guard), all_of(right.guard)), true});
    return sum;
  }

  ExprId either(ExprId x, ExprId y) { return apply_simplified(b, Function::logical_or, {x, y}); }

  ExprId all_of(const std::vector<Literal>& guard) {
    ExprId all = b.boolean(true);
    for (const Literal& literal : guard) {
      const ExprId one = literal.holds
                             ? literal.condition
                             : apply_simplified(b, Function::logical_not, {literal.condition});
      all = apply_simplified(b, Function::logical_and, {all, one});
    }
    return all;
  }

  ExprId selected(const Guarded& adjoint) {
    const ExprId zero = b.constant_like(adjoint.value, 0);
    if (adjoint.guard.size() == 1 && !adjoint.guard[0].holds)
      return apply_simplified(b, Function::select,
                              {adjoint.guard[0].condition, zero, adjoint.value});
    return apply_simplified(b, Function::select, {all_of(adjoint.guard), adjoint.value, zero});
  }

  /// Whether every subscript of a read is in bounds.
  ExprId inside(const Expr& read) {
    ExprId all = b.boolean(true);
    const auto require = [&](Function function, ExprId x, ExprId y) {
      all = apply_simplified(b, Function::logical_and, {all, b.apply(function, {x, y})});
    };
    const TensorType& type = graph_[read.tensor].type;
    for (size_t d = 0; d < read.subscripts.size(); ++d) {
      const Subscript& subscript = read.subscripts[d];
      const Dim size = type.dims[d];
      if (!subscript.data.valid() && within(subscript.affine, indices_, size)) continue;
      ExprId position = b.affine(subscript.affine);
      if (subscript.data.valid())
        position =
            apply_simplified(b, Function::add, {position, b.convert(subscript.data, DType::i64)});
      Affine end;
      (size.batch ? end.batch : end.constant) = size.factor;
      require(Function::less_equal, b.integer(0, DType::i64), position);
      require(Function::less, position, b.affine(end));
    }
    return all;
  }

  const Graph& graph_;
  ExprBuilder b;
  const std::vector<Index>& indices_;
  const std::function<bool(ValueId)>& wanted_;
  std::vector<bool> active_;                      ///< by node of the original expression
  std::vector<std::optional<Guarded>> adjoints_;  ///< by node of the original expression
};

}  // namespace

std::vector<ReadAdjoint> adjoints_of_reads(const Graph& graph, ExprDag& dag,
                                           const std::vector<Index>& indices,
                                           const AdjointSeed& seed,
                                           const std::function<bool(ValueId)>& wanted) {
  return ReverseSweep(graph, dag, indices, wanted).run(seed);
}

}  // namespace netc
