#include "passes/rectified.h"

#include <map>

#include "passes/algebra.h"
#include "passes/nest.h"

namespace netc {

namespace {

/// The tensor y of `y <= 0`, invalid if the node is something else.
ValueId compared_with_zero(const ExprDag& dag, ExprId node) {
  const Expr& expr = dag[node];
  if (!expr.is_call(Function::less_equal) || !is_zero(dag, expr.args[1])) return {};
  const Expr& read = dag[expr.args[0]];
  const bool is_plain = read.kind == ExprKind::read && !read.otherwise.valid();
  return is_plain ? read.tensor : ValueId{};
}

/// The tensor y, all of it, that a definition rectifies, element by element: `if y <= 0 then 0 else
/// y`.
ValueId rectified(const Graph& graph, const Definition& definition) {
  const ExprDag& dag = definition.dag;
  const Expr& body = dag[definition.body];
  if (!definition.is_map() || !body.is_call(Function::select)) return {};
  const ValueId tensor = compared_with_zero(dag, body.args[0]);
  if (!tensor.valid() || !is_zero(dag, body.args[1])) return {};
  const ExprId kept = body.args[2];
  const bool is_same = kept == dag[body.args[0]].args[0];
  return is_same && takes_whole(graph, definition, dag[kept]) ? tensor : ValueId{};
}

/// Whether all reads of the tensor are compared with zero.
bool reads_signs_alone(const Definition& definition, ValueId tensor) {
  for (const ExprId node : reachable(definition)) {
    const Expr& expr = definition.dag[node];
    if (compared_with_zero(definition.dag, node) == tensor) continue;
    for (const ExprId arg : expr.args)
      if (definition.dag[arg].kind == ExprKind::read && definition.dag[arg].tensor == tensor)
        return false;
    if (expr.otherwise.valid() && definition.dag[expr.otherwise].tensor == tensor) return false;
    for (const Subscript& subscript : expr.subscripts)
      if (subscript.data.valid() && definition.dag[subscript.data].tensor == tensor) return false;
  }
  return definition.dag[definition.body].tensor != tensor;
}

void replace(Definition& definition, const std::map<ValueId, ValueId>& by) {
  Definition copy = definition;
  copy.dag = {};
  ExprBuilder builder(copy.dag);
  const auto leaf = [&](Expr expr) {
    const auto found = expr.kind == ExprKind::read ? by.find(expr.tensor) : by.end();
    if (found != by.end()) expr.tensor = found->second;
    return copy.dag.add(std::move(expr));
  };
  copy.body = rewrite(definition.dag, definition.body, builder, leaf);
  if (definition.base.valid()) copy.base = rewrite(definition.dag, definition.base, builder, leaf);
  definition = std::move(copy);
}

}  // namespace

void read_signs_from_rectified(Graph& graph) {
  std::map<ValueId, ValueId> results;  ///< by tensor: what it is rectified
  for (Op& op : graph.ops) {
    auto* definition = std::get_if<Definition>(&op.what);
    // Within a scan a result of this step may not be there yet.
    if (definition == nullptr || op.scan.valid()) continue;
    std::map<ValueId, ValueId> by;
    for (const ValueId operand : operands(op))
      if (const auto found = results.find(operand); found != results.end())
        if (reads_signs_alone(*definition, operand)) by.insert(*found);
    if (!by.empty()) replace(*definition, by);
    if (const ValueId tensor = rectified(graph, *definition); tensor.valid())
      results.emplace(tensor, op.results[0]);
  }
}

}  // namespace netc
