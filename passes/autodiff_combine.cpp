// Maps are added in one expression, and one sum takes it as its base, so that a tensor that is read
// twice still has a gradient of one definition:
//
//   d.x[n, i] = d.y[n, i] + sum[o] d.z[n, o] * w[i, o]
//
// Factors that a sum does not depend on are taken out of it first, into a map of their own.
#include "passes/autodiff_combine.h"

#include <algorithm>

#include "ir/support/check.h"
#include "passes/algebra.h"

namespace netc {

namespace {

/// Appends one operation under the name, into the waiting value if `final`.
ValueId append(Graph& graph, decltype(Op::what) what, const TensorType& type,
               const GradientName& name, bool final) {
  if (!final || !name.value.valid())
    return graph.add_op(std::move(what), type, final ? name.name : name.name + ".part", name.range);
  graph[name.value].producer = OpId{static_cast<uint32_t>(graph.ops.size())};
  graph.ops.push_back({.what = std::move(what), .results = {name.value}, .range = name.range});
  return name.value;
}

/// Indices for the dimensions of a tensor.
std::vector<Index> indices_for(const TensorType& type) {
  std::vector<Index> indices;
  for (size_t d = 0; d < type.dims.size(); ++d)
    indices.push_back({"i" + std::to_string(d), type.dims[d]});
  return indices;
}

Definition empty_map(std::vector<Index> indices) {
  Definition map;
  map.free_count = static_cast<uint32_t>(indices.size());
  map.indices = std::move(indices);
  for (IndexId k{0}; k.index < map.free_count; ++k.index) map.target.push_back({Affine::of(k), {}});
  return map;
}

std::vector<Subscript> whole(uint32_t rank) {
  std::vector<Subscript> subscripts;
  for (IndexId k{0}; k.index < rank; ++k.index) subscripts.push_back({Affine::of(k), {}});
  return subscripts;
}

std::vector<Index> free_indices(const Definition& definition) {
  return {definition.indices.begin(), definition.indices.begin() + definition.free_count};
}

bool is_map(const Definition& d) {
  return d.reduction == Reduction::none && !d.accumulate && d.has_identity_target();
}

bool is_sum(const Definition& d) {
  return d.reduction == Reduction::sum && !d.base.valid() && d.has_identity_target();
}

ExprId copied(const Definition& from, ExprId root, ExprBuilder& to) {
  return copy_expr(from.dag, root, to, [](ExprId, const Expr&) { return ExprId{}; });
}

/// A product taken apart: sign * numerators / denominators.
struct Product {
  bool negative = false;
  std::vector<ExprId> numerators;
  std::vector<ExprId> denominators;
};

/// Shared factors are repeated, so what lies deeper than any product that people write stays whole.
void take_apart(const ExprDag& dag, ExprId node, bool inverse, Product& product, int depth = 0) {
  constexpr int deepest = 8;
  const Expr& expr = dag[node];
  const bool is_open = expr.kind == ExprKind::apply && depth < deepest;
  const auto operand = [&](size_t k, bool turned) {
    take_apart(dag, expr.args[k], inverse != turned, product, depth + 1);
  };
  if (is_open && expr.function == Function::neg) {
    product.negative = !product.negative;
    operand(0, false);
  } else if (is_open && expr.function == Function::mul) {
    operand(0, false);
    operand(1, false);
  } else if (is_open && expr.function == Function::div) {
    operand(0, false);
    operand(1, true);
  } else {
    (inverse ? product.denominators : product.numerators).push_back(node);
  }
}

bool depends_on_reduced(const Definition& d, ExprId root) {
  for (const ExprId node : reachable(d.dag, root)) {
    const Expr& expr = d.dag[node];
    if (expr.kind == ExprKind::index && !d.is_free(expr.index)) return true;
    for (const Subscript& subscript : expr.subscripts)
      for (const Affine::Term& term : subscript.affine.terms)
        if (!d.is_free(term.index)) return true;
  }
  return false;
}

/// Moves the factors for which `moves` holds to a product of their own.
template <typename Predicate>
Product moved_out(Product& from, Predicate moves) {
  Product out;
  const auto move = [&](std::vector<ExprId>& source, std::vector<ExprId>& destination) {
    const auto kept = std::stable_partition(source.begin(), source.end(),
                                            [&](ExprId factor) { return !moves(factor); });
    destination.assign(kept, source.end());
    source.erase(kept, source.end());
  };
  move(from.numerators, out.numerators);
  move(from.denominators, out.denominators);
  return out;
}

/// start * numerators / denominators, negated if so; `start` may be invalid for 1.
ExprId multiplied(const Definition& from, ExprBuilder& to, ExprId start, const Product& product,
                  DType type) {
  ExprId value = start;
  for (const ExprId factor : product.numerators) {
    const ExprId next = copied(from, factor, to);
    value = value.valid() ? to.mul(value, next) : next;
  }
  if (!value.valid()) value = to.number(1, type);
  for (const ExprId factor : product.denominators) value = to.div(value, copied(from, factor, to));
  return product.negative ? to.neg(value) : value;
}

/// sum[r] f * g(r) -> t = sum[r] g(r), f * t, where f is more than constants.
Definition with_factors_taken_out(Graph& graph, const TensorType& type, Definition sum,
                                  const GradientName& name) {
  Product varying;
  take_apart(sum.dag, sum.body, false, varying);
  Product fixed = moved_out(varying, [&](ExprId f) { return !depends_on_reduced(sum, f); });
  const auto is_constant = [&](ExprId f) { return sum.dag[f].kind == ExprKind::constant; };
  const bool worthwhile =
      !(std::all_of(fixed.numerators.begin(), fixed.numerators.end(), is_constant) &&
        std::all_of(fixed.denominators.begin(), fixed.denominators.end(), is_constant));
  if (!worthwhile || (varying.numerators.empty() && varying.denominators.empty())) return sum;
  std::swap(fixed.negative, varying.negative);

  Definition inner = empty_map(free_indices(sum));
  inner.indices = sum.indices;
  inner.reduction = Reduction::sum;
  ExprBuilder inner_builder(inner.dag);
  inner.body = multiplied(sum, inner_builder, {}, varying, type.dtype);
  const ValueId total = graph.add_op(std::move(inner), type, name.name + ".sum", name.range);

  Definition outer = empty_map(free_indices(sum));
  ExprBuilder b(outer.dag);
  const ExprId read = b.read(total, type.dtype, whole(outer.free_count));
  outer.body = multiplied(sum, b, read, fixed, type.dtype);
  return outer;
}

/// All parts as one expression that is added up from maps, and at most one sum beside it.
Definition joined(Graph& graph, const TensorType& type, std::vector<Contribution> parts,
                  const GradientName& name) {
  const auto is = [](bool (*kind)(const Definition&)) {
    return [kind](const Contribution& part) {
      const auto* definition = std::get_if<Definition>(&part);
      return definition != nullptr && kind(*definition);
    };
  };
  const auto last_sum = std::find_if(parts.rbegin(), parts.rend(), is(is_sum));
  const auto first_map = std::find_if(parts.begin(), parts.end(), is(is_map));

  Definition result;
  if (last_sum != parts.rend()) {
    result = std::move(std::get<Definition>(*last_sum));
    parts.erase(std::next(last_sum).base());
  } else if (first_map != parts.end()) {
    result = empty_map(free_indices(std::get<Definition>(*first_map)));
  } else {
    result = empty_map(indices_for(type));
  }

  ExprBuilder b(result.dag);
  ExprId total;
  for (Contribution& part : parts) {
    const auto* map = std::get_if<Definition>(&part);
    ExprId term;
    if (map != nullptr && is_map(*map)) {
      term = copied(*map, map->body, b);
    } else {
      const ValueId value = std::visit(
          [&](auto& what) { return append(graph, std::move(what), type, name, false); }, part);
      term = b.read(value, type.dtype, whole(static_cast<uint32_t>(type.rank())));
    }
    total = total.valid() ? apply_simplified(b, Function::add, {total, term}) : term;
  }
  (result.body.valid() ? result.base : result.body) = total;
  return result;
}

}  // namespace

ValueId add_combined(Graph& graph, const TensorType& type, std::vector<Contribution> parts,
                     const GradientName& name) {
  if (parts.empty()) {
    Definition zeros = empty_map(indices_for(type));
    zeros.body = ExprBuilder(zeros.dag).number(0, type.dtype);
    parts.emplace_back(std::move(zeros));
  }
  for (Contribution& part : parts)
    if (auto* sum = std::get_if<Definition>(&part); sum != nullptr && is_sum(*sum))
      *sum = with_factors_taken_out(graph, type, std::move(*sum), name);
  if (parts.size() == 1)
    return std::visit([&](auto& what) { return append(graph, std::move(what), type, name, true); },
                      parts[0]);
  Definition sum = joined(graph, type, std::move(parts), name);
  return append(graph, std::move(sum), type, name, true);
}

}  // namespace netc
