// A nest: what one kernel computes, the definitions of a group as one expression DAG over common
// free indices. Maps of the group are written into their readers; reductions are stages whose
// results are read in registers; what is needed outside is stored.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"

namespace netc {

/// A reduction at each point of the free domain, over indices of its own.
struct Stage {
  ValueId value;  ///< read by that name in the nest's DAG
  Reduction reduction = Reduction::sum;
  std::vector<IndexId> reduced;  ///< in order, the last fastest
  ExprId body;
  ExprId base;                ///< invalid: none
  std::vector<Affine> where;  ///< terms may be left out where one of these is negative
};

/// A write of an expression into a buffer.
struct Store {
  ValueId value;  ///< invalid: a copy
  ExprId expr;
  std::vector<Subscript> target;
  TensorType type;          ///< of the tensor that `target` addresses
  loops::BufferId buffer;   ///< where it lies
  bool accumulate = false;  ///< added to what is there
};

struct Nest {
  std::vector<Index> indices;  ///< free ones first, then those of the stages
  uint32_t free_count = 0;
  bool splits = false;  ///< its one sum may be kept in memory between parts of it
  bool packs = false;   ///< operands of its sums may be copied by kernels of their own
  uint32_t steps = 0;   ///< leading indices that the scans around hold at one value
  ExprDag dag;
  std::vector<Stage> stages;
  std::vector<Store> stores;

  const Stage* stage_of(ValueId value) const;
  bool is_free(IndexId index) const { return index.index < free_count; }
  bool accumulates() const { return !stores.empty() && stores[0].accumulate; }
  /// The largest extent of an index, for batches of so many rows.
  int64_t extent(IndexId index, int64_t capacity) const {
    return indices[index.index].extent.at(capacity);
  }
};

/// Whether the subscripts are exactly the first `count` indices in their order.
bool is_identity(const std::vector<Subscript>& subscripts, uint32_t count);

/// Whether a read of a definition takes the element at each of its points, and so the whole tensor.
bool takes_whole(const Graph& graph, const Definition& definition, const Expr& read);

/// The nest of definitions with equal free domains. Reads of a value of the group, by another of
/// the group, are at the identity. Stores, without their buffers, are made for the values that
/// `needed` says; stages that nothing stored depends on are left out.
Nest make_nest(const Graph& graph, const std::vector<OpId>& definitions,
               const std::vector<bool>& needed);

/// The nest that copies a tensor into (a part of) another: `offset` is added along `axis`.
Nest make_copy(const Graph& graph, ValueId from, const TensorType& to, uint32_t axis,
               const Affine& offset);

/// Where along an axis a tensor ends that begins at `offset`.
Affine behind(Affine offset, Dim size);

/// The nest that fills a tensor with zeros.
Nest make_zeros(const TensorType& type);

}  // namespace netc
