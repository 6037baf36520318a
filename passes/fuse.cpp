// 1. Every op starts as a kernel of its own; edges say which kernel must run before which: those
//    of the data, and readers of a variable before the definition that replaces it, so that the
//    replacement can happen in place.
// 2. In the order of the ops, each definition is joined with the producers of its operands where
//    the domains are equal, all reads between the two are at the identity, and no other kernel
//    has to run between them.
// 3. The kernels are put in an order that keeps the edges, the op that came last deciding.
//
// The kernels of a scan run again and again: what has to run before one of them from outside runs
// before all, and nothing else stands between them. Reads of other steps need no order.
#include "passes/fuse.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>

#include "ir/support/check.h"
#include "passes/nest.h"
#include "passes/rectified.h"
#include "passes/slopes.h"

namespace netc {

namespace {

constexpr size_t largest_kernel = 48;     ///< ops
constexpr size_t longest_search = 20000;  ///< kernels visited when looking for a path

class Fuser {
 public:
  Fuser(Graph& graph, Remarks* remarks) : graph_(graph), remarks_(remarks) {}

  void run() {
    find_edges();
    for (uint32_t i = 0; i < graph_.ops.size(); ++i)
      if (is_fusible(OpId{i})) join_producers(OpId{i});
    reorder(kernel_order());
  }

 private:
  using KernelIndex = uint32_t;  ///< the number of a kernel's first op

  bool is_update(uint32_t op) const { return std::holds_alternative<Update>(graph_.ops[op].what); }

  const Definition* definition(OpId op) const { return std::get_if<Definition>(&graph_[op].what); }

  bool is_fusible(OpId op) const {
    const Definition* d = definition(op);
    return d && !d->accumulate && d->has_identity_target();
  }

  void add_edge(uint32_t before, uint32_t after) {
    if (before == after) return;
    after_[before].insert(after);
    before_[after].insert(before);
  }

  /// What an edge between two ops orders as a whole: each op, or the outermost scan that holds it
  /// and not the other.
  void add_edge_of_ops(uint32_t before, uint32_t after) {
    const size_t shared = shared_scans(graph_, graph_.ops[before], graph_.ops[after]);
    for (uint32_t first : ops_of(before, shared))
      for (uint32_t last : ops_of(after, shared)) add_edge(first, last);
  }

  std::vector<uint32_t> ops_of(uint32_t op, size_t shared) const {
    if (scans_[op].size() <= shared) return {op};
    return ops_of_scan_.at(scans_[op][shared]);
  }

  void find_scans() {
    for (uint32_t i = 0; i < graph_.ops.size(); ++i) {
      scans_.push_back(scans_of(graph_, graph_.ops[i]));
      for (ScanId scan : scans_.back()) ops_of_scan_[scan].push_back(i);
    }
  }

  void find_edges() {
    find_scans();
    size_t count = graph_.ops.size();
    kernel_of_.resize(count);
    members_.resize(count);
    after_.resize(count);
    before_.resize(count);
    std::vector<ValueId> root(graph_.values.size());
    for (uint32_t v = 0; v < root.size(); ++v) root[v] = ValueId{v};
    std::map<ValueId, std::vector<uint32_t>> readers;
    for (uint32_t i = 0; i < count; ++i) {
      kernel_of_[i] = i;
      members_[i] = {OpId{i}};
      if (is_update(i)) continue;
      for (ValueId value : operands(graph_.ops[i])) {
        const Value& operand = graph_[value];
        if (operand.kind == ValueKind::result && operand.producer.index < i)
          add_edge_of_ops(operand.producer.index, i);
        readers[root[value.index]].push_back(i);
      }
      if (auto* reshape = std::get_if<Reshape>(&graph_.ops[i].what))
        root[graph_.ops[i].results[0].index] = root[reshape->operand.index];
    }
    for (const Op& op : graph_.ops) {
      auto* update = std::get_if<Update>(&op.what);
      if (!update || graph_[update->value].kind != ValueKind::result) continue;
      uint32_t writer = graph_[update->value].producer.index;
      writer_[update->variable] = writer;
      for (uint32_t reader : readers[update->variable])
        if (reader < writer) add_edge_of_ops(reader, writer);
    }
  }

  void join_producers(OpId consumer) {
    for (ValueId value : operands(graph_[consumer])) {
      if (graph_[value].kind != ValueKind::result) continue;
      OpId producer = graph_[value].producer;
      KernelIndex a = kernel_of_[producer.index];
      KernelIndex b = kernel_of_[consumer.index];
      if (a == b) continue;
      const char* obstacle = is_fusible(producer) ? obstacle_between(a, b) : "it is no plain map";
      if (remarks_) remark(consumer, value, obstacle);
      if (!obstacle) join(a, b);
    }
  }

  void remark(OpId consumer, ValueId operand, const char* obstacle) {
    ValueId result = graph_[consumer].results[0];
    std::string place = fmt::format("{}.{}, `{}`", graph_.model, graph_.entry, graph_[result].name);
    remarks_->push_back(
        {"fuse", obstacle != nullptr, graph_[result].range,
         obstacle
             ? fmt::format("{}: `{}` stays in memory: {}", place, graph_[operand].name, obstacle)
             : fmt::format("{}: joined with `{}`", place, graph_[operand].name)});
  }

  /// Why two kernels cannot be one; nullptr: they can.
  const char* obstacle_between(KernelIndex a, KernelIndex b) {
    if (members_[a].size() + members_[b].size() > largest_kernel) return "the kernel is full";
    if (graph_[members_[a][0]].scan != graph_[members_[b][0]].scan)
      return "one runs at each step of a scan, the other does not";
    const Definition& first = *definition(members_[a][0]);
    const Definition& second = *definition(members_[b][0]);
    bool same = first.free_count == second.free_count;
    for (uint32_t i = 0; same && i < first.free_count; ++i)
      same = first.indices[i].extent == second.indices[i].extent;
    if (!same) return "their shapes differ";
    if (!reductions_fit(a, b)) return "a product and another reduction do not share loops";
    if (!reads_at_identity(a, b) || !reads_at_identity(b, a))
      return "one reads the other at other points than its own";
    if (has_path_between(a, b) || has_path_between(b, a))
      return "another kernel has to run between them";
    return nullptr;
  }

  /// A product over two tensors decides a kernel's tiles: no other reduction stands beside it.
  bool reductions_fit(KernelIndex a, KernelIndex b) const {
    int reductions = 0;
    int products = 0;
    for (KernelIndex kernel : {a, b})
      for (OpId op : members_[kernel]) {
        const Definition& d = *definition(op);
        if (d.reduction == Reduction::none) continue;
        ++reductions;
        products += d.free_count > 0 && reads_of_body(d) >= 2;
      }
    return reductions <= 1 || products == 0;
  }

  static size_t reads_of_body(const Definition& definition) {
    size_t reads = 0;
    for (ExprId id : reachable(definition.dag, definition.body)) {
      const Expr& expr = definition.dag[id];
      bool reduced = false;
      for (const Subscript& subscript : expr.subscripts)
        for (const Affine::Term& term : subscript.affine.terms)
          reduced |= !definition.is_free(term.index);
      reads += expr.kind == ExprKind::read && reduced;
    }
    return reads;
  }

  /// Whether `readers` read the values of `written` at their own point only.
  bool reads_at_identity(KernelIndex readers, KernelIndex written) const {
    for (OpId op : members_[readers]) {
      const Definition& d = *definition(op);
      for (uint32_t i = 0; i < d.dag.size(); ++i) {
        const Expr& expr = d.dag[ExprId{i}];
        if (expr.kind != ExprKind::read) continue;
        const Value& tensor = graph_[expr.tensor];
        if (tensor.kind == ValueKind::result && kernel_of_[tensor.producer.index] == written &&
            !is_identity(expr.subscripts, d.free_count))
          return false;
        if (tensor.kind == ValueKind::variable && is_replaced_by(expr.tensor, written) &&
            !is_identity(expr.subscripts, d.free_count))
          return false;
      }
    }
    return true;
  }

  bool is_replaced_by(ValueId variable, KernelIndex kernel) const {
    auto found = writer_.find(variable);
    return found != writer_.end() && kernel_of_[found->second] == kernel;
  }

  /// Whether some third kernel has to run after `from` and before `to`.
  bool has_path_between(KernelIndex from, KernelIndex to) {
    seen_.resize(members_.size());
    ++search_;
    size_t visited = 0;
    std::vector<KernelIndex> open;
    auto visit = [&](KernelIndex kernel, bool direct) {
      for (KernelIndex next : after_[kernel]) {
        if (seen_[next] == search_ || next == from || (direct && next == to)) continue;
        seen_[next] = search_;
        open.push_back(next);
      }
    };
    visit(from, true);
    while (!open.empty()) {
      KernelIndex kernel = open.back();
      open.pop_back();
      if (kernel == to || ++visited > longest_search) return true;
      visit(kernel, false);
    }
    return false;
  }

  void join(KernelIndex a, KernelIndex b) {
    KernelIndex kept = std::min(a, b);
    KernelIndex gone = std::max(a, b);
    for (OpId op : members_[gone]) kernel_of_[op.index] = kept;
    std::vector<OpId> merged;
    std::merge(members_[a].begin(), members_[a].end(), members_[b].begin(), members_[b].end(),
               std::back_inserter(merged));
    members_[kept] = std::move(merged);
    members_[gone].clear();
    for (KernelIndex next : after_[gone]) {
      before_[next].erase(gone);
      add_edge(kept, next);
    }
    for (KernelIndex last : before_[gone]) {
      after_[last].erase(gone);
      add_edge(last, kept);
    }
    after_[gone].clear();
    before_[gone].clear();
    after_[kept].erase(kept);
    before_[kept].erase(kept);
  }

  /// How many of the scans that are open an op belongs to.
  static size_t depth_in(const std::vector<ScanId>& open, const std::vector<ScanId>& scans) {
    size_t depth = 0;
    while (depth < open.size() && depth < scans.size() && open[depth] == scans[depth]) ++depth;
    return depth;
  }

  std::vector<KernelIndex> kernel_order() const {
    using Entry = std::pair<OpId, KernelIndex>;
    // Those that are ready, by their scan: of the scan that is open first.
    std::map<ScanId, std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>>> ready;
    std::vector<size_t> waiting(members_.size());
    auto add = [&](KernelIndex k) { ready[graph_.ops[k].scan].push({members_[k].back(), k}); };
    for (KernelIndex k = 0; k < members_.size(); ++k) {
      waiting[k] = before_[k].size();
      if (!members_[k].empty() && !is_update(k) && waiting[k] == 0) add(k);
    }
    std::vector<KernelIndex> order;
    std::vector<ScanId> open;
    while (!ready.empty()) {
      auto best = ready.begin();
      auto rank = [&](const auto& queue) {
        KernelIndex kernel = queue.second.top().second;
        return std::pair(-static_cast<int64_t>(depth_in(open, scans_[kernel])),
                         queue.second.top().first);
      };
      for (auto each = ready.begin(); each != ready.end(); ++each)
        if (rank(*each) < rank(*best)) best = each;
      KernelIndex kernel = best->second.top().second;
      best->second.pop();
      if (best->second.empty()) ready.erase(best);
      open = scans_[kernel];
      order.push_back(kernel);
      for (KernelIndex next : after_[kernel])
        if (--waiting[next] == 0) add(next);
    }
    return order;
  }

  void reorder(const std::vector<KernelIndex>& order) {
    std::vector<Op> ops;
    graph_.groups.clear();
    for (KernelIndex kernel : order) {
      Group group{fmt::format("k{}", graph_.groups.size() + 1), {}};
      for (OpId op : members_[kernel]) {
        group.ops.push_back(OpId{static_cast<uint32_t>(ops.size())});
        ops.push_back(std::move(graph_[op]));
      }
      graph_.groups.push_back(std::move(group));
    }
    for (Op& op : graph_.ops)
      if (std::holds_alternative<Update>(op.what)) ops.push_back(std::move(op));
    graph_.ops = std::move(ops);
    graph_.number_producers();
  }

  Graph& graph_;
  Remarks* remarks_;
  std::vector<std::vector<ScanId>> scans_;               ///< of each op
  std::map<ScanId, std::vector<uint32_t>> ops_of_scan_;  ///< those of the scans inside of it too
  std::map<ValueId, uint32_t> writer_;  ///< the op that makes a variable's next value
  std::vector<KernelIndex> kernel_of_;
  std::vector<std::vector<OpId>> members_;
  std::vector<std::set<KernelIndex>> after_;
  std::vector<std::set<KernelIndex>> before_;
  std::vector<uint32_t> seen_;  ///< by kernel: the last search that met it
  uint32_t search_ = 0;
};

}  // namespace

void fuse(Graph& graph, const Target&, Remarks* remarks) {
  read_signs_from_rectified(graph);
  take_slopes_early(graph);
  Fuser(graph, remarks).run();
}

}  // namespace netc
