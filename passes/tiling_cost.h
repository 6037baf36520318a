// What a tile of a nest costs, estimated in cycles: every node of an expression is computed once
// for each combination of slots that it varies with, on scalars or on vectors.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "passes/access.h"

namespace netc {

/// The lanes of a candidate plan.
struct LaneChoice {
  IndexId index;  ///< invalid: scalars
  uint16_t lanes = 1;
  int64_t unit_bytes = 32;   ///< of one unit for vector arithmetic
  double line_cycles = 0.8;  ///< of a lane on a line of its own
};

/// What is done for reads that are slow where they stand.
struct ReadChoice {
  /// A copy would bring their elements side by side, none outside; how many times longer they
  /// take without one.
  std::map<ExprId, double> helped;
  bool copied = false;       ///< it is made
  std::set<ExprId> clipped;  ///< loops keep their guards
  bool in_parts = false;     ///< few of them are read at a time, and stay in the second cache
  IndexSet uniform = 0;      ///< indices that tiles hold at one value, because of these guards
};

/// One node's cost, and the indices whose slots multiply it.
struct NodeCost {
  IndexSet depends = 0;
  double cycles = 0;
  double size = 1;      ///< instructions, roughly
  bool memory = false;  ///< a read or a write
  IndexSet alias = 0;   ///< indices whose steps all fall on one set of the first cache
};

/// The nodes under some roots, each once, for one choice of lanes.
class SectionCost {
 public:
  SectionCost(const AccessedNest& nest, const std::vector<ExprId>& roots, LaneChoice lanes,
              const ReadChoice& reads = {});

  /// Adds what storing through this access costs at each point.
  void add_store(const Access& access, IndexSet depends, LaneChoice lanes);
  /// Adds one instruction that varies with these indices.
  void add_operation(IndexSet depends, DType type, LaneChoice lanes);

  struct Tile {
    double cycles = 0;  ///< arithmetic and memory overlap: the longer of the two, mostly
    double size = 0;
    double least_read = 0;  ///< evaluations of the read with the fewest: they stay in registers
  };
  Tile tile(const std::vector<std::pair<IndexSet, int64_t>>& slots) const;

 private:
  std::vector<NodeCost> nodes_;
};

/// Instructions at each point of what is made of a nest's sums.
double finish_size(const AccessedNest& nest);

/// The widest element that varies over the lanes, of floats if there are any: it decides how many
/// lanes fit.
int64_t widest_element(const AccessedNest& nest, IndexId lane_index);

}  // namespace netc
