// Staged operands: before a reduction reads a tensor again and again, the window of it that the
// loops within will read is copied to scratch memory, in the order in which they read it. What
// lies outside the tensor is filled in while copying, so that padding costs the sum nothing; rows
// far apart come to lie side by side; a transposed operand is turned.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "passes/tiling.h"

namespace netc {

/// The reads whose copies may help the sums of a nest that has its lanes along `vector` and takes
/// this part of its sum at a time, each with how many times longer its elements take where they
/// stand.
std::map<ExprId, double> stageable_reads(const Graph& graph, const AccessedNest& nest,
                                         IndexId vector, SumPart part, const Target& target);

/// The window of a read that is copied, or was packed, when the first `depth` loops of the plan's
/// order are open; nothing if it is none of fixed shape, too large, or no better than the tensor.
std::optional<StagedRead> window_at(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                                    ExprId read, size_t depth, bool packed, const Target& target);

/// Whether the lines of a window of the tensor stay in the second cache beside others, though its
/// rows may lie where they fall on few sets.
bool stays_until_copied(const StagedRead& staged, DType type, const Target& target);

/// How many windows of a packed read there are.
int64_t count_windows(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                      const StagedRead& staged);

/// Scans around the nest, the outermost first, at whose every step a read must be packed anew: the
/// others leave its elements as they are.
size_t scans_of_packing(const Graph& graph, const AccessedNest& nest, ExprId read);

/// Whether the windows of a packed read are filled side by side: a few rows of each, then the next
/// few, so that the tensor is gone through line by line.
bool packs_by_rows(const StagedRead& staged);
/// Rows of a tensor that are packed at once, and how many ahead a copy asks for: so many that short
/// rows of a window fill lines, and few enough that lines of rows which lie pages apart, and so
/// fall on one set of the first cache, stay there.
constexpr int64_t far_rows_at_once = 8;

/// The plan of the kernel that packs a read of this plan's.
Plan packing_plan(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                  const StagedRead& staged, const Target& target);

/// What a packed read holds where: equal for reads of a tensor whose packed windows are the same.
std::string packing_text(const AccessedNest& nest, const Plan& plan, const StagedRead& staged);

/// Estimated cycles of copying a window once.
double copy_cycles(const StagedRead& staged, const Plan& plan, int64_t capacity);

/// What the plan says of a read, if it is staged.
const StagedRead* find_staged(const Plan& plan, ExprId read);

}  // namespace netc
