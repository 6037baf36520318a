#include "passes/lane_totals.h"

#include <algorithm>

namespace netc {

namespace {

using loops::RegisterId;

bool is_power_of_two(int64_t lanes) { return (lanes & (lanes - 1)) == 0; }

/// Two vectors whose lanes fall into groups, one for each total, become one with groups of half
/// the size: the upper half of each has joined the lower one.
RegisterId halved(loops::Builder& builder, Function function, RegisterId a, RegisterId b,
                  int32_t group) {
  const int32_t lanes = builder.type(a).lanes;
  std::vector<int32_t> lower, upper;
  for (int32_t lane = 0; lane < 2 * lanes; ++lane)
    (lane % group < group / 2 ? lower : upper).push_back(lane);
  return builder.apply(function, {builder.shuffle(a, b, lower), builder.shuffle(a, b, upper)});
}

/// The totals of at most as many vectors as each has lanes, in the lanes of one.
RegisterId totals_in_lanes(loops::Builder& builder, Function function,
                           std::vector<RegisterId> vectors) {
  for (int32_t group = builder.type(vectors[0]).lanes; group > 1; group /= 2) {
    std::vector<RegisterId> next;
    for (size_t k = 0; k < vectors.size(); k += 2) {
      const RegisterId other = k + 1 < vectors.size() ? vectors[k + 1] : vectors[k];
      next.push_back(halved(builder, function, vectors[k], other, group));
    }
    vectors = std::move(next);
  }
  return vectors[0];
}

}  // namespace

std::vector<RegisterId> lane_totals(loops::Builder& builder, Function function,
                                    const std::vector<RegisterId>& vectors) {
  std::vector<RegisterId> totals;
  const size_t lanes = builder.type(vectors[0]).lanes;
  if (vectors.size() < 2 || !is_power_of_two(static_cast<int64_t>(lanes))) {
    for (const RegisterId vector : vectors) totals.push_back(builder.reduce(function, vector));
    return totals;
  }
  for (size_t first = 0; first < vectors.size(); first += lanes) {
    const size_t count = std::min(lanes, vectors.size() - first);
    const auto begin = vectors.begin() + static_cast<std::ptrdiff_t>(first);
    const RegisterId all =
        totals_in_lanes(builder, function, {begin, begin + static_cast<std::ptrdiff_t>(count)});
    for (size_t k = 0; k < count; ++k)
      totals.push_back(builder.extract(all, static_cast<int64_t>(k)));
  }
  return totals;
}

}  // namespace netc
