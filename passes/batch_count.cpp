// Arithmetic on polynomials in N, and their values in kernels.
#include "passes/batch_count.h"

#include <algorithm>

namespace netc {

BatchCount BatchCount::of(Dim dim) {
  BatchCount count;
  if (dim.batch) count.coefficients_ = {0, dim.factor};
  if (!dim.batch) count.coefficients_ = {dim.factor};
  count.trim();
  return count;
}

BatchCount& BatchCount::add(const BatchCount& other, int64_t times) {
  coefficients_.resize(std::max(coefficients_.size(), other.coefficients_.size()));
  for (size_t k = 0; k < other.coefficients_.size(); ++k)
    coefficients_[k] += times * other.coefficients_[k];
  trim();
  return *this;
}

BatchCount BatchCount::times(Dim dim) const {
  BatchCount product = *this;
  for (int64_t& coefficient : product.coefficients_) coefficient *= dim.factor;
  if (dim.batch) product.coefficients_.insert(product.coefficients_.begin(), 0);
  product.trim();
  return product;
}

int64_t BatchCount::at(int64_t batch) const {
  int64_t value = 0;
  for (size_t k = coefficients_.size(); k-- > 0;) value = value * batch + coefficients_[k];
  return value;
}

void BatchCount::trim() {
  while (!coefficients_.empty() && coefficients_.back() == 0) coefficients_.pop_back();
}

loops::RegisterId BatchCount::emit(loops::Builder& builder) const {
  // Horner's rule, from the highest power down.
  loops::RegisterId value = builder.integer(0);
  for (size_t k = coefficients_.size(); k-- > 0;) {
    if (k + 1 < coefficients_.size()) value = builder.mul(value, builder.batch());
    value = builder.add(value, builder.integer(coefficients_[k]));
  }
  return value;
}

std::vector<BatchCount> strides(const TensorType& type) {
  std::vector<BatchCount> result(type.rank());
  BatchCount stride = 1;
  for (size_t d = type.rank(); d-- > 0;) {
    result[d] = stride;
    stride = stride.times(type.dims[d]);
  }
  return result;
}

}  // namespace netc
