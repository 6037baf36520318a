// Evaluates one definition, a part of `interpret`.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/interpret.h"

namespace netc {

/// The result of a definition of a well-formed graph; `tensors` holds what it reads, by value id.
Tensor evaluate_definition(const Definition& definition, const TensorType& type,
                           const std::vector<Tensor>& tensors, int64_t n);

}  // namespace netc
