// Staged operands: before a reduction reads a tensor again and again, the window of it that the
// loops within will read is copied to scratch memory, in the order in which they read it. What
// lies outside the tensor is filled in while copying, so that padding costs the sum nothing; rows
// far apart come to lie side by side; a transposed operand is turned.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "passes/tiling.h"

namespace netc {

/// The reads whose copies may help the sums of a nest that has its lanes along `vector`.
std::set<ExprId> stageable_reads(const Graph& graph, const AccessedNest& nest, IndexId vector,
                                 const Target& target);

/// The window of a read that is copied when the first `depth` loops of the plan's order are open;
/// nothing if it is none of fixed shape, or too large.
std::optional<StagedRead> window_at(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                                    ExprId read, size_t depth, const Target& target);

/// Estimated cycles of copying a window once.
double copy_cycles(const StagedRead& staged, const Plan& plan, int64_t capacity);

/// What the plan says of a read, if it is staged.
const StagedRead* find_staged(const Plan& plan, ExprId read);

}  // namespace netc
