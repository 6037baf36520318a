#include "passes/vanishing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "passes/algebra.h"

namespace netc {

namespace {

/// Where both are.
Region both(Region a, const Region& b) {
  a.nowhere |= b.nowhere;
  for (const Affine& condition : b.where)
    if (std::find(a.where.begin(), a.where.end(), condition) == a.where.end())
      a.where.push_back(condition);
  return a;
}

/// Where either is, as far as one list of conditions can say.
Region either(const Region& a, const Region& b) {
  if (a.nowhere) return b;
  if (b.nowhere) return a;
  Region result;
  for (const Affine& condition : a.where)
    if (std::find(b.where.begin(), b.where.end(), condition) != b.where.end())
      result.where.push_back(condition);
  return result;
}

/// Where a comparison of affine values holds, and where it does not.
struct Decision {
  Region yes, no;
};

Decision decision(const ExprDag& dag, ExprId node) {
  const Expr& expr = dag[node];
  if (expr.kind != ExprKind::apply || expr.args.size() != 2) return {};
  const auto x = affine_of(dag, expr.args[0]), y = affine_of(dag, expr.args[1]);
  if (!x || !y) return {};
  // What is at least a number of a difference is not negative.
  const auto at_least = [](const Affine& a, const Affine& b, int64_t number) {
    Affine difference = Affine(a).add(b, -1);
    difference.constant -= number;
    return Region{false, {difference}};
  };
  switch (expr.function) {
    case Function::less:
      return {at_least(*y, *x, 1), at_least(*x, *y, 0)};
    case Function::less_equal:
      return {at_least(*y, *x, 0), at_least(*x, *y, 1)};
    case Function::greater:
      return {at_least(*x, *y, 1), at_least(*y, *x, 0)};
    case Function::greater_equal:
      return {at_least(*x, *y, 0), at_least(*y, *x, 1)};
    default:
      return {};
  }
}

/// Where `if decision then a else b` is, by where each of them is.
Region chosen(const Decision& decision, const Region& a, const Region& b) {
  return either(both(decision.yes, a), both(decision.no, b));
}

bool is_positive(const ExprDag& dag, ExprId node) {
  const Expr& expr = dag[node];
  return expr.kind == ExprKind::constant && is_float(expr.type) && expr.number > 0;
}

/// Conditions on the dimensions of a tensor as conditions on the indices that it is read at.
Region at_subscripts(const Region& region, const std::vector<Subscript>& subscripts) {
  Region result{region.nowhere, {}};
  for (const Affine& condition : region.where) {
    const bool known = std::none_of(
        condition.terms.begin(), condition.terms.end(),
        [&](const Affine::Term& term) { return subscripts[term.index.index].data.valid(); });
    if (known)
      result.where.push_back(condition.reindexed(
          [&](IndexId dimension) { return subscripts[dimension.index].affine; }));
  }
  return result;
}

/// Conditions on indices as conditions on the dimensions of a tensor that is read at them.
Region at_dimensions(const Region& region, const std::vector<Subscript>& subscripts) {
  const auto dimension = [&](IndexId index) {
    for (uint32_t d = 0; d < subscripts.size(); ++d)
      if (!subscripts[d].data.valid() && subscripts[d].affine.single() == index) return IndexId{d};
    return IndexId{};
  };
  Region result{region.nowhere, {}};
  for (const Affine& condition : region.where)
    if (std::all_of(condition.terms.begin(), condition.terms.end(),
                    [&](const Affine::Term& term) { return dimension(term.index).valid(); }))
      result.where.push_back(
          condition.reindexed([&](IndexId index) { return Affine::of(dimension(index)); }));
  return result;
}

/// Elements are stored where their indices say.
bool is_plain(const Op& op) {
  const auto* definition = std::get_if<Definition>(&op.what);
  return definition && !definition->accumulate && definition->has_identity_target() && !op.scan;
}

}  // namespace

Vanishing::Vanishing(const Graph& graph)
    : graph_(graph),
      facts_(graph.values.size()),
      chosen_(graph.values.size(), Region{true, {}}),
      counted_(graph.values.size(), Region{true, {}}) {
  find_facts();
  find_needed();
}

std::vector<Affine> Vanishing::conditions(const Nest& nest, const Stage& stage) const {
  const auto facts = [&] {
    return facts_of(nest.dag, reachable(nest.dag, stage.body)).at(stage.body.index);
  };
  switch (stage.reduction) {
    case Reduction::sum:
      return both(counted_[stage.value.index], facts().not_zero).where;
    case Reduction::max:
      return facts().above_minus_infinity.where;
    default:
      return {};
  }
}

/// By node; of those that are asked for, operands first.
std::vector<Vanishing::Facts> Vanishing::facts_of(const ExprDag& dag,
                                                  const std::vector<ExprId>& nodes) const {
  std::vector<Facts> facts(dag.size());
  for (const ExprId node : nodes) {
    const Expr& expr = dag[node];
    Facts& result = facts[node.index];
    const auto arg = [&](size_t k) -> const Facts& { return facts[expr.args[k].index]; };
    if (expr.kind == ExprKind::constant) {
      result.not_zero.nowhere = is_zero(dag, node);
      result.above_minus_infinity.nowhere =
          is_float(expr.type) && expr.number == -std::numeric_limits<double>::infinity();
    }
    if (expr.kind == ExprKind::read) result = read(dag, expr);
    if (expr.kind == ExprKind::convert) result = arg(0);
    if (expr.kind != ExprKind::apply) continue;
    switch (expr.function) {
      case Function::mul:
        result.not_zero = both(arg(0).not_zero, arg(1).not_zero);
        for (const size_t k : {0, 1})
          if (is_positive(dag, expr.args[1 - k]))
            result.above_minus_infinity = arg(k).above_minus_infinity;
        break;
      case Function::div:
        result.not_zero = arg(0).not_zero;
        break;
      case Function::add:
        result.not_zero = either(arg(0).not_zero, arg(1).not_zero);
        result.above_minus_infinity =
            both(arg(0).above_minus_infinity, arg(1).above_minus_infinity);
        break;
      case Function::sub:
        result.not_zero = either(arg(0).not_zero, arg(1).not_zero);
        result.above_minus_infinity = arg(0).above_minus_infinity;
        break;
      case Function::neg:
        result.not_zero = arg(0).not_zero;
        break;
      case Function::exp:
      case Function::sigmoid:
        result.not_zero = arg(0).above_minus_infinity;
        break;
      case Function::select: {
        const Decision is_first = decision(dag, expr.args[0]);
        result.not_zero = chosen(is_first, arg(1).not_zero, arg(2).not_zero);
        result.above_minus_infinity =
            chosen(is_first, arg(1).above_minus_infinity, arg(2).above_minus_infinity);
        break;
      }
      default:
        break;
    }
  }
  return facts;
}

Vanishing::Facts Vanishing::read(const ExprDag& dag, const Expr& expr) const {
  const Facts& tensor = facts_[expr.tensor.index];
  Facts result;
  if (!expr.otherwise || is_zero(dag, expr.otherwise))
    result.not_zero = at_subscripts(tensor.not_zero, expr.subscripts);
  if (!expr.otherwise)
    result.above_minus_infinity = at_subscripts(tensor.above_minus_infinity, expr.subscripts);
  return result;
}

void Vanishing::find_facts() {
  for (const Op& op : graph_.ops) {
    if (!is_plain(op)) continue;
    const auto& definition = std::get<Definition>(op.what);
    if (definition.reduction != Reduction::none) continue;
    facts_[op.results[0].index] =
        facts_of(definition.dag, reachable(definition.dag, definition.body))[definition.body.index];
  }
}

void Vanishing::find_needed() {
  for (const GraphResult& result : graph_.results)
    chosen_[result.value.index] = counted_[result.value.index] = {};
  for (size_t k = graph_.ops.size(); k-- > 0;) need_operands(graph_.ops[k]);
}

void Vanishing::need_operands(const Op& op) {
  if (!is_plain(op)) {
    for (const ValueId operand : operands(op))
      chosen_[operand.index] = counted_[operand.index] = {};
    return;
  }
  const auto& definition = std::get<Definition>(op.what);
  const ExprDag& dag = definition.dag;
  const std::vector<ExprId> nodes = reachable(definition);
  const std::vector<Facts> facts = facts_of(dag, nodes);
  std::vector<Region> chosen(dag.size(), Region{true, {}});
  const auto choose = [&](ExprId node, const Region& region) {
    if (node) chosen[node.index] = either(chosen[node.index], region);
  };
  Region here = chosen_[op.results[0].index];
  here.nowhere = false;
  choose(definition.body, here);
  choose(definition.base, here);
  for (size_t k = nodes.size(); k-- > 0;) {
    const Expr& expr = dag[nodes[k]];
    here = chosen[nodes[k].index];
    if (expr.kind == ExprKind::read) {
      const Region region = at_dimensions(here, expr.subscripts);
      chosen_[expr.tensor.index] = either(chosen_[expr.tensor.index], region);
      counted_[expr.tensor.index] = either(counted_[expr.tensor.index], region);
      choose(expr.otherwise, {});
      for (const Subscript& subscript : expr.subscripts) choose(subscript.data, {});
    }
    const bool is_product = expr.kind == ExprKind::apply && expr.function == Function::mul;
    const bool is_choice = expr.kind == ExprKind::apply && expr.function == Function::select;
    const Decision is_first = is_choice ? decision(dag, expr.args[0]) : Decision{};
    for (size_t a = 0; a < expr.args.size(); ++a) {
      const Expr& arg = dag[expr.args[a]];
      if (is_product && arg.is_plain_read())
        need_factor(arg, here, facts[expr.args[1 - a].index].not_zero);
      else if (is_choice && a > 0)
        choose(expr.args[a], both(here, a == 1 ? is_first.yes : is_first.no));
      else
        choose(expr.args[a], here);
    }
  }
}

/// A tensor that is read in a product, which counts where the other factor is not zero.
void Vanishing::need_factor(const Expr& read, const Region& chosen, const Region& not_zero) {
  Region& of_chosen = chosen_[read.tensor.index];
  Region& of_counted = counted_[read.tensor.index];
  of_chosen = either(of_chosen, at_dimensions(chosen, read.subscripts));
  of_counted = either(of_counted, at_dimensions(both(chosen, not_zero), read.subscripts));
}

}  // namespace netc
