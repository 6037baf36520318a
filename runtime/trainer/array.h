// A tensor as a file holds it, and its conversion to the type that a model wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/core/netc_rt.h"
#include "runtime/trainer/result.h"

namespace netc::trainer {

struct Array {
  netc_dtype dtype = NETC_F32;
  std::vector<int64_t> dims;
  std::vector<std::byte> bytes;
  /// Of a table, whose rows have no shape of their own and take any with as many elements.
  bool shapeless_rows = false;
  /// Rows begin one element apart and share all others: dims [rows, window] over the
  /// rows + window - 1 elements that `bytes` holds.
  bool overlapping = false;

  size_t stored_elements() const;
};

/// The product of dimensions; nothing usable (SIZE_MAX) where it overflows.
size_t element_count(std::span<const int64_t> dims);

/// "u8[60000, 28, 28]".
std::string type_text(netc_dtype dtype, std::span<const int64_t> dims);
/// The type of a model's input, with N.
std::string type_text(const netc_tensor& tensor);

/// Values by value, where they fit: integers in range and floats exactly, floats to smaller floats
/// with rounding. `where` ("train.csv") opens the message, which names the row.
Result<std::vector<std::byte>> convert(Array array, netc_dtype target, const std::string& where);

/// Makes every byte of a bool 0 or 1, as the runtime expects.
void normalize_bools(Array& array);

/// Fails on the first NaN or infinity.
Status check_finite(const Array& array, const std::string& where);

/// The rows [begin, end) of the first dimension.
Result<Array> take_rows(Array array, int64_t begin, int64_t end, const std::string& where);

}  // namespace netc::trainer
