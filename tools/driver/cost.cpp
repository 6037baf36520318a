#include "tools/driver/cost.h"

namespace netc {

namespace {

int64_t points(const Definition& definition, size_t first, size_t last, int64_t n) {
  int64_t count = 1;
  for (size_t i = first; i < last; ++i) count *= definition.indices[i].extent.at(n);
  return count;
}

int64_t functions_in(const ExprDag& dag, ExprId root) {
  int64_t count = 0;
  for (ExprId id : reachable(dag, root)) {
    const Expr& expr = dag[id];
    bool on_floats = expr.kind == ExprKind::apply && is_float(dag[expr.args[0]].type);
    count += on_floats && expr.function != Function::stop_gradient;
  }
  return count;
}

}  // namespace

int64_t flops(const Op& op, int64_t n) {
  const Definition* definition = std::get_if<Definition>(&op.what);
  if (!definition) return 0;
  size_t all = definition->indices.size();
  bool combines = definition->reduction != Reduction::none || definition->accumulate;
  int64_t count =
      points(*definition, 0, all, n) * (functions_in(definition->dag, definition->body) + combines);
  if (definition->base.valid())
    count += points(*definition, 0, definition->free_count, n) *
             functions_in(definition->dag, definition->base);
  return count;
}

int64_t flops(const Graph& graph, int64_t n) {
  int64_t count = 0;
  for (const Op& op : graph.ops) count += flops(op, n);
  return count;
}

int64_t contraction_flops(const Op& op, int64_t n) {
  const Definition* definition = std::get_if<Definition>(&op.what);
  if (!definition || definition->reduction != Reduction::sum) return 0;
  const Expr& body = definition->dag[definition->body];
  if (body.kind != ExprKind::apply || body.function != Function::mul || !is_float(body.type))
    return 0;
  return 2 * points(*definition, 0, definition->indices.size(), n);
}

int64_t contraction_flops(const Graph& graph, int64_t n) {
  int64_t count = 0;
  for (const Op& op : graph.ops) count += contraction_flops(op, n);
  return count;
}

}  // namespace netc
