// Operations are visited within a scope: the graph, or a scan. There, an inner scan with all it
// holds is one thing. What a scope is visited from are results and updates in the graph, in a scan
// the values that are read outside of it or at a later step, by their keys.
#include "passes/arrange_order.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/verify_scans.h"

namespace netc {

namespace {

class Order {
 public:
  Order(const Graph& graph, const Keys& keys) : graph_(graph), keys_(keys) {
    for (const Op& op : graph.ops) scans_.push_back(scans_of(graph, op));
    live_ = live_operations(graph);
    for (uint32_t i = 0; i < graph.ops.size(); ++i) {
      if (!live_[i]) continue;
      find_operands(OpId{i});
    }
  }

  std::vector<OpId> run() {
    std::vector<OpId> roots;
    for (const GraphResult& result : graph_.results)
      if (graph_[result.value].kind == ValueKind::result)
        roots.push_back(graph_[result.value].producer);
    std::map<ValueId, OpId> updates;
    for (uint32_t i = 0; i < graph_.ops.size(); ++i)
      if (const auto* update = std::get_if<Update>(&graph_.ops[i].what))
        updates.emplace(update->variable, OpId{i});
    for (const auto& [variable, update] : updates) roots.push_back(update);
    return ordered(0, roots);
  }

 private:
  /// What is visited as one: an operation, or the scan that holds it.
  struct Unit {
    ScanId scan;
    OpId op;
    friend auto operator<=>(const Unit&, const Unit&) = default;
  };

  Unit unit(size_t depth, OpId op) const {
    const std::vector<ScanId>& scans = scans_[op.index];
    return scans.size() > depth ? Unit{scans[depth], {}} : Unit{{}, op};
  }

  /// Fills in what an operation reads, and what is needed of the scans that it reads from.
  void find_operands(OpId op) {
    std::vector<OpId>& found = operands_[op];
    for (const ValueId operand : operands(graph_[op])) {
      if (graph_[operand].kind != ValueKind::result) continue;
      const OpId producer = graph_[operand].producer;
      const size_t shared = shared_scans(graph_, graph_[op], graph_[producer]);
      const bool carried = shared > 0 && reads_earlier_steps(graph_, graph_[op], operand);
      if (!carried) found.push_back(producer);
      const std::vector<ScanId>& scans = scans_[producer.index];
      for (size_t depth = carried ? 0 : shared; depth < scans.size(); ++depth)
        needed_[scans[depth]].insert(producer);
    }
  }

  std::vector<OpId> roots_of(ScanId scan) {
    for (const GraphResult& result : graph_.results) {
      if (graph_[result.value].kind != ValueKind::result) continue;
      const OpId producer = graph_[result.value].producer;
      const std::vector<ScanId>& scans = scans_[producer.index];
      if (std::find(scans.begin(), scans.end(), scan) != scans.end())
        needed_[scan].insert(producer);
    }
    std::vector<OpId> roots(needed_[scan].begin(), needed_[scan].end());
    std::stable_sort(roots.begin(), roots.end(), [&](OpId a, OpId b) { return key(a) < key(b); });
    return roots;
  }

  Key key(OpId op) const { return keys_.of(graph_[op].results[0]); }

  /// What these operations, which stand within `depth` scans, need there, and themselves.
  std::vector<OpId> ordered(size_t depth, const std::vector<OpId>& roots) {
    struct Visit {
      Unit unit;
      std::vector<OpId> ops;       ///< that it holds, in order
      std::vector<OpId> operands;  ///< within the scope
      size_t next = 0;
    };
    std::vector<OpId> order;
    std::set<Unit> seen;
    std::vector<Visit> open;
    const auto visit = [&](OpId op) {
      const Unit unit = this->unit(depth, op);
      if (!seen.insert(unit).second) return;
      Visit visit{unit, {op}, {}};
      if (unit.scan.valid()) visit.ops = ordered(depth + 1, roots_of(unit.scan));
      for (const OpId inner : visit.ops)
        for (const OpId operand : operands_[inner])
          if (within(depth, op, operand)) visit.operands.push_back(operand);
      open.push_back(std::move(visit));
    };
    for (const OpId root : roots) {
      visit(root);
      while (!open.empty()) {
        Visit& top = open.back();
        if (top.next < top.operands.size()) {
          visit(top.operands[top.next++]);
          continue;
        }
        order.insert(order.end(), top.ops.begin(), top.ops.end());
        open.pop_back();
      }
    }
    return order;
  }

  /// Whether an operation stands within the first `depth` scans around another.
  bool within(size_t depth, OpId op, OpId operand) const {
    return shared_scans(graph_, graph_[op], graph_[operand]) >= depth;
  }

  const Graph& graph_;
  const Keys& keys_;
  std::vector<std::vector<ScanId>> scans_;  ///< by operation
  std::vector<bool> live_;
  std::map<ScanId, std::set<OpId>> needed_;  ///< by other operations, or at later steps
  std::map<OpId, std::vector<OpId>> operands_;
};

}  // namespace

std::vector<OpId> order_of_need(const Graph& graph, const Keys& keys) {
  return Order(graph, keys).run();
}

}  // namespace netc
