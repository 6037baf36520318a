// Reverse mode over the scalar expression of one definition.
#pragma once

#include <functional>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// What a read contributes to the gradient of its tensor, at each point of the domain.
struct ReadAdjoint {
  ExprId read;
  ExprId value;
};

/// What the reverse sweep starts from.
struct AdjointSeed {
  ExprId root;       ///< the expression that is differentiated
  ExprId adjoint;    ///< the derivative of the scalar by `root`
  ExprId condition;  ///< where `adjoint` counts, 0 elsewhere; invalid: everywhere
  ExprId result;     ///< what to call the value of `root` in derivatives; invalid: `root` itself
};

/// The adjoints of all reads of `wanted` tensors below the seed's root, built in the same DAG.
std::vector<ReadAdjoint> adjoints_of_reads(const Graph& graph, ExprDag& dag,
                                           const std::vector<Index>& indices,
                                           const AdjointSeed& seed,
                                           const std::function<bool(ValueId)>& wanted);

}  // namespace netc
