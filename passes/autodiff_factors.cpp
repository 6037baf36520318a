// Gradients of broadcast tensors are sums, often of products in which some factors were broadcast
// as well: those need not be multiplied, or divided by, at every point.
#include "passes/autodiff_factors.h"

#include <algorithm>

#include "passes/algebra.h"
#include "passes/reindex.h"

namespace netc {

namespace {

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
  const std::vector<bool> used = used_indices(d, root);
  return std::find(used.begin() + d.free_count, used.end(), true) != used.end();
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
    const ExprId next = copy_expr(from.dag, factor, to);
    value = value.valid() ? to.mul(value, next) : next;
  }
  if (!value.valid()) value = to.number(1, type);
  for (const ExprId factor : product.denominators)
    value = to.div(value, copy_expr(from.dag, factor, to));
  return product.negative ? to.neg(value) : value;
}

}  // namespace

Definition with_factors_taken_out(Graph& graph, const TensorType& type, Definition sum,
                                  const std::string& name, SourceRange range) {
  sum = without_unused_indices(std::move(sum));
  if (sum.reduction != Reduction::sum) return sum;
  Product varying;
  take_apart(sum.dag, sum.body, false, varying);
  Product fixed = moved_out(varying, [&](ExprId f) { return !depends_on_reduced(sum, f); });
  const auto is_constant = [&](ExprId f) { return sum.dag[f].kind == ExprKind::constant; };
  const bool only_constants =
      std::all_of(fixed.numerators.begin(), fixed.numerators.end(), is_constant) &&
      std::all_of(fixed.denominators.begin(), fixed.denominators.end(), is_constant);
  if (only_constants) return sum;
  std::swap(fixed.negative, varying.negative);

  Definition inner;
  inner.indices = sum.indices;
  inner.free_count = sum.free_count;
  inner.target = sum.target;
  Definition outer = inner;
  inner.reduction = Reduction::sum;
  ExprBuilder inner_builder(inner.dag);
  inner.body = multiplied(sum, inner_builder, {}, varying, type.dtype);
  const ValueId total = graph.add_op(std::move(inner), type, name, range);

  outer.indices.resize(outer.free_count);
  ExprBuilder b(outer.dag);
  outer.body = multiplied(sum, b, b.read(total, type.dtype, outer.target), fixed, type.dtype);
  return outer;
}

}  // namespace netc
