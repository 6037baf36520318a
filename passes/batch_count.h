// Numbers of elements that may depend on the batch: strides and offsets of dense tensors are
// polynomials in N, constants where N leads.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/loops/build.h"
#include "ir/types.h"

namespace netc {

/// sum of coefficients[k] * N^k, without zeros at the end.
class BatchCount {
 public:
  BatchCount() = default;
  BatchCount(int64_t constant) : coefficients_{constant} { trim(); }  // NOLINT: a number is one
  static BatchCount of(Dim dim);

  BatchCount& add(const BatchCount& other, int64_t times = 1);
  BatchCount times(Dim dim) const;

  bool is_zero() const { return coefficients_.empty(); }
  bool is_constant() const { return coefficients_.size() <= 1; }
  /// The value without N.
  int64_t constant() const { return coefficients_.empty() ? 0 : coefficients_[0]; }
  bool is(int64_t value) const { return is_constant() && constant() == value; }
  /// The value for a batch of this size.
  int64_t at(int64_t batch) const;
  const std::vector<int64_t>& coefficients() const { return coefficients_; }
  /// The value in a kernel, as i64.
  loops::RegisterId emit(loops::Builder& builder) const;

  friend bool operator==(const BatchCount&, const BatchCount&) = default;

 private:
  void trim();
  std::vector<int64_t> coefficients_;
};

/// Elements from one value of each subscript to the next, in row-major order.
std::vector<BatchCount> strides(const TensorType& type);

}  // namespace netc
