// Which data the loops of a plan go through again and again, and whether it stays in the second
// cache meanwhile.
#pragma once

#include "passes/tiling.h"

namespace netc {

/// What the sums of a plan read repeatedly.
struct Residency {
  double bytes = 0;   ///< that have to stay in the cache, together
  double cycles = 0;  ///< of fetching them from beyond it each time, where they do not
};

Residency residency_of(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                       const Target& target);

}  // namespace netc
