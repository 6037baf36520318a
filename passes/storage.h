// Where every tensor of a step lies: which buffer holds it, which results are written straight to
// the caller's memory, and which updates happen in place.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"
#include "passes/pieces.h"

namespace netc {

/// A copy between buffers that stands before or after the kernels of a step.
struct Transfer {
  ValueId from;
  loops::BufferId to;
};

struct Storage {
  std::vector<ValueId> root;            ///< for each value: itself, or what it is a view of
  std::vector<loops::BufferId> buffer;  ///< for each root that is stored
  std::vector<bool> needed;             ///< for each value: whether its op must store it
  std::map<ValueId, Piece> pieces;      ///< what is stored within something larger
  std::vector<Transfer> before;         ///< results that are variables' old values, or inputs
  std::vector<Transfer> saved;          ///< after the kernels: old values that updates exchange
  std::vector<std::pair<loops::BufferId, Transfer>> after;  ///< results and updates; a valid first
                                                            ///< is the saved copy to read instead
  loops::BufferId of(ValueId value) const { return buffer[root[value.index].index]; }
};

/// Decides for a graph whose ops run in the groups' order; adds the buffers to the step.
Storage place(const Graph& graph, const std::vector<std::vector<OpId>>& groups, loops::Step& step);

/// The groups of a graph, and each op that is in none on its own; updates are left out.
std::vector<std::vector<OpId>> groups_of(const Graph& graph);

}  // namespace netc
