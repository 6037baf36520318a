// What the text of a definition leaves out because it follows: the extents of indices. Printer and
// parser share this one inference, so that what one leaves out the other finds again.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// What reads say about the extent of an index.
struct InferredExtent {
  std::optional<Dim> dim;  ///< set if all places agree
  bool conflict = false;   ///< set if they do not; neither: nothing is said
};

/// For each index of the definition, the size of the dimensions where it stands alone: of reads
/// without `else`; of reads with `else` where there is no other; of the result, if its type is
/// `annotated` and there is no read.
std::vector<InferredExtent> infer_extents(const Graph& graph, const Definition& definition,
                                          const TensorType* annotated);

/// Whether a word has a meaning of its own in expressions and cannot name an index.
bool is_reserved_word(std::string_view word);

/// Levels of precedence that are not rows of the table of functions.
inline constexpr int level_loosest = 0;    ///< if-then-else: wants no parentheses around it
inline constexpr int level_sum = 5;        ///< what a base is, left of `+ sum[i] ...`
inline constexpr int level_product = 6;    ///< what a reduction takes in
inline constexpr int level_negation = 8;   ///< a negative number
inline constexpr int level_tightest = 10;  ///< names, calls, parentheses

}  // namespace netc
