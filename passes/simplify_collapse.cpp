// The gradient of a gather is a map that selects one place of each row; sums over such rows come
// down to the element that was gathered.
//
// 1. A sum of a map's elements, negated or not, is looked at with the map's expression in place.
// 2. Its body must be a selection by `c == t`, alone or among other conditions, of an a or 0.
// 3. Wherever c stands, t takes its place: affine as it is, an element of a tensor as a gather.
#include "passes/simplify_collapse.h"

#include <algorithm>

#include "passes/algebra.h"

namespace netc {

namespace {

/// -...-x of a sum's body: x, and whether the signs turn it.
ExprId without_signs(const ExprDag& dag, ExprId node, bool& negative) {
  for (; dag[node].is_call(Function::neg); node = dag[node].args[0]) negative = !negative;
  return node;
}

/// The definition with the map that it sums in place of the read, if that map is a selection.
std::optional<Definition> with_selection_in_place(const Definition& sum,
                                                  const KnownTensors& known) {
  bool negative = false;
  const Expr& read = sum.dag[without_signs(sum.dag, sum.body, negative)];
  if (!read.is_plain_read()) return std::nullopt;
  const Definition* map = known.map(read.tensor);
  if (map == nullptr || !map->dag[map->body].is_call(Function::select)) return std::nullopt;

  Definition result = sum;
  ExprBuilder b(result.dag);
  const std::vector<Subscript> by = read.subscripts;
  const ExprId value = rewrite(map->dag, map->body, b, [&](Expr expr) {
    return b.reindexed(std::move(expr), [&](IndexId k) { return by[k.index].affine; });
  });
  result.body = negative ? apply_simplified(b, Function::neg, {value}) : value;
  return result;
}

/// `index == value` among the conditions of a selection.
struct Choice {
  IndexId index;
  ExprId value;
};

bool depends_on(const ExprDag& dag, ExprId root, IndexId index) {
  for (const ExprId node : reachable(dag, root)) {
    const Expr& expr = dag[node];
    if (expr.kind == ExprKind::index && expr.index == index) return true;
    for (const Subscript& subscript : expr.subscripts)
      if (subscript.affine.coefficient(index) != 0) return true;
  }
  return false;
}

/// Finds the choice, and what is left of the condition without it.
std::optional<Choice> find_choice(Definition& sum, ExprId condition, ExprId& rest, int depth = 0) {
  constexpr int deepest = 8;  // conditions are DAGs, and this walks them as trees
  if (depth > deepest) return std::nullopt;
  const Expr expr = sum.dag[condition];
  ExprBuilder b(sum.dag);
  if (expr.is_call(Function::logical_and)) {
    for (const size_t side : {0, 1}) {
      ExprId inner;
      if (const auto choice = find_choice(sum, expr.args[side], inner, depth + 1)) {
        rest = apply_simplified(b, Function::logical_and, {inner, expr.args[1 - side]});
        return choice;
      }
    }
    return std::nullopt;
  }
  if (!expr.is_call(Function::equal)) return std::nullopt;
  for (const size_t side : {0, 1}) {
    const Expr index = sum.dag[expr.args[side]];
    if (index.kind != ExprKind::index || sum.is_free(index.index)) continue;
    if (depends_on(sum.dag, expr.args[1 - side], index.index)) continue;
    rest = b.boolean(true);
    return Choice{index.index, expr.args[1 - side]};
  }
  return std::nullopt;
}

/// What takes the place of the index as a subscript: affine, or an element of an integer tensor.
std::optional<Subscript> as_subscript(const Definition& sum, const Graph& graph, Choice choice) {
  const Dim extent = sum.indices[choice.index.index].extent;
  const Expr* expr = &sum.dag[choice.value];
  std::optional<Affine> affine;
  if (expr->kind == ExprKind::index) affine = Affine::of(expr->index);
  if (expr->kind == ExprKind::constant) affine = Affine::of_constant(expr->integer);
  if (affine && within(*affine, sum.indices, extent)) return Subscript{*affine, {}};
  if (affine) return std::nullopt;
  ExprId element = choice.value;
  if (expr->kind == ExprKind::convert) element = expr->args[0];
  expr = &sum.dag[element];
  if (expr->kind != ExprKind::read || is_float(expr->type)) return std::nullopt;
  const Value& tensor = graph[expr->tensor];
  const bool in_range = tensor.checked && tensor.low >= 0 && extent.is_constant() &&
                        tensor.high <= extent.factor && !expr->otherwise.valid();
  if (!in_range) return std::nullopt;
  return Subscript{{}, element};
}

/// The sum without its index `choice.index`; nothing where a subscript cannot take the value.
std::optional<Definition> chosen(const Definition& sum, ExprId body, Choice choice,
                                 const Subscript& place) {
  Definition result;
  const auto number = [&](IndexId k) { return IndexId{k.index - (k > choice.index ? 1u : 0u)}; };
  for (uint32_t k = 0; k < sum.indices.size(); ++k)
    if (k != choice.index.index) result.indices.push_back(sum.indices[k]);
  result.free_count = sum.free_count;
  result.target = sum.target;
  const bool still_sums = result.indices.size() > result.free_count;
  result.reduction = still_sums ? Reduction::sum : Reduction::none;

  ExprBuilder b(result.dag);
  const auto renumbered = [&](const Affine& affine) {
    Affine all = Affine::of_constant(affine.constant);
    all.batch = affine.batch;
    for (const Affine::Term& term : affine.terms)
      if (term.index != choice.index) all.add(Affine::of(number(term.index), term.coefficient));
    return all;
  };
  const auto keep = [&](Expr expr) {
    if (expr.kind == ExprKind::index) return b.index(number(expr.index));
    for (Subscript& subscript : expr.subscripts) subscript.affine = renumbered(subscript.affine);
    return result.dag.add(std::move(expr));
  };
  const ExprId value = rewrite(sum.dag, choice.value, b, keep);
  const ExprId element = place.data.valid() ? rewrite(sum.dag, place.data, b, keep) : ExprId{};
  const Affine affine = renumbered(place.affine);
  bool fits = true;
  const auto leaf = [&](Expr expr) {
    if (expr.kind == ExprKind::index && expr.index == choice.index) return value;
    if (expr.kind == ExprKind::index) return b.index(number(expr.index));
    for (Subscript& subscript : expr.subscripts) {
      const int64_t times = subscript.affine.coefficient(choice.index);
      subscript.affine = renumbered(subscript.affine).add(affine, times);
      if (times == 0 || !element.valid()) continue;
      fits = fits && times == 1 && !subscript.data.valid();
      subscript.data = element;
    }
    return result.dag.add(std::move(expr));
  };
  result.body = rewrite(sum.dag, body, b, leaf);
  if (sum.base.valid()) {
    const ExprId base = rewrite(sum.dag, sum.base, b, keep);
    if (still_sums)
      result.base = base;
    else
      result.body = apply_simplified(b, Function::add, {base, result.body});
  }
  return fits ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<Definition> collapsed_once(Definition sum, const KnownTensors& known) {
  bool negative = false;
  const Expr body = sum.dag[without_signs(sum.dag, sum.body, negative)];
  if (!body.is_call(Function::select)) return std::nullopt;
  // A zero of either sign adds nothing.
  if (!is_zero(sum.dag, body.args[2])) return std::nullopt;
  ExprId rest;
  const auto choice = find_choice(sum, body.args[0], rest);
  if (!choice) return std::nullopt;
  const auto place = as_subscript(sum, *known.graph, *choice);
  if (!place) return std::nullopt;
  ExprBuilder b(sum.dag);
  ExprId value = apply_simplified(b, Function::select, {rest, body.args[1], body.args[2]});
  if (negative) value = apply_simplified(b, Function::neg, {value});
  return chosen(sum, value, *choice, *place);
}

}  // namespace

Definition collapsed(Definition definition, const KnownTensors& known) {
  const auto sums = [](const Definition& d) {
    return d.reduction == Reduction::sum && d.has_identity_target();
  };
  if (!sums(definition)) return definition;
  if (auto in_place = with_selection_in_place(definition, known))
    if (auto result = collapsed_once(std::move(*in_place), known))
      return collapsed(std::move(*result), known);
  if (auto result = collapsed_once(definition, known)) return collapsed(std::move(*result), known);
  return definition;
}

}  // namespace netc
