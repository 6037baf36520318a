#include "passes/simplify_softmax.h"

#include "passes/algebra.h"
#include "passes/nest.h"

namespace netc {

namespace {

/// The tensor that an expression is an element of, at the first `count` indices; invalid: none.
ValueId tensor_at(const Expr& expr, size_t count) {
  const bool is_element = expr.kind == ExprKind::read && !expr.otherwise.valid() &&
                          is_identity(expr.subscripts, static_cast<uint32_t>(count));
  return is_element ? expr.tensor : ValueId{};
}

/// An expression over the indices of a map, or the first of them.
struct Term {
  const Definition* where;
  ExprId node;

  const Expr& operator*() const { return where->dag[node]; }
  Term arg(size_t k) const { return {where, (**this).args[k]}; }
};

/// What a map computes, where the term is an element of it at the same indices.
Term looked_into(const Term& term, const KnownTensors& known) {
  const ValueId value = tensor_at(*term, (*term).subscripts.size());
  const Definition* map = value.valid() ? known.map(value) : nullptr;
  return map ? Term{map, map->body} : term;
}

/// `dividend / total` for the total of a softmax over the last index of a tensor of this rank.
struct Share {
  Term dividend;
  ValueId total;
};

std::optional<Share> share(const Term& term, size_t rank, const Graph& graph) {
  const auto is_one = [](const Expr& expr) {
    return expr.kind == ExprKind::constant && expr.number == 1;
  };
  const auto total_of = [&](const Term& divisor) {
    const ValueId value = tensor_at(*divisor, rank - 1);
    return value.valid() && is_total_of_softmax(graph, value) ? value : ValueId{};
  };
  if ((*term).is_call(Function::div)) {
    const ValueId total = total_of(term.arg(1));
    return total.valid() ? std::optional<Share>({term.arg(0), total}) : std::nullopt;
  }
  if (!(*term).is_call(Function::mul)) return {};
  for (size_t k = 0; k < 2; ++k) {
    const Term factor = term.arg(k);
    if (!(*factor).is_call(Function::div) || !is_one(*factor.arg(0))) continue;
    if (const ValueId total = total_of(factor.arg(1)); total.valid())
      return {{term.arg(1 - k), total}};
  }
  return {};
}

/// Terms a and s of `a / total - s / total`.
struct Difference {
  Term from, taken;
  ValueId total;
};

std::optional<Difference> difference(const Term& whole, size_t rank, const KnownTensors& known) {
  const auto between = [&](const Term& from, const Term& taken) -> std::optional<Difference> {
    const auto a = share(from, rank, *known.graph), s = share(taken, rank, *known.graph);
    if (!a || !s || a->total != s->total) return {};
    return {{a->dividend, s->dividend, a->total}};
  };
  if ((*whole).is_call(Function::sub))
    return between(whole.arg(0), looked_into(whole.arg(1), known));
  if (!(*whole).is_call(Function::add)) return {};
  for (size_t k = 0; k < 2; ++k) {
    const Term negative = looked_into(whole.arg(1 - k), known);
    if (!(*negative).is_call(Function::neg)) continue;
    if (const auto found = between(whole.arg(k), negative.arg(0))) return found;
  }
  return {};
}

/// The tensor that is `e / total` everywhere; invalid: there is none.
ValueId weights_of(const Graph& graph, ValueId exponentials, ValueId total) {
  for (uint32_t v = 0; v < graph.values.size(); ++v) {
    const Definition* map = plain_definition(graph, ValueId{v}, Reduction::none);
    if (!map || map->free_count == 0) continue;
    const auto made = share({map, map->body}, map->free_count, graph);
    if (made && made->total == total && tensor_at(*made->dividend, map->free_count) == exponentials)
      return ValueId{v};
  }
  return {};
}

}  // namespace

bool is_total_of_softmax(const Graph& graph, ValueId value) {
  const Definition* total = plain_definition(graph, value, Reduction::sum);
  if (total == nullptr) return false;
  const ValueId terms = tensor_at(total->dag[total->body], total->indices.size());
  const Definition* term =
      terms.valid() ? plain_definition(graph, terms, Reduction::none) : nullptr;
  if (term == nullptr || !term->dag[term->body].is_call(Function::exp)) return false;
  const Expr& exponent = term->dag[term->dag[term->body].args[0]];
  if (!exponent.is_call(Function::sub)) return false;
  const ValueId x = tensor_at(term->dag[exponent.args[0]], term->free_count);
  const ValueId top = tensor_at(term->dag[exponent.args[1]], total->free_count);
  const Definition* most = top.valid() ? plain_definition(graph, top, Reduction::max) : nullptr;
  return most != nullptr && x.valid() && most->free_count == total->free_count &&
         tensor_at(most->dag[most->body], most->indices.size()) == x;
}

std::optional<Definition> by_weights_of_softmax(const Definition& map, const KnownTensors& known) {
  if (!map.is_map() || !map.dag[map.body].is_call(Function::mul)) return {};
  const Term product{&map, map.body};
  for (size_t k = 0; k < 2; ++k) {
    const ValueId exponentials = tensor_at(*product.arg(k), map.free_count);
    if (!exponentials.valid()) continue;
    const auto found = difference(looked_into(product.arg(1 - k), known), map.free_count, known);
    if (!found) continue;
    const ValueId weights = weights_of(*known.graph, exponentials, found->total);
    if (!weights.valid()) continue;
    Definition result = map;
    result.dag = {};
    ExprBuilder b(result.dag);
    const auto copy = [&](const Term& term) {
      return rewrite(term.where->dag, term.node, b,
                     [&](Expr leaf) { return result.dag.add(std::move(leaf)); });
    };
    Expr read = *product.arg(k);
    read.tensor = weights;
    const ExprId rise = b.sub(copy(found->from), copy(found->taken));
    result.body = b.mul(rise, result.dag.add(std::move(read)));
    return result;
  }
  return {};
}

}  // namespace netc
