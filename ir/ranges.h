// Which integers an affine form, an expression or a tensor can hold, for every size of the batch:
// the proof behind every subscript.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace netc {

__extension__ using WideInteger = __int128;

/// constant + batch * N, in numbers that do not overflow.
struct Linear {
  WideInteger constant = 0;
  WideInteger batch = 0;

  static Linear of(Dim dim);
  Linear plus(const Linear& other, WideInteger times = 1) const;
  WideInteger at(int64_t n) const { return constant + batch * n; }
  /// Whether it is at least 0 for every N from 1 up.
  bool never_negative() const { return batch >= 0 && at(1) >= 0; }
};

/// Every value lies from `low` to `high`, both included.
struct LinearRange {
  Linear low;
  Linear high;

  bool within(Dim size) const;
};

/// All that a type can hold; floats have the range of i64, into which they saturate.
LinearRange range_of_type(DType type);

LinearRange range_of(const Affine& affine, const std::vector<Index>& indices);

/// The ranges of tensors, by value id.
using ValueRanges = std::vector<LinearRange>;

/// From checked inputs and definitions (argmax, clamp, `%`, ...); what nothing bounds has the
/// range of its type.
ValueRanges ranges_of(const Graph& graph);

/// What the first result of one operation can hold, given the ranges of what it reads.
LinearRange range_of_result(const Graph& graph, const ValueRanges& values, const Op& op);

/// The ranges of a definition's nodes, by node.
std::vector<LinearRange> ranges_of_nodes(const Graph& graph, const ValueRanges& values,
                                         const Definition& definition);

/// Affine part plus gather.
LinearRange range_of(const Subscript& subscript, const Definition& definition,
                     const std::vector<LinearRange>& nodes);

}  // namespace netc
