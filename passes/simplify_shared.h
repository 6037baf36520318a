// Sums over what a map has computed already.
#pragma once

#include <map>

#include "ir/graph.h"
#include "passes/simplify_numbering.h"

namespace netc {

/// Remembers the maps of a graph by their expressions, so that a sum of the same expression reads
/// the map instead: the gradient of a bias, `sum[n] d.h[n, o] * (1 - h[n, o] * h[n, o])`, becomes
/// `sum[n] d.z[n, o]`.
class SharedMaps {
 public:
  /// Remembers a map that is stored in `value`.
  void add(const Definition& map, ValueId value);

  /// The definition with its body read from a map, if it is a sum and there is such a map.
  Definition shared(Definition definition);

 private:
  struct Entry {
    ValueId value;
    IndexOrder order;
    std::vector<Dim> extents;  ///< by index of the map
  };

  ValueNumbering numbering_;
  std::map<int64_t, Entry> maps_;
};

}  // namespace netc
