// The outer `gradient` is set aside, its results meanwhile given from outside, so that `autodiff`
// meets the inner ones alone.
#include "tools/explain/inner_gradients.h"

#include <algorithm>

#include "passes/autodiff.h"
#include "tools/explain/roles.h"

namespace netc::explain {

namespace {

void number_producers(Graph& graph) {
  for (uint32_t i = 0; i < graph.ops.size(); ++i)
    for (const ValueId result : graph.ops[i].results) graph[result].producer = OpId{i};
}

/// Puts an operation before the first that reads it, or at the end.
void insert(Graph& graph, Op op) {
  const auto reads_it = [&](const Op& reader) {
    const std::vector<ValueId> read = operands(reader);
    return std::find_first_of(read.begin(), read.end(), op.results.begin(), op.results.end()) !=
           read.end();
  };
  const auto at = std::find_if(graph.ops.begin(), graph.ops.end(), reads_it);
  graph.ops.insert(at, std::move(op));
}

}  // namespace

void take_inner_gradients(Graph& graph) {
  const std::vector<bool> forward = forward_operations(graph);
  std::vector<Op> kept, outer;
  bool has_inner = false;
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const bool is_gradient = std::holds_alternative<Gradient>(graph.ops[i].what);
    has_inner = has_inner || (is_gradient && forward[i]);
    (is_gradient && !forward[i] ? outer : kept).push_back(graph.ops[i]);
  }
  if (!has_inner) return;
  graph.ops = std::move(kept);
  number_producers(graph);
  for (const Op& op : outer)
    for (const ValueId result : op.results) graph[result].kind = ValueKind::input;
  autodiff(graph);
  for (Op& op : outer) {
    for (const ValueId result : op.results) graph[result].kind = ValueKind::result;
    insert(graph, std::move(op));
  }
  number_producers(graph);
}

}  // namespace netc::explain
