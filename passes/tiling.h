// How the loops of a nest run: which index the lanes of a vector stand for, how many points of
// which indices one tile holds in registers, in which order the tiles come, and how they are cut
// into tasks. Everything follows from shapes and the target, never from the number of threads.
#pragma once

#include <vector>

#include "ir/target.h"
#include "passes/access.h"

namespace netc {

/// One dimension of a window of a tensor.
struct WindowDim {
  Dim extent;                       ///< positions, at most
  BatchCount source_stride;         ///< elements of the tensor from one position to the next
  int64_t stride = 0;               ///< elements of the copy from one position to the next
  std::vector<Affine::Term> terms;  ///< the indices that move along it, each by its coefficient
  int guard = -1;                   ///< position among the access's guards; -1: none
};

/// A read whose window is copied, and how the loops within reach the copy. It goes to scratch
/// memory when the loops outside of it are open; or, packed, all windows are copied by a kernel of
/// its own beforehand, one after the other.
struct StagedRead {
  ExprId read;
  size_t depth = 0;             ///< loops of the plan's order that are open when it is reached
  bool packed = false;          ///< by a kernel of its own
  bool may_wait = false;        ///< in the second cache, if asked for before it is copied
  std::vector<IndexId> around;  ///< those of the open loops that move the window
  std::vector<WindowDim> dims;  ///< in the order of the copy, the last with stride 1
  int64_t elements = 0;         ///< of the copy
  Access access;                ///< of the copy
  IndexSet relative = 0;        ///< indices that count from where their tile begins
};

/// A read of a sum whose lines are asked for some rounds ahead, at the slots of `index`: a panel of
/// vectors, or scalars side by side.
struct StreamedRead {
  ExprId read;
  IndexId index;
  bool is_panel = true;
};

/// A sum cut into parts that run one after the other, each through all tiles.
struct SumPart {
  IndexId index;       ///< of the sum
  int64_t values = 0;  ///< of the index in one part; 0: the sum is not cut

  explicit operator bool() const { return values > 0; }
};

struct Plan {
  IndexId vector;  ///< the free index of the lanes; invalid: none
  uint16_t lanes = 1;
  std::vector<IndexId> stage_vector;  ///< for each stage without `vector`: a reduced index, or none
  std::vector<uint16_t> stage_lanes;
  std::vector<int64_t> slots;  ///< for each index: points of a tile (vectors, of the lanes)
  std::vector<IndexId> order;  ///< loops over free indices, outermost first
  std::vector<StagedRead> staged;
  SumPart part;  ///< the whole sum, if none
  /// Parts are so small that the next one is asked for while one runs. Tasks that lie side by side
  /// then go through a part together, so that its rows come as a whole.
  bool runs_together = false;
  bool prefetches = false;  ///< what is read and written after the sums is asked for before them
  /// Where nothing is summed: the index whose next value is asked for meanwhile, as rows are too
  /// short for the processor to see that more follow; invalid: none.
  IndexId next_row;
  /// What follows the sums is a loop over the rows of a tile; the sums go through memory.
  bool finishes_in_loop = false;
  std::vector<StreamedRead> streamed;
  bool moves_weights = false;  ///< too many, were it cut into tasks
  bool parallel = false;       ///< the loop over `task_index` is cut into tasks
  IndexId task_index;
  loops::Tasks tasks;
  double cycles = 0;  ///< estimated, for the capacity
  double price = 0;   ///< cycles, and what the code costs to compile

  /// The index of the lanes, free or, in a nest of one sum, reduced; invalid: none.
  IndexId lane_index() const {
    return vector || stage_vector.size() != 1 ? vector : stage_vector[0];
  }
  uint16_t lane_count() const { return vector || stage_lanes.size() != 1 ? lanes : stage_lanes[0]; }
  /// Values of an index that one slot stands for.
  int64_t lanes_at(IndexId index) const { return index == vector ? lanes : 1; }
  /// Values of an index from one round of its loop to the next.
  int64_t step(IndexId index) const { return slots[index.index] * lanes_at(index); }
  /// Rounds of the loop over an index of this extent.
  int64_t rounds(IndexId index, int64_t extent) const {
    return (extent + step(index) - 1) / step(index);
  }
};

/// Whether running the graph changes variables, as a training step does: its batches are full, but
/// for the last.
bool updates_variables(const Graph& graph);

/// The plan with the least estimated cycles.
Plan make_plan(const Graph& graph, const AccessedNest& nest, const Target& target);

}  // namespace netc
