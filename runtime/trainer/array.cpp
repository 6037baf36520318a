// Conversions go through one of two wide types, int64 or double, and are refused where the value
// that comes out is another one.
#include "runtime/trainer/array.h"

#include <cmath>
#include <cstring>

#include "runtime/core/dtype.h"

namespace netc::trainer {
namespace {

bool is_integral(netc_dtype dtype) { return !netc_dtype_is_float(dtype); }

int64_t load_integer(const Array& array, size_t index) {
  const std::byte* at = array.bytes.data() + index * netc_dtype_bytes(array.dtype);
  if (array.dtype == NETC_I64) {
    int64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  if (array.dtype == NETC_I32) {
    int32_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
  }
  return static_cast<int64_t>(*at);
}

/// "row 17" or "row 17, element 3".
std::string place(const Array& array, size_t index) {
  if (array.overlapping) return fmt::format("offset {}", index);
  size_t rows = array.dims.empty() ? 1 : static_cast<size_t>(array.dims[0]);
  size_t row = rows == 0 ? 1 : element_count(array.dims) / rows;
  if (row <= 1) return fmt::format("row {}", index);
  return fmt::format("row {}, element {}", index / row, index % row);
}

Failure misfit(const Array& array, size_t index, netc_dtype target, const std::string& where) {
  std::string value =
      is_integral(array.dtype)
          ? fmt::format("{}", load_integer(array, index))
          : fmt::format("{}", netc_dtype_load(array.dtype, array.bytes.data(), index));
  return failure(exit_mismatch, "{}: {}: {} does not fit in {}", where, place(array, index), value,
                 netc_dtype_name(target));
}

/// Whether an integer is stored as itself; it is written in any case.
bool store_integer(netc_dtype target, void* to, size_t index, int64_t value) {
  if (target == NETC_I64) {
    std::memcpy(static_cast<std::byte*>(to) + 8 * index, &value, sizeof value);
    return true;
  }
  netc_dtype_store(target, to, index, static_cast<double>(value));
  double stored = netc_dtype_load(target, to, index);
  // Beyond 2^53 the way through double may round: such values must come back as they were.
  return std::fabs(stored) < 0x1p63 && static_cast<int64_t>(stored) == value;
}

bool store_real(netc_dtype target, void* to, size_t index, double value) {
  netc_dtype_store(target, to, index, value);
  double stored = netc_dtype_load(target, to, index);
  if (is_integral(target)) return stored == value;
  return std::isfinite(stored) || !std::isfinite(value);
}

}  // namespace

size_t Array::stored_elements() const {
  if (!overlapping) return element_count(dims);
  return dims[0] == 0 ? 0 : static_cast<size_t>(dims[0] + dims[1] - 1);
}

size_t element_count(std::span<const int64_t> dims) {
  return netc_elements(dims.data(), static_cast<unsigned>(dims.size()), 1);
}

std::string type_text(netc_dtype dtype, std::span<const int64_t> dims) {
  char text[400];
  netc_type_text(text, sizeof text, dtype, dims.data(), static_cast<unsigned>(dims.size()));
  return text;
}

std::string type_text(const netc_tensor& tensor) {
  return type_text(static_cast<netc_dtype>(tensor.dtype), {tensor.dims, tensor.rank});
}

Result<std::vector<std::byte>> convert(Array array, netc_dtype target, const std::string& where) {
  if (array.dtype == target) return std::move(array.bytes);
  size_t count = array.stored_elements();
  std::vector<std::byte> converted(count * netc_dtype_bytes(target));
  for (size_t i = 0; i < count; ++i) {
    bool fits = is_integral(array.dtype)
                    ? store_integer(target, converted.data(), i, load_integer(array, i))
                    : store_real(target, converted.data(), i,
                                 netc_dtype_load(array.dtype, array.bytes.data(), i));
    if (!fits) return misfit(array, i, target, where);
  }
  return converted;
}

void normalize_bools(Array& array) {
  for (std::byte& value : array.bytes) value = value == std::byte{0} ? value : std::byte{1};
}

Status check_finite(const Array& array, const std::string& where) {
  if (is_integral(array.dtype)) return Done{};
  size_t count = array.stored_elements();
  for (size_t i = 0; i < count; ++i) {
    double value = netc_dtype_load(array.dtype, array.bytes.data(), i);
    if (!std::isfinite(value))
      return failure(exit_bad_input, "{}: {}: {} is no finite number", where, place(array, i),
                     value);
  }
  return Done{};
}

Result<Array> take_rows(Array array, int64_t begin, int64_t end, const std::string& where) {
  int64_t rows = array.dims.empty() ? 0 : array.dims[0];
  if (begin < 0 || end < begin || end > rows)
    return failure(exit_mismatch, "{}: part {}..{} of {} rows", where, begin, end, rows);
  size_t step = array.overlapping ? netc_dtype_bytes(array.dtype)
                : rows == 0       ? 0
                                  : array.bytes.size() / static_cast<size_t>(rows);
  array.dims[0] = end - begin;
  int64_t shared = array.overlapping && end > begin ? array.dims[1] - 1 : 0;
  array.bytes.erase(array.bytes.begin() + static_cast<ptrdiff_t>(step) * (end + shared),
                    array.bytes.end());
  array.bytes.erase(array.bytes.begin(),
                    array.bytes.begin() + static_cast<ptrdiff_t>(step) * begin);
  return array;
}

}  // namespace netc::trainer
