// Data of a model's shapes to time it on.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/core/netc_rt.h"

namespace netc {

/// Batches of every input of an entry: uniform in [0, 1) for floats, in the checked range for
/// integers. As many as a small data set has, since steps that find their data in the cache are
/// faster than those of any training.
class SyntheticData {
 public:
  SyntheticData(const netc_model& model, const netc_entry& entry, int64_t rows);

  /// Pointers to the inputs of the `turn`-th batch.
  std::vector<const void*> batch(int64_t turn) const;

 private:
  int64_t batches_ = 1;
  std::vector<int64_t> bytes_;  ///< of one batch of each input
  std::vector<std::vector<unsigned char>> storage_;
};

}  // namespace netc
