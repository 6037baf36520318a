// Changes to the indices of a definition.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace netc {

/// The indices that an expression depends on, gathers included; by position.
std::vector<bool> used_indices(const Definition& definition, ExprId root);

/// The definition without those of its reduced indices that are `dropped`: each stands for 0. A
/// reduction that has none left becomes a map, to which a sum's base is added.
Definition without_indices(const Definition& from, const std::vector<bool>& dropped);

/// sum[i, j] g(i) -> sum[i] J * g(i), for j in 0..J.
Definition without_unused_indices(Definition sum);

}  // namespace netc
