// Totals over the lanes of vectors, several at a time.
#pragma once

#include <vector>

#include "ir/loops/build.h"

namespace netc {

/// What `reduce` gives for each of the vectors, bit for bit, as scalars. Two at a time share a
/// register from the first halving on, then four, so that all take about as many instructions as
/// there are vectors, times three, and not times their number of halvings.
std::vector<loops::RegisterId> lane_totals(loops::Builder& builder, Function function,
                                           const std::vector<loops::RegisterId>& vectors);

}  // namespace netc
