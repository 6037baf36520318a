// Walks back from what is asked for, then renumbers what is left.
#include "frontend/prune.h"

#include <utility>
#include <vector>

namespace netc::elaboration {

namespace {

/// Values that results and updates reach.
std::vector<bool> needed_values(const Graph& graph, const std::vector<bool>& live) {
  std::vector<bool> needed(graph.values.size());
  for (const GraphResult& result : graph.results) needed[result.value.index] = true;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    if (!live[i]) continue;
    if (const auto* update = std::get_if<Update>(&op.what)) needed[update->variable.index] = true;
    // An operation with several results keeps all of them.
    for (ValueId result : op.results) needed[result.index] = true;
    for (ValueId operand : operands(op)) needed[operand.index] = true;
  }
  return needed;
}

/// The operation with its values replaced; nodes of the DAG keep their ids, since the replacement
/// merges no two values.
void rename_values(Op& op, const std::vector<ValueId>& fresh) {
  const auto replace = [&](ValueId& value) { value = fresh[value.index]; };
  for (ValueId& result : op.results) replace(result);
  if (auto* definition = std::get_if<Definition>(&op.what)) {
    ExprDag dag;
    for (uint32_t i = 0; i < definition->dag.size(); ++i) {
      Expr expr = definition->dag[ExprId{i}];
      if (expr.kind == ExprKind::read) replace(expr.tensor);
      dag.add(std::move(expr));
    }
    definition->dag = std::move(dag);
  } else if (auto* reshape = std::get_if<Reshape>(&op.what)) {
    replace(reshape->operand);
  } else if (auto* concat = std::get_if<Concat>(&op.what)) {
    for (ValueId& operand : concat->operands) replace(operand);
  } else if (auto* gradient = std::get_if<Gradient>(&op.what)) {
    replace(gradient->of);
    for (ValueId& by : gradient->by) replace(by);
  } else if (auto* update = std::get_if<Update>(&op.what)) {
    replace(update->variable);
    replace(update->value);
  }
}

}  // namespace

void prune(Graph& graph, bool drop_inputs) {
  const std::vector<bool> live = live_operations(graph);
  std::vector<bool> needed = needed_values(graph, live);
  if (!drop_inputs)
    for (ValueId input : graph.inputs) needed[input.index] = true;

  Graph result;
  result.model = graph.model;
  result.entry = graph.entry;
  result.capacity = graph.capacity;
  result.scans = graph.scans;
  std::vector<ValueId> fresh(graph.values.size());
  for (size_t i = 0; i < graph.values.size(); ++i)
    if (needed[i]) fresh[i] = result.add_value(std::move(graph.values[i]));
  for (Op& op : graph.ops) {
    if (!op.results.empty() && !needed[op.results.front().index]) continue;
    rename_values(op, fresh);
    const OpId id{static_cast<uint32_t>(result.ops.size())};
    for (ValueId value : op.results) result[value].producer = id;
    result.ops.push_back(std::move(op));
  }
  for (GraphResult& item : graph.results)
    result.results.push_back({item.kind, std::move(item.name), fresh[item.value.index]});
  graph = std::move(result);
}

}  // namespace netc::elaboration
