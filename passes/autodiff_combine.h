// Adds what the readers of a tensor contribute to its gradient.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// One part of a tensor's gradient: an operation that is not in the graph yet.
using Contribution = std::variant<Definition, Reshape>;

/// The name and place of a gradient, and its value where one waits for it already.
struct GradientName {
  std::string name;
  SourceRange range;
  ValueId value;  ///< invalid: a new value
};

/// Appends operations whose last one gives the sum of all parts, and returns its value. Without
/// parts the gradient is 0.
ValueId add_combined(Graph& graph, const TensorType& type, std::vector<Contribution> parts,
                     const GradientName& name);

}  // namespace netc
