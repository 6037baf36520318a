// The order in which an epoch visits the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace netc::trainer {

/// A permutation of 0 to rows - 1 that depends on the seed, the train block and the epoch only.
std::vector<uint32_t> shuffled(size_t rows, uint64_t seed, uint64_t block, uint64_t epoch);

/// 0 to rows - 1.
std::vector<uint32_t> in_order(size_t rows);

}  // namespace netc::trainer
