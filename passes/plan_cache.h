// Networks repeat their layers: nests that differ in names alone have one plan.
#pragma once

#include <map>
#include <string>

#include "passes/tiling.h"

namespace netc {

/// All that planning looks at, outside of scans.
std::string nest_key(const Graph& graph, const AccessedNest& nest);

class PlanCache {
 public:
  explicit PlanCache(const Target& target) : target_(target) {}

  /// As `make_plan`.
  Plan plan(const Graph& graph, const AccessedNest& nest);

 private:
  const Target& target_;
  std::map<std::string, Plan> plans_;
};

}  // namespace netc
