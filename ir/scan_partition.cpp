#include "ir/scan_partition.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace netc {

namespace {

class Partition {
 public:
  Partition(Graph& graph, ScanId scan) : graph_(graph), scan_(scan) {
    size_t last = 0;
    first_ = graph.ops.size();
    for (size_t i = 0; i < graph.ops.size(); ++i)
      if (inside(graph.ops[i])) {
        first_ = std::min(first_, i);
        last = i + 1;
      }
    std::vector<Op> others;
    for (size_t i = 0; i < graph.ops.size(); ++i) {
      Op& op = graph.ops[i];
      if (i < first_ || i >= last) {
        others.push_back(std::move(op));
      } else if (!inside(op)) {
        constant_.push_back(std::move(op));
      } else {
        for (const ValueId result : op.results) makers_[result] = ops_.size();
        ops_.push_back(std::move(op));
      }
    }
    graph.ops = std::move(others);
  }

  void run() {
    read_operands();
    const std::set<size_t> carriers = carried();
    const std::set<size_t> follows = reached(carriers, users_);
    const std::set<size_t> leads = reached(carriers, operands_);
    std::vector<Op> before, within, after;
    for (size_t i = 0; i < ops_.size(); ++i) {
      const bool stays = ops_[i].scan != scan_ || (follows.count(i) && leads.count(i));
      auto& part = stays ? within : follows.count(i) ? after : before;
      if (!stays) ops_[i].scan = graph_.scans[scan_.index].outer;
      part.push_back(std::move(ops_[i]));
    }
    replace(std::move(before), std::move(within), std::move(after));
  }

 private:
  bool inside(const Op& op) const {
    const std::vector<ScanId> scans = scans_of(graph_, op);
    return std::find(scans.begin(), scans.end(), scan_) != scans.end();
  }

  void read_operands() {
    operands_.resize(ops_.size());
    users_.resize(ops_.size());
    for (size_t i = 0; i < ops_.size(); ++i)
      for (const ValueId operand : operands(ops_[i]))
        if (const auto maker = makers_.find(operand); maker != makers_.end()) {
          operands_[i].push_back(maker->second);
          users_[maker->second].push_back(i);
        }
  }

  /// The operations that read another step: those that read what comes further down.
  std::set<size_t> carried() const {
    std::set<size_t> result;
    for (size_t i = 0; i < ops_.size(); ++i)
      for (const size_t operand : operands_[i])
        if (operand >= i) result.insert(i);
    return result;
  }

  static std::set<size_t> reached(const std::set<size_t>& from,
                                  const std::vector<std::vector<size_t>>& edges) {
    std::set<size_t> seen = from;
    std::vector<size_t> stack(from.begin(), from.end());
    while (!stack.empty()) {
      const size_t at = stack.back();
      stack.pop_back();
      for (const size_t next : edges[at])
        if (seen.insert(next).second) stack.push_back(next);
    }
    return seen;
  }

  void replace(std::vector<Op> before, std::vector<Op> within, std::vector<Op> after) {
    std::vector<Op>& ops = graph_.ops;
    auto place = ops.begin() + static_cast<long>(first_);
    for (auto* part : {&constant_, &before, &within, &after}) {
      place = ops.insert(place, std::make_move_iterator(part->begin()),
                         std::make_move_iterator(part->end()));
      place += static_cast<long>(part->size());
    }
    graph_.number_producers();
  }

  Graph& graph_;
  ScanId scan_;
  size_t first_ = 0;
  std::vector<Op> constant_;  ///< stand between them, and depend on no step
  std::vector<Op> ops_;       ///< of the scan and of those inside of it
  std::map<ValueId, size_t> makers_;
  std::vector<std::vector<size_t>> operands_;
  std::vector<std::vector<size_t>> users_;
};

}  // namespace

void partition_scan(Graph& graph, ScanId scan) { Partition(graph, scan).run(); }

}  // namespace netc
