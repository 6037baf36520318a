// Evaluates one definition, a part of `interpret`.
#pragma once

#include <vector>

#include "ir/graph.h"
#include "ir/interpret.h"

namespace netc {

/// Writes the result of a definition of a well-formed graph into `result`; `tensors` holds what it
/// reads, by value id. The first free indices are held at the values `step` of the scans around.
void evaluate_definition(const Definition& definition, const std::vector<Tensor>& tensors,
                         int64_t n, const std::vector<int64_t>& step, Tensor& result);

}  // namespace netc
