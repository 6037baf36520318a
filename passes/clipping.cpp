// Of the indices that a guard adds up, the innermost of the sum's own is cut: all others have a
// value when its loop begins.
#include "passes/clipping.h"

#include <algorithm>
#include <set>

#include "passes/algebra.h"

namespace netc {

namespace {

/// The reads that make the whole expression zero where they are zero.
void factors(const ExprDag& dag, ExprId id, std::set<ExprId>& result) {
  const Expr& expr = dag[id];
  if (expr.kind == ExprKind::read) result.insert(id);
  bool product = expr.kind == ExprKind::apply && expr.function == Function::mul;
  bool negated = expr.kind == ExprKind::apply && expr.function == Function::neg;
  if (product || negated || expr.kind == ExprKind::convert)
    for (ExprId arg : expr.args) factors(dag, arg, result);
}

}  // namespace

std::vector<Clip> clips_of(const AccessedNest& nest, const Stage& stage, IndexId vector) {
  std::vector<Clip> clips;
  if (stage.reduction != Reduction::sum) return clips;
  std::set<ExprId> reads;
  factors(nest.nest.dag, stage.body, reads);
  for (ExprId read : reads) {
    auto found = nest.reads.find(read);
    if (found == nest.reads.end() || found->second.guards.empty() ||
        !is_zero(nest.nest.dag, nest.nest.dag[read].otherwise))
      continue;
    for (size_t g = 0; g < found->second.guards.size(); ++g) {
      const Guard& guard = found->second.guards[g];
      if (guard.data || guard.affine.batch || guard.affine.coefficient(vector) != 0) continue;
      for (size_t k = stage.reduced.size(); k-- > 0;) {
        int64_t coefficient = guard.affine.coefficient(stage.reduced[k]);
        if (coefficient == 0) continue;
        clips.push_back({read, g, stage.reduced[k], coefficient});
        break;
      }
    }
  }
  return clips;
}

}  // namespace netc
