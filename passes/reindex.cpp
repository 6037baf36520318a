// Indices are renumbered wherever they stand: as values and in subscripts.
#include "passes/reindex.h"

#include <algorithm>

#include "passes/algebra.h"

namespace netc {

std::vector<bool> used_indices(const Definition& definition, ExprId root) {
  std::vector<bool> used(definition.indices.size());
  for (const ExprId node : reachable(definition.dag, root)) {
    const Expr& expr = definition.dag[node];
    if (expr.kind == ExprKind::index) used[expr.index.index] = true;
    for (const Subscript& subscript : expr.subscripts)
      for (const Affine::Term& term : subscript.affine.terms) used[term.index.index] = true;
  }
  return used;
}

Definition without_indices(const Definition& from, const std::vector<bool>& dropped) {
  Definition to;
  std::vector<Affine> by;
  for (uint32_t k = 0; k < from.indices.size(); ++k) {
    by.push_back(dropped[k] ? Affine() : Affine::of({static_cast<uint32_t>(to.indices.size())}));
    if (!dropped[k]) to.indices.push_back(from.indices[k]);
  }
  to.free_count = from.free_count;
  to.reduction = to.indices.size() > to.free_count ? from.reduction : Reduction::none;
  to.accumulate = from.accumulate;
  to.target = from.target;
  ExprBuilder b(to.dag);
  const auto leaf = [&](Expr expr) {
    return b.reindexed(std::move(expr), [&](IndexId k) { return by[k.index]; });
  };
  to.body = rewrite(from.dag, from.body, b, leaf);
  if (from.base.valid()) to.base = rewrite(from.dag, from.base, b, leaf);
  if (to.reduction == Reduction::none && to.base.valid()) {
    to.body = apply_simplified(b, Function::add, {to.base, to.body});
    to.base = {};
  }
  return to;
}

Definition without_unused_indices(Definition sum) {
  if (sum.reduction != Reduction::sum) return sum;
  std::vector<bool> unused = used_indices(sum, sum.body);
  unused.flip();
  std::fill(unused.begin(), unused.begin() + sum.free_count, false);
  if (std::find(unused.begin(), unused.end(), true) == unused.end()) return sum;
  ExprBuilder b(sum.dag);
  const DType type = b.type(sum.body);
  for (size_t k = sum.free_count; k < unused.size(); ++k) {
    if (!unused[k]) continue;
    const Dim extent = sum.indices[k].extent;
    const ExprId factor = b.integer(extent.factor, type);
    sum.body = apply_simplified(b, Function::mul, {factor, sum.body});
    if (extent.batch)
      sum.body = apply_simplified(b, Function::mul, {b.convert(b.batch(), type), sum.body});
  }
  return without_indices(sum, unused);
}

}  // namespace netc
