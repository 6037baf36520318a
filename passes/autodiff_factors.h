// Takes out of a sum what it does not depend on.
#pragma once

#include <string>

#include "ir/graph.h"

namespace netc {

/// A sum that does no work twice: `sum[i, j] f * g(i)` with i in 0..I, j in 0..J becomes
/// `t = sum[i] J * g(i)` and the map `t * f`, where f is more than constants. The sum t, where
/// there is one, is appended to the graph under `name`; what is returned reads it.
Definition with_factors_taken_out(Graph& graph, const TensorType& type, Definition sum,
                                  const std::string& name, SourceRange range);

}  // namespace netc
