// One sweep over the expression, with three facts about each node at points where k is out of its
// range: it is 0; it is finite if tensors are; it is the same as where k is in range.
#include "passes/autodiff_vanish.h"

#include <algorithm>
#include <cmath>

#include "passes/algebra.h"

namespace netc {

namespace {

/// Whether a function is finite around 0, as exp is and log is not.
bool is_finite_around_0(Function function) {
  const FunctionInfo& row = info(function);
  if (row.evaluate == nullptr || row.arity > 2) return true;
  for (const double x : {-1.0, 0.0, 1.0})
    for (const double y : {-1.0, 0.0, 1.0}) {
      const double args[] = {x, y};
      if (!std::isfinite(row.evaluate(args))) return false;
    }
  return true;
}

bool is_outside_with(const Graph& graph, const ExprDag& dag, const Expr& read, IndexId k,
                     Dim extent) {
  if (read.otherwise.valid() && !is_zero(dag, read.otherwise)) return false;
  const TensorType& type = graph[read.tensor].type;
  for (size_t d = 0; d < read.subscripts.size(); ++d)
    if (!read.subscripts[d].data.valid() && read.subscripts[d].affine.single() == k &&
        type.dims[d] == extent)
      return true;
  return false;
}

struct Facts {
  bool zero = false;
  bool finite = false;
  bool fixed = false;
};

class Outside {
 public:
  Outside(const Graph& graph, const ExprDag& dag, IndexId k, Dim extent)
      : graph_(graph), dag_(dag), k_(k), extent_(extent), facts_(dag.size()) {}

  bool is_zero_at(ExprId root) {
    for (const ExprId node : reachable(dag_, root)) facts_[node.index] = of(node);
    return facts_[root.index].zero;
  }

 private:
  Facts of(ExprId node) const {
    const Expr& e = dag_[node];
    const bool fixed = is_fixed(e);
    switch (e.kind) {
      case ExprKind::constant:
        return {is_zero(dag_, node), std::isfinite(e.number), true};
      case ExprKind::index:
      case ExprKind::batch:
        return {false, true, fixed};
      case ExprKind::read:
        return {is_outside_with(graph_, dag_, e, k_, extent_), true, fixed};
      case ExprKind::convert:
        return {operand(e, 0).zero, operand(e, 0).finite, fixed};
      case ExprKind::apply:
        break;
    }
    return {is_zero_application(e), fixed || is_finite_application(e), fixed};
  }

  const Facts& operand(const Expr& e, size_t i) const { return facts_[e.args[i].index]; }

  bool is_fixed(const Expr& e) const {
    if (e.kind == ExprKind::index) return e.index != k_;
    for (const ExprId arg : e.args)
      if (!facts_[arg.index].fixed) return false;
    if (e.otherwise.valid() && !facts_[e.otherwise.index].fixed) return false;
    return std::all_of(e.subscripts.begin(), e.subscripts.end(), [this](const Subscript& s) {
      return (!s.data.valid() || facts_[s.data.index].fixed) && s.affine.coefficient(k_) == 0;
    });
  }

  bool is_finite_application(const Expr& e) const {
    // What is the same in range would spoil the sum there as well.
    if (e.function == Function::div) return operand(e, 0).finite && operand(e, 1).fixed;
    return is_finite_around_0(e.function) &&
           std::all_of(e.args.begin(), e.args.end(),
                       [this](ExprId arg) { return facts_[arg.index].finite; });
  }

  bool is_zero_application(const Expr& e) const {
    switch (e.function) {
      case Function::neg:
        return operand(e, 0).zero;
      case Function::add:
      case Function::sub:
        return operand(e, 0).zero && operand(e, 1).zero;
      case Function::mul:
        return (operand(e, 0).zero && operand(e, 1).finite) ||
               (operand(e, 1).zero && operand(e, 0).finite);
      case Function::div:
        return operand(e, 0).zero && operand(e, 1).fixed;
      case Function::select:
        return operand(e, 1).zero && operand(e, 2).zero;
      default:
        return false;
    }
  }

  const Graph& graph_;
  const ExprDag& dag_;
  IndexId k_;
  Dim extent_;
  std::vector<Facts> facts_;  ///< by node
};

}  // namespace

bool vanishes_outside(const Graph& graph, const ExprDag& dag, ExprId value,
                      const std::vector<Index>& indices, IndexId k) {
  return Outside(graph, dag, k, indices[k.index].extent).is_zero_at(value);
}

}  // namespace netc
