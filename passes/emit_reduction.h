// One reduction of a tile: loops over its indices that carry an accumulator for every point.
#pragma once

#include "passes/clipping.h"
#include "passes/emit_expr.h"
#include "passes/tiling.h"

namespace netc {

/// What is asked for while a sum runs: a share of it before each `values` of one of its indices.
struct Asking {
  size_t depth = 0;    ///< the index's, among the sum's
  int64_t shares = 0;  ///< 0: nothing
  int64_t values = 0;
  std::function<void(loops::RegisterId share)> ask;
};

class ReductionEmitter {
 public:
  /// For stage number `k` of the nest, at these points (slots of the free indices).
  ReductionEmitter(const AccessedNest& nest, const Plan& plan, size_t k, ExprEmitter& exprs,
                   loops::Builder& builder, std::vector<Point> points);

  /// Emits the loops; the results are then read by the stage's name. Where the sum comes in parts,
  /// `partial` points to what the nest's only store has written of it.
  void run(loops::RegisterId partial, const Asking& asking);

 private:
  using Values = std::vector<loops::RegisterId>;

  loops::RegisterId base(const Point& point, loops::RegisterId partial);
  Values identity();
  Values level(size_t depth, Values carried);
  Values rounds(size_t depth, Values carried, loops::RegisterId lower, loops::RegisterId upper,
                int64_t slots);
  Values steps(size_t depth, Values carried, loops::RegisterId lower, loops::RegisterId upper,
               int64_t slots);
  Values part(size_t depth, Values carried, loops::RegisterId base, int64_t slots,
              loops::RegisterId tail_mask);
  Values combine(Values carried);
  void prefetch_streamed();
  void combine_at(const Point& point, loops::RegisterId* accumulator);
  void combine_extreme(const Point& point, loops::RegisterId* accumulator);
  loops::RegisterId flat_position(const Point& point);
  Values totals(const Values& values);
  struct Bounds {
    loops::RegisterId lower, upper;
    bool cut = false;         ///< not the whole extent
    std::vector<Clip> clips;  ///< the guards that they keep
  };
  Bounds bounds(IndexId index);
  loops::RegisterId largest_in_tile(const Affine& affine, IndexId index);
  void leave_out(const Affine& condition, IndexId index, Bounds& bounds);
  bool has_one_value(IndexId index) const;
  void hoist(size_t depth);
  void hoist_from(ExprId id, IndexSet varying);
  loops::RegisterId identity_value(loops::Type type);

  const AccessedNest& nest_;
  const Plan& plan_;
  const Stage& stage_;
  ExprEmitter& exprs_;
  loops::Builder& builder_;
  std::vector<Point> points_;
  Asking asking_;
  std::vector<Clip> clips_;
  IndexId vector_;  ///< the reduced index of the lanes, if it is one
  uint16_t vector_lanes_ = 1;
  bool dead_lanes_add_zero_ = false;  ///< sums along the lanes need no masks
  size_t width_ = 1;                  ///< registers of one accumulator: 2 with a position
  size_t chains_ = 1;                 ///< accumulators of a point that are combined at the end
  int64_t copies_ = 1;                ///< of the inner loops, where outer ones are written out
};

}  // namespace netc
