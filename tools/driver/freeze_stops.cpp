// stop_gradient(e), in a definition over i, j, becomes the read of a tensor s[i, j] =
// stop_gradient(e) that stands before it. The graph that shows these tensors computes them so; the
// frozen one has inputs in their place.
#include "tools/driver/freeze_stops.h"

#include <algorithm>

namespace netc {

namespace {

bool is_stop(const Expr& expr) {
  return expr.kind == ExprKind::apply && expr.function == Function::stop_gradient &&
         is_float(expr.type);
}

class Freezing {
 public:
  explicit Freezing(const Graph& graph) : graph_(graph) {}

  StoppedValues run() {
    std::vector<Op> ops;
    std::swap(ops, graph_.ops);
    for (Op& op : ops) {
      if (auto* definition = std::get_if<Definition>(&op.what)) take_out(*definition, op);
      append(std::move(op));
    }
    StoppedValues result{graph_, graph_, {}};
    for (const ValueId value : stopped_) {
      const std::string& name = graph_[value].name;
      result.names.push_back(name);
      result.shown.results.push_back({ResultKind::output, name, value});
      result.frozen[value].kind = ValueKind::input;
      result.frozen[value].producer = {};
      result.frozen.inputs.push_back(value);
    }
    drop_stopped(result.frozen);
    return result;
  }

 private:
  void append(Op op) {
    for (const ValueId result : op.results)
      graph_[result].producer = OpId{static_cast<uint32_t>(graph_.ops.size())};
    graph_.ops.push_back(std::move(op));
  }

  /// Rewrites the definition of `op`, after definitions of what it stops.
  void take_out(Definition& definition, const Op& op) {
    const std::vector<ExprId> nodes = reachable(definition);
    if (std::none_of(nodes.begin(), nodes.end(),
                     [&](ExprId node) { return is_stop(definition.dag[node]); }))
      return;
    Definition rewritten = definition;
    rewritten.dag = {};
    ExprBuilder build(rewritten.dag);
    std::vector<ExprId> copies(definition.dag.size());
    size_t next = 0;
    copy_expr(definition.dag, nodes, [&](Expr expr) {
      const bool stop = is_stop(expr);
      ExprId copy = build.node(std::move(expr));
      if (stop) copy = stopped(definition, op, build, copy);
      return copies[nodes[next++].index] = copy;
    });
    const auto moved = [&](ExprId& node) {
      if (node.valid()) node = copies[node.index];
    };
    moved(rewritten.body);
    moved(rewritten.base);
    for (Subscript& subscript : rewritten.target) moved(subscript.data);
    definition = std::move(rewritten);
  }

  /// The read of a new tensor over all indices of the definition.
  ExprId stopped(const Definition& definition, const Op& op, ExprBuilder& build, ExprId value) {
    Definition own;
    own.indices = definition.indices;
    own.free_count = static_cast<uint32_t>(own.indices.size());
    ExprBuilder to(own.dag);
    own.body = copy_expr(build.dag(), value, to);
    const DType type = build.type(value);
    TensorType whole{type, {}};
    std::vector<Subscript> subscripts;
    for (uint32_t k = 0; k < own.indices.size(); ++k) {
      whole.dims.push_back(own.indices[k].extent);
      subscripts.push_back({Affine::of(IndexId{k}), {}});
      own.target.push_back(subscripts.back());
    }
    const ValueId tensor = graph_.add_op(std::move(own), std::move(whole), "stopped", op.range);
    graph_.ops.back().scan = op.scan;
    stopped_.push_back(tensor);
    return build.read(tensor, type, std::move(subscripts));
  }

  void drop_stopped(Graph& graph) const {
    std::vector<Op> kept;
    for (Op& op : graph.ops) {
      if (!op.results.empty() && graph[op.results[0]].kind == ValueKind::input) continue;
      for (const ValueId result : op.results)
        graph[result].producer = OpId{static_cast<uint32_t>(kept.size())};
      kept.push_back(std::move(op));
    }
    graph.ops = std::move(kept);
  }

  Graph graph_;
  std::vector<ValueId> stopped_;
};

}  // namespace

StoppedValues freeze_stops(const Graph& graph) { return Freezing(graph).run(); }

}  // namespace netc
