// Tensors that others make up, side by side along an axis: `concat`, and the gradient of `split`.
#pragma once

#include <map>
#include <vector>

#include "ir/graph.h"
#include "passes/nest.h"

namespace netc {

/// Where a tensor lies in the one that it is a part of.
struct Piece {
  ValueId whole;
  uint32_t axis = 0;
  Affine offset;        ///< of its first element along the axis
  bool is_sum = false;  ///< with zeros of the other pieces: -0 becomes 0
};

/// The pieces that may be written to where their wholes lie, so that these need no copies: a piece
/// is a definition's result, which outside of its group only the whole reads; a whole is alone in
/// its group, and replaces no variable.
///
/// `groups` are those of the graph, in their order.
std::map<ValueId, Piece> find_pieces(const Graph& graph,
                                     const std::vector<std::vector<OpId>>& groups);

/// Lets a nest store a piece where it belongs.
void store_in_whole(const Graph& graph, const Piece& piece, Nest& nest, Store& store);

}  // namespace netc
