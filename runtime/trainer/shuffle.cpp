// Fisher and Yates's shuffle with one Philox block a swap.
#include "runtime/trainer/shuffle.h"

#include <numeric>
#include <utility>

#include "runtime/core/philox.h"

namespace netc::trainer {

std::vector<uint32_t> in_order(size_t rows) {
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  return order;
}

std::vector<uint32_t> shuffled(size_t rows, uint64_t seed, uint64_t block, uint64_t epoch) {
  std::vector<uint32_t> order = in_order(rows);
  netc_stream stream = netc_stream_of(seed, netc_hash_name("shuffle") + (block << 40) + epoch);
  for (size_t i = rows; i > 1; --i) {
    uint32_t words[4];
    netc_stream_block(&stream, i, words);
    // 64 random bits times i, shifted down: the bias is below 2^-32.
    uint64_t random = static_cast<uint64_t>(words[0]) << 32 | words[1];
    size_t other = static_cast<size_t>((static_cast<unsigned __int128>(random) * i) >> 64);
    std::swap(order[i - 1], order[other]);
  }
  return order;
}

}  // namespace netc::trainer
