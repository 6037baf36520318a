// Maps of what another definition writes here and there.
#pragma once

#include <optional>

#include "ir/graph.h"

namespace netc {

/// Whether a definition is a map of this type whose target is more than its indices: each point of
/// its domain writes one element of the result.
bool is_scattered(const Definition& definition, const TensorType& type);

/// The map of a scattered tensor, computed where that is written, in its order: with
/// `s[2 * i + j] = f(i, j)` and `y[k] = g(s[k], x[k])`, `y[2 * i + j] = g(f(i, j), x[2 * i + j])`.
/// Nothing if `map` is no map, or reads the tensor, `value`, at other points than its own.
std::optional<Definition> where_scattered(const Definition& map, ValueId value,
                                          const Definition& scattered);

}  // namespace netc
