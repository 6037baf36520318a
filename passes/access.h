// How the reads and writes of a nest reach memory: each as an offset that is linear in the
// indices, so that what is contiguous, strided or constant along an index is plain to see.
#pragma once

#include <map>
#include <vector>

#include "passes/batch_count.h"
#include "passes/nest.h"

namespace netc {

constexpr int64_t line_bytes = 64;  ///< of a cache

/// A subscript that may leave its dimension: inside means 0 <= affine + data < size.
struct Guard {
  Affine affine;
  ExprId data;
  Dim size;
  bool lower = true;  ///< whether it can be negative
  bool upper = true;  ///< whether it can reach `size`
};

/// The element at `constant + sum of strides[i] * i + sum of stride * data`.
struct Access {
  BatchCount constant;
  std::map<IndexId, BatchCount> strides;  ///< without zeros
  std::vector<std::pair<ExprId, BatchCount>> data;
  std::vector<Guard> guards;

  /// Elements from one value of the index to the next.
  BatchCount stride(IndexId index) const;
};

/// A set of indices as bits; all indices from 63 on share one bit.
using IndexSet = uint64_t;
inline IndexSet bit(IndexId index) { return IndexSet{1} << (index.index < 63 ? index.index : 63); }

/// A nest with its memory accesses, and with the indices merged that all of them cross
/// contiguously: of a merged pair the first has extent 1 and is used nowhere. Steps of scans have
/// extent 1 as well, and any value.
struct AccessedNest {
  Nest nest;
  std::map<ExprId, Access> reads;  ///< of tensors in memory, not of stages
  std::vector<Access> stores;      ///< as `nest.stores`
  std::vector<IndexSet> depends;   ///< for each node of the DAG, the indices that it varies with

  /// Whether a read may be copied by a kernel of its own.
  bool may_pack(ExprId read) const { return nest.packs && reads.at(read).guards.empty(); }
};

AccessedNest access(const Graph& graph, Nest nest);

}  // namespace netc
