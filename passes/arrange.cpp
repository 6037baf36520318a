// 1. Sums that are added up get their order (arrange_sums.cpp).
// 2. The operands of commutative functions are sorted: numbers first in products and last
//    elsewhere, variables after what is computed, else by their keys. This changes no bit.
// 3. Operations follow in the order in which the results need them, depth first: what an operation
//    reads comes before it, in the order in which it reads it. A scan is ordered as one operation,
//    and within by itself.
// 4. Values and scans are numbered in that order.
#include "passes/arrange.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "ir/support/check.h"
#include "passes/arrange_keys.h"
#include "passes/arrange_order.h"
#include "passes/arrange_sums.h"

namespace netc {

namespace {

/// Builds the expressions of a definition anew, with operands in order, in the order of their use.
class Rebuilding {
 public:
  Rebuilding(const Graph& graph, const Definition& from, const std::vector<Key>& keys,
             Definition& to)
      : graph_(graph),
        from_(from.dag),
        keys_(keys),
        is_scalar_(find_scalars(from.dag)),
        b(to.dag),
        copies_(from.dag.size()) {}

  ExprId operator()(ExprId root) {
    if (!root.valid()) return {};
    std::vector<ExprId> open = {root};
    while (!open.empty()) {
      const ExprId node = open.back();
      Expr expr = from_[node];
      sort_operands(expr);
      const std::vector<ExprId> operands = operands_of(expr);
      const auto missing = [&](ExprId operand) { return !copies_[operand.index].valid(); };
      const auto next = std::find_if(operands.begin(), operands.end(), missing);
      if (next != operands.end()) {
        open.push_back(*next);
        continue;
      }
      open.pop_back();
      copies_[node.index] = copied(std::move(expr));
    }
    return copies_[root.index];
  }

 private:
  void sort_operands(Expr& expr) const {
    if (expr.kind != ExprKind::apply || !info(expr.function).commutative) return;
    const bool is_product = expr.function == Function::mul;
    std::stable_sort(expr.args.begin(), expr.args.end(),
                     [&](ExprId x, ExprId y) { return rank(x, is_product) < rank(y, is_product); });
  }

  /// 2 * s * x * w, exp(x) + y + w + 2
  std::tuple<int, Key> rank(ExprId node, bool in_product) const {
    const Expr& expr = from_[node];
    const auto as = [&](int rank) { return std::tuple(rank, keys_[node.index]); };
    if (expr.kind == ExprKind::constant) return as(in_product ? 0 : 5);
    if (is_scalar_[node.index]) return as(in_product ? 1 : 4);
    if (expr.kind != ExprKind::read) return as(2);
    return as(graph_[expr.tensor].kind == ValueKind::variable ? 4 : 3);
  }

  /// By node: whether it is one number for all of the tensor.
  static std::vector<bool> find_scalars(const ExprDag& dag) {
    std::vector<bool> scalar(dag.size());
    for (uint32_t node = 0; node < dag.size(); ++node) {
      const Expr& expr = dag[ExprId{node}];
      scalar[node] = expr.kind != ExprKind::index && expr.subscripts.empty() &&
                     std::all_of(expr.args.begin(), expr.args.end(),
                                 [&](ExprId arg) { return scalar[arg.index]; });
    }
    return scalar;
  }

  static std::vector<ExprId> operands_of(const Expr& expr) {
    std::vector<ExprId> operands = expr.args;
    for (const Subscript& subscript : expr.subscripts)
      if (subscript.data.valid()) operands.push_back(subscript.data);
    if (expr.otherwise.valid()) operands.push_back(expr.otherwise);
    return operands;
  }

  ExprId copied(Expr expr) {
    for (ExprId& arg : expr.args) arg = copies_[arg.index];
    for (Subscript& subscript : expr.subscripts)
      if (subscript.data.valid()) subscript.data = copies_[subscript.data.index];
    if (expr.otherwise.valid()) expr.otherwise = copies_[expr.otherwise.index];
    return b.node(std::move(expr));
  }

  const Graph& graph_;
  const ExprDag& from_;
  const std::vector<Key>& keys_;
  std::vector<bool> is_scalar_;  ///< by old node
  ExprBuilder b;
  std::vector<ExprId> copies_;  ///< by old node
};

Definition with_operands_in_order(const Graph& graph, const Definition& from, const Keys& keys) {
  Definition to{.indices = from.indices,
                .free_count = from.free_count,
                .reduction = from.reduction,
                .accumulate = from.accumulate};
  const std::vector<Key> by_node = keys.of_nodes(from);
  Rebuilding rebuilt(graph, from, by_node, to);
  for (const Subscript& subscript : from.target)
    to.target.push_back({subscript.affine, rebuilt(subscript.data)});
  to.base = rebuilt(from.base);
  to.body = rebuilt(from.body);
  return to;
}

/// Copies a graph with its operations in another order, or fewer of them.
class Renumbering {
 public:
  explicit Renumbering(const Graph& from) : from_(from), new_value_(from.values.size()) {}

  Graph run(const std::vector<OpId>& order) {
    to_.model = from_.model;
    to_.entry = from_.entry;
    to_.capacity = from_.capacity;
    for (const auto* list : {&from_.inputs, &from_.settings, &from_.variables})
      for (const ValueId value : *list) copy_value(value);
    // What scans carry is read before it is defined: all results are numbered first.
    for (const OpId op : order)
      for (const ValueId result : from_[op].results) copy_value(result);
    for (const OpId op : order) copy_operation(from_[op]);
    for (GraphResult result : from_.results) {
      result.value = own(result.value);
      to_.results.push_back(std::move(result));
    }
    return std::move(to_);
  }

 private:
  void copy_value(ValueId value) { new_value_[value.index] = to_.add_value(from_[value]); }
  ValueId own(ValueId value) const { return new_value_[value.index]; }

  void copy_operation(const Op& op) {
    Op copy{.what = std::visit([this](const auto& what) { return copied(what); }, op.what),
            .range = op.range,
            .scan = scan(op.scan)};
    for (const ValueId result : op.results) {
      copy.results.push_back(own(result));
      to_[own(result)].producer = OpId{static_cast<uint32_t>(to_.ops.size())};
    }
    to_.ops.push_back(std::move(copy));
  }

  ScanId scan(ScanId old) {
    if (!old.valid()) return old;
    if (const auto found = new_scan_.find(old); found != new_scan_.end()) return found->second;
    Scan copy = from_.scans[old.index];
    copy.outer = scan(copy.outer);
    to_.scans.push_back(std::move(copy));
    return new_scan_[old] = ScanId{static_cast<uint32_t>(to_.scans.size() - 1)};
  }

  decltype(Op::what) copied(const Definition& from) {
    Definition to = from;
    to.dag = {};
    ExprBuilder b(to.dag);
    std::vector<ExprId> copies(from.dag.size());
    const std::vector<ExprId> nodes = reachable(from);
    size_t next = 0;
    if (nodes.empty()) return to;
    copy_expr(from.dag, nodes, [&](Expr expr) {
      if (expr.kind == ExprKind::read) expr.tensor = own(expr.tensor);
      return copies[nodes[next++].index] = b.node(std::move(expr));
    });
    const auto copy_of = [&](ExprId& node) {
      if (node.valid()) node = copies[node.index];
    };
    for (Subscript& subscript : to.target) copy_of(subscript.data);
    copy_of(to.base);
    copy_of(to.body);
    return to;
  }

  decltype(Op::what) copied(const Reshape& reshape) const { return Reshape{own(reshape.operand)}; }

  decltype(Op::what) copied(Concat concat) const {
    for (ValueId& operand : concat.operands) operand = own(operand);
    return concat;
  }

  decltype(Op::what) copied(Gradient gradient) const {
    gradient.of = own(gradient.of);
    for (ValueId& by : gradient.by) by = own(by);
    return gradient;
  }

  decltype(Op::what) copied(const Update& update) const {
    return Update{own(update.variable), own(update.value)};
  }

  const Graph& from_;
  Graph to_;
  std::vector<ValueId> new_value_;
  std::map<ScanId, ScanId> new_scan_;
};

}  // namespace

void arrange(Graph& graph) {
  NETC_CHECK(graph.groups.empty(), "kernels are made of arranged definitions");
  const Keys by_parts(graph);
  arrange_sums(graph, by_parts);
  graph = Renumbering(graph).run(order_of_need(graph, by_parts));

  const Keys keys(graph);
  for (Op& op : graph.ops)
    if (auto* definition = std::get_if<Definition>(&op.what))
      *definition = with_operands_in_order(graph, *definition, keys);
  graph = Renumbering(graph).run(order_of_need(graph, keys));
}

}  // namespace netc
