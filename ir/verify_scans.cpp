// Scans stand together, their operations lead with their indices, and nothing is read before its
// step was made.
#include "ir/verify_scans.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace netc {

namespace {

/// How a read of a value of the same scans stands to the step that makes it.
enum class Step { earlier, same, other };

Step step_of(const Graph& graph, const Expr& read, const std::vector<ScanId>& scans,
             size_t shared) {
  for (uint32_t depth = 0; depth < shared; ++depth) {
    const Subscript& subscript = read.subscripts[depth];
    if (subscript.data.valid()) return Step::other;
    Affine distance = subscript.affine;
    distance.add(Affine::of(IndexId{depth}), -1);
    if (!distance.is_constant() || distance.batch != 0) return Step::other;
    if (distance.constant == 0) continue;
    const bool before =
        graph.scans[scans[depth].index].reversed ? distance.constant > 0 : distance.constant < 0;
    return before ? Step::earlier : Step::other;
  }
  return Step::same;
}

class ScanVerifier {
 public:
  ScanVerifier(const Graph& graph, std::vector<std::string>& messages)
      : graph_(graph), messages_(messages) {}

  void run() {
    for (size_t i = 0; i < graph_.scans.size(); ++i) check_scan(i);
    if (failed_) return;
    check_neighbours();
    for (const Op& op : graph_.ops)
      if (op.scan.valid()) check_op(op);
  }

 private:
  template <typename... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    messages_.push_back(fmt::format(text, std::forward<Args>(args)...));
    failed_ = true;
  }

  void check_scan(size_t position) {
    const Scan& scan = graph_.scans[position];
    if (scan.index.extent.batch || scan.index.extent.factor < 1)
      say("a scan over {} steps", to_string(scan.index.extent));
    if (scan.outer.valid() && scan.outer.index >= position)
      say("a scan stands before the one that holds it");
  }

  void check_neighbours() {
    std::set<ScanId> closed;
    std::vector<ScanId> open;
    for (const Op& op : graph_.ops) {
      if (op.scan.valid() && op.scan.index >= graph_.scans.size())
        return say("an operation belongs to no scan there is");
      const std::vector<ScanId> scans = scans_of(graph_, op);
      for (const ScanId scan : open)
        if (std::find(scans.begin(), scans.end(), scan) == scans.end()) closed.insert(scan);
      for (const ScanId scan : scans)
        if (closed.count(scan)) return say("the operations of a scan do not stand together");
      open = scans;
    }
  }

  void check_op(const Op& op) {
    const std::vector<ScanId> scans = scans_of(graph_, op);
    if (op.results.empty()) return say("a scan holds an update");
    const Value& result = graph_[op.results[0]];
    if (result.type.rank() < scans.size())
      return say("%{}: it lacks the axes of its scans", result.name);
    for (uint32_t depth = 0; depth < scans.size(); ++depth)
      if (result.type.dims[depth] != graph_.scans[scans[depth].index].index.extent)
        return say("%{}: axis {} is not that of its scan", result.name, depth);
    if (const auto* definition = std::get_if<Definition>(&op.what))
      check_definition(op, *definition, scans);
    if (const auto* reshape = std::get_if<Reshape>(&op.what)) {
      const std::vector<Dim>& dims = graph_[reshape->operand].type.dims;
      if (dims.size() < scans.size() ||
          !std::equal(dims.begin(), dims.begin() + static_cast<long>(scans.size()),
                      result.type.dims.begin()))
        say("%{}: a reshape in a scan keeps its axes", result.name);
    }
    if (const auto* concat = std::get_if<Concat>(&op.what); concat && concat->axis < scans.size())
      say("%{}: the steps of a scan are not concatenated", result.name);
  }

  void check_definition(const Op& op, const Definition& definition,
                        const std::vector<ScanId>& scans) {
    const std::string& name = graph_[op.results[0]].name;
    if (definition.free_count < scans.size())
      return say("%{}: it lacks the indices of its scans", name);
    for (uint32_t depth = 0; depth < scans.size(); ++depth)
      if (definition.target[depth].data.valid() ||
          definition.target[depth].affine.single() != IndexId{depth})
        return say("%{}: its first indices are not those of its scans", name);
    for (const ExprId node : reachable(definition)) {
      const Expr& read = definition.dag[node];
      if (read.kind != ExprKind::read || !graph_[read.tensor].producer.valid()) continue;
      const size_t shared = shared_scans(graph_, op, graph_[graph_[read.tensor].producer]);
      if (shared > 0 && step_of(graph_, read, scans, shared) == Step::other)
        say("%{}: `{}` is read at another step than an earlier one", name,
            graph_[read.tensor].name);
    }
  }

  const Graph& graph_;
  std::vector<std::string>& messages_;
  bool failed_ = false;
};

}  // namespace

void verify_scans(const Graph& graph, std::vector<std::string>& messages) {
  ScanVerifier(graph, messages).run();
}

bool reads_earlier_steps(const Graph& graph, const Op& op, ValueId value) {
  const auto* definition = std::get_if<Definition>(&op.what);
  const OpId producer = graph[value].producer;
  if (!definition || !producer.valid() || producer.index >= graph.ops.size()) return false;
  const std::vector<ScanId> scans = scans_of(graph, op);
  const size_t shared = shared_scans(graph, op, graph[producer]);
  for (const ExprId node : reachable(*definition)) {
    const Expr& read = definition->dag[node];
    if (read.kind != ExprKind::read || read.tensor != value) continue;
    if (read.subscripts.size() < shared || !read.otherwise.valid() ||
        step_of(graph, read, scans, shared) != Step::earlier)
      return false;
  }
  return true;
}

}  // namespace netc
