#include "passes/simplify_scattered.h"

#include "passes/algebra.h"
#include "passes/nest.h"

namespace netc {

bool is_scattered(const Definition& definition, const TensorType& type) {
  if (definition.reduction != Reduction::none || definition.accumulate) return false;
  if (definition.has_identity_target()) return false;
  for (size_t k = 0; k < type.dims.size(); ++k) {
    const Subscript& subscript = definition.target[k];
    if (subscript.data.valid() || !within(subscript.affine, definition.indices, type.dims[k]))
      return false;
  }
  return true;
}

std::optional<Definition> where_scattered(const Definition& map, ValueId value,
                                          const Definition& scattered) {
  if (!map.is_map()) return std::nullopt;
  for (const ExprId node : reachable(map)) {
    const Expr& expr = map.dag[node];
    const bool reads = expr.kind == ExprKind::read && expr.tensor == value;
    if (reads && (expr.otherwise.valid() || !is_identity(expr.subscripts, map.free_count)))
      return std::nullopt;
  }
  Definition result = scattered;
  result.dag = {};
  ExprBuilder b(result.dag);
  const ExprId element = copy_expr(scattered.dag, scattered.body, b);
  result.body = rewrite(map.dag, map.body, b, [&](Expr expr) {
    if (expr.kind == ExprKind::read && expr.tensor == value) return element;
    return b.reindexed(std::move(expr),
                       [&](IndexId k) { return scattered.target[k.index].affine; });
  });
  return result;
}

}  // namespace netc
