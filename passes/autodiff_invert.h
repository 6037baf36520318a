// Turns a scattered sum into a definition that each element reads for itself.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// tensor[subscripts] += value, at every point of a domain; what falls outside is dropped.
struct Scatter {
  std::vector<Index> indices;
  uint32_t free_count = 0;  ///< the first ones are the result's indices where the read stands
  const ExprDag* dag = nullptr;
  ExprId value;
  std::vector<Subscript> subscripts;
  TensorType type;                 ///< of the tensor
  std::vector<std::string> names;  ///< of the tensor's dimensions where they are known, or ""
};

/// The same sum as a definition: a map or a sum over what the subscripts leave free, where they can
/// be inverted; an accumulating definition otherwise.
Definition inverted(const Graph& graph, const Scatter& scatter);

}  // namespace netc
