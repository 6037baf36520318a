// Scalar expressions of a nest as instructions, at points of a tile: what does not vary over the
// lanes stays scalar, and what several points of a tile share is computed once.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "ir/loops/build.h"
#include "passes/access.h"

namespace netc {

/// The values that an index takes in the current tile: slot s stands for `bases[0] + s * scale`,
/// or for `bases[s]` where there are several; with lanes, for as many values from there on.
struct Binding {
  std::vector<loops::RegisterId> bases;
  int64_t slots = 1;
  int64_t scale = 1;
  uint16_t lanes = 1;
  std::vector<loops::RegisterId> masks;  ///< for each slot the live lanes; empty or invalid: all
  loops::RegisterId live;                ///< how many of the last slot's; invalid: all
};

/// The slot of every index: a point (or vector of points) of the tile.
using Point = std::vector<uint16_t>;

/// The pointer of the tensor that a read or store addresses.
using PointerOf = std::function<loops::RegisterId(ValueId)>;

class ExprEmitter {
 public:
  ExprEmitter(const Graph& graph, const AccessedNest& nest, loops::Builder& builder,
              PointerOf pointer_of);

  void bind(IndexId index, Binding binding);
  const Binding& binding(IndexId index) const { return bindings_[index.index]; }
  /// Values computed by `body` are forgotten after it.
  void scoped(const std::function<void()>& body);
  /// Runs `body` where an index is so many values further on.
  void further_on(IndexId index, int64_t values, const std::function<void()>& body);

  loops::RegisterId eval(ExprId id, const Point& point);
  /// From now on a read finds its elements in a copy: `access` leads there, where the indices of
  /// `relative` count from their bases.
  void stage(ExprId read, loops::RegisterId pointer, const Access& access, IndexSet relative);
  bool is_staged(ExprId read) const { return copies_.count(read) > 0; }
  /// From now on a read finds its elements in its tensor.
  void unstage(ExprId read) { copies_.erase(read); }
  /// The part of a sum at hand: values of one of its indices.
  struct Part {
    IndexId index;
    loops::RegisterId lower, upper;
  };
  void set_part(Part part) { part_ = part; }
  const Part& part() const { return part_; }
  /// Until `false`, a guard of a read is known to hold.
  void assume(ExprId read, size_t guard, bool holds);
  /// The value of an affine expression at indices that have one value each.
  loops::RegisterId affine_value(const Affine& affine, const Point& point);
  /// Whether a position, a scalar or one for each lane, satisfies a guard.
  loops::RegisterId within(const Guard& guard, loops::RegisterId position);
  /// The conjunction of two conditions, scalars or vectors; an invalid one always holds.
  loops::RegisterId both(loops::RegisterId a, loops::RegisterId b);
  /// The pointer that a read of the nest has without copies.
  loops::RegisterId pointer_of(ValueId tensor) const { return pointer_of_(tensor); }
  /// The result of a stage, read by its name afterwards.
  void set_stage_result(const Stage& stage, const Point& point, loops::RegisterId value);
  /// The value of one node at a point, known from elsewhere.
  void set_result(ExprId id, const Point& point, loops::RegisterId value);
  /// What stands where the nest's store number `k` writes.
  loops::RegisterId stored(size_t k, const Point& point, loops::RegisterId pointer);
  /// Asks for the line that a read, or the nest's store number `k`, will touch at a point, if it
  /// is plain from the loops where that is.
  void prefetch(ExprId read, const Point& point);
  void prefetch_store(size_t k, const Point& point, loops::RegisterId pointer);
  /// Asks for the line that a read of a sum, or its copy, will touch so many values of an index
  /// later.
  void prefetch_ahead(ExprId read, const Point& point, IndexId index, int64_t steps);
  /// Writes the nest's store number `k` through its buffer's pointer.
  void store(size_t k, const Point& point, loops::RegisterId pointer);

  /// Writes the store's values at all slots of an index whose elements lie side by side, and each
  /// lane's after those of the lane before; `point` is at the first slot.
  void store_turned(size_t k, const Point& point, loops::RegisterId pointer,
                    const std::vector<loops::RegisterId>& values);

  /// The value of an index as a scalar i64: of its first lane.
  loops::RegisterId position(IndexId index, const Point& point);
  /// The live lanes of the point; invalid: all.
  loops::RegisterId lane_mask(const Point& point) const;
  /// Repeats a scalar over the lanes; vectors stay.
  loops::RegisterId widen(loops::RegisterId value, uint16_t lanes);
  uint16_t lanes() const;

 private:
  struct Location {
    loops::RegisterId offset;
    loops::Memory memory;
    uint16_t lanes = 1;
    loops::RegisterId inside;  ///< whether the element is there; invalid: always
    bool clamped = false;      ///< outside, another element is reached instead
  };

  loops::RegisterId compute(ExprId id, const Point& point);
  loops::RegisterId apply(const Expr& expr, const Point& point);
  loops::RegisterId load(ExprId id, const Expr& expr, const Point& point);
  loops::RegisterId index_value(IndexId index, const Point& point);
  Location locate(const Access& access, const Point& point, bool vector, IndexSet relative = 0,
                  ExprId read = {});
  void locate_lanes(Location& location, const Access& access, const Point& point,
                    loops::RegisterId gathered, bool may_clamp);
  loops::RegisterId guard(const Guard& guard, const Point& point);
  void prefetch_at(const Access& access, const Point& point, loops::RegisterId pointer,
                   IndexSet relative = 0);
  loops::RegisterId lane_steps(loops::RegisterId first, loops::RegisterId step);
  Point restricted(const Point& point, IndexSet set) const;

  const Graph& graph_;
  const AccessedNest& nest_;
  loops::Builder& builder_;
  PointerOf pointer_of_;
  std::vector<Binding> bindings_;
  IndexId lane_index_;
  using Key = std::pair<uint32_t, Point>;
  std::vector<std::map<Key, loops::RegisterId>> scopes_;

  struct Copy {
    loops::RegisterId pointer;
    const Access* access = nullptr;
    IndexSet relative = 0;
  };
  std::map<ExprId, Copy> copies_;
  std::set<std::pair<ExprId, size_t>> assumed_;
  Part part_;
};

}  // namespace netc
