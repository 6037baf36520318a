// The adjoints of a scan's values form a scan that runs the other way.
#pragma once

#include <map>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// The scans that a backward pass adds to a graph: one for each scan that it goes through.
class MirroredScans {
 public:
  /// What stands within the scans of `around` has its adjoints there, too.
  MirroredScans(Graph& graph, const std::vector<ScanId>& around) : graph_(graph) {
    for (const ScanId scan : around) mirrors_.emplace(scan, scan);
    if (!around.empty()) around_ = around.back();
  }

  /// The scan of the adjoints of what stands in `scan`, or in none.
  ScanId of(ScanId scan);

  /// Puts the operations from `first` to the end, the adjoints of one outermost scan, into the
  /// order of their steps. `at_front` are those that read other steps only: each goes to where its
  /// scan begins. Operations that need not run step by step leave their scans.
  void arrange(size_t first, std::vector<Op> at_front);

 private:
  bool is_inside(const Op& op, ScanId scan) const;

  Graph& graph_;
  ScanId around_;  ///< the innermost scan that all adjoints stand in; invalid: none
  std::map<ScanId, ScanId> mirrors_;
};

}  // namespace netc
