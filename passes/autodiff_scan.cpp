// 1. What carries adjoints from step to step goes before all that reads it.
// 2. The first indices of definitions are called as those of their scans.
// 3. Inner scans first, each gives away what need not run step by step.
#include "passes/autodiff_scan.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "ir/scan_partition.h"

namespace netc {

namespace {

/// Step 2.
void name_steps(const Graph& graph, Op& op) {
  auto* definition = std::get_if<Definition>(&op.what);
  if (definition == nullptr) return;
  const std::vector<ScanId> scans = scans_of(graph, op);
  for (size_t depth = 0; depth < scans.size(); ++depth) {
    const std::string& name = graph.scans[scans[depth].index].index.name;
    std::vector<Index>& indices = definition->indices;
    const bool is_taken = std::any_of(indices.begin(), indices.end(),
                                      [&](const Index& index) { return index.name == name; });
    if (!is_taken) indices[depth].name = name;
  }
}

}  // namespace

ScanId MirroredScans::of(ScanId scan) {
  if (!scan.valid()) return around_;
  if (const auto known = mirrors_.find(scan); known != mirrors_.end()) return known->second;
  Scan mirror = graph_.scans[scan.index];
  mirror.reversed = !mirror.reversed;
  mirror.outer = of(mirror.outer);
  const ScanId id{static_cast<uint32_t>(graph_.scans.size())};
  graph_.scans.push_back(std::move(mirror));
  mirrors_.emplace(scan, id);
  return id;
}

bool MirroredScans::is_inside(const Op& op, ScanId scan) const {
  const std::vector<ScanId> scans = scans_of(graph_, op);
  return std::find(scans.begin(), scans.end(), scan) != scans.end();
}

void MirroredScans::arrange(size_t first, std::vector<Op> at_front) {
  std::vector<Op>& ops = graph_.ops;
  for (Op& op : at_front) {
    const auto place = std::find_if(ops.begin() + static_cast<std::ptrdiff_t>(first), ops.end(),
                                    [&](const Op& other) { return is_inside(other, op.scan); });
    ops.insert(place, std::move(op));
  }
  std::set<ScanId> scans;
  for (size_t i = first; i < ops.size(); ++i) {
    name_steps(graph_, ops[i]);
    for (const ValueId result : ops[i].results)
      graph_[result].producer = OpId{static_cast<uint32_t>(i)};
    for (const ScanId scan : scans_of(graph_, ops[i]))
      if (!mirrors_.contains(scan)) scans.insert(scan);  // those around are not complete yet
  }
  // An inner scan has the greater id.
  for (auto scan = scans.rbegin(); scan != scans.rend(); ++scan) partition_scan(graph_, *scan);
}

}  // namespace netc
