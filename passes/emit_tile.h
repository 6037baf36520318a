// One tile of a nest: the sums at all its points, then what is made of them.
#pragma once

#include "passes/emit_expr.h"
#include "passes/emit_reduction.h"
#include "passes/tiling.h"

namespace netc {

/// The pointer of the buffer that a store writes.
using PointerOfBuffer = std::function<loops::RegisterId(loops::BufferId)>;
/// Whether what a read finds was written a moment ago, by a nest before this one in its kernel.
using IsAtHand = std::function<bool(ExprId)>;

class TileEmitter {
 public:
  TileEmitter(const Graph& graph, const AccessedNest& nest, const Plan& plan, ExprEmitter& exprs,
              loops::Builder& builder, PointerOfBuffer pointer_of, IsAtHand is_at_hand);

  /// Makes room for what the tiles keep in memory, before all loops.
  void begin();
  /// Emits a tile at what the free indices are bound to.
  void run();

 private:
  using Values = std::vector<loops::RegisterId>;

  std::vector<Point> points() const;
  IndexId widest_row() const;
  std::vector<Point> points_of_row() const;
  void at_row(loops::RegisterId at, const std::function<void()>& body);

  void sums();
  Asking asking_for_rows();
  Asking together(Asking one, Asking other);
  void prefetch(const std::vector<Point>& points);

  ExprId read_after_sums(const Stage& stage) const;
  void park();
  void finish(const std::vector<Point>& points);
  IndexId turned_across(size_t store) const;
  void finish_rows();
  void hoist_from_rows(const std::vector<Point>& points);
  void take(loops::RegisterId at, const std::vector<Point>& points);

  /// A sum's values at all points of a tile, in scratch memory.
  struct Parked {
    ExprId read;  ///< the node that stands for it
    loops::RegisterId memory;
  };

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  ExprEmitter& exprs_;
  loops::Builder& builder_;
  PointerOfBuffer pointer_of_;
  IsAtHand is_at_hand_;
  std::vector<Parked> parked_;  ///< the sums that a loop over rows reads
  std::vector<Point> points_;   ///< of the tile at hand
  IndexId row_;                 ///< the index with the most slots besides the lanes'; invalid: none
};

}  // namespace netc
