// Finds operations that compute the same.
#pragma once

#include <map>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// Indices in the order in which an expression first names them.
using IndexOrder = std::vector<IndexId>;

/// Numbers expressions and operations by what they compute: equal numbers, equal values. The names
/// of indices do not count, nor does the order of operands where a function commutes.
class ValueNumbering {
 public:
  /// The value that an earlier equal operation made, or `result` if this is the first.
  ValueId first_of(const Op& op, const TensorType& type, ValueId result);

  /// The number of an expression. With `order`, indices are told apart only by when they first
  /// appear, and `order` receives them: expressions equal but for indices get equal numbers.
  int64_t number_of(const ExprDag& dag, ExprId root, IndexOrder* order = nullptr);

 private:
  using Key = std::vector<int64_t>;

  std::map<Key, int64_t> expressions_;
  std::map<Key, ValueId> operations_;
};

}  // namespace netc
