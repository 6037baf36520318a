// Sums over products of sums, by a sum that is there.
#pragma once

#include <optional>

#include "ir/graph.h"
#include "passes/simplify_definition.h"

namespace netc {

/// `sum[c] (sum[d] a[t, d] * b[c, d]) * w[t, c]` as `sum[d] a[t, d] * y[t, d]`, where there is
/// `y[t, d] = sum[c] w[t, c] * b[c, d]` and d has no more values than c. In attention y is the
/// output, and what becomes shorter the sum in softmax's gradient; as in Dao et al. 2022,
/// "FlashAttention", appendix B.
std::optional<Definition> by_known_sum(const Definition& sum, const KnownTensors& known);

}  // namespace netc
