// Bytes are put into this machine's order, then narrow integers widened; u64 must fit in i64.
#include "runtime/trainer/elements.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/core/dtype.h"

namespace netc::trainer {
namespace {

netc_dtype holder_of(Element element) {
  switch (element.kind) {
    case Element::real:
      return element.bytes == 2 ? NETC_F16 : element.bytes == 4 ? NETC_F32 : NETC_F64;
    case Element::boolean:
      return NETC_BOOL;
    case Element::natural:
      return element.bytes == 1 ? NETC_U8 : element.bytes == 2 ? NETC_I32 : NETC_I64;
    case Element::integer:
      break;
  }
  return element.bytes <= 4 ? NETC_I32 : NETC_I64;
}

void swap_bytes(std::vector<std::byte>& data, size_t item) {
  for (size_t at = 0; at + item <= data.size(); at += item)
    std::reverse(data.begin() + static_cast<ptrdiff_t>(at),
                 data.begin() + static_cast<ptrdiff_t>(at + item));
}

template <typename From, typename To>
std::vector<std::byte> widen_items(const std::vector<std::byte>& data) {
  size_t count = data.size() / sizeof(From);
  std::vector<std::byte> wide(count * sizeof(To));
  for (size_t i = 0; i < count; ++i) {
    From from;
    std::memcpy(&from, data.data() + i * sizeof from, sizeof from);
    To to = static_cast<To>(from);
    std::memcpy(wide.data() + i * sizeof to, &to, sizeof to);
  }
  return wide;
}

}  // namespace

Result<Array> widen(std::vector<std::byte> data, Element element, std::endian order,
                    std::vector<int64_t> dims, const std::string& where) {
  Array array;
  array.dtype = holder_of(element);
  array.dims = std::move(dims);
  if (order != std::endian::native && element.bytes > 1) swap_bytes(data, element.bytes);
  bool is_signed = element.kind == Element::integer;
  if (element.kind == Element::real || element.kind == Element::boolean ||
      netc_dtype_bytes(array.dtype) == element.bytes) {
    array.bytes = std::move(data);
  } else if (element.bytes == 1) {
    array.bytes = widen_items<int8_t, int32_t>(data);
  } else if (element.bytes == 2) {
    array.bytes =
        is_signed ? widen_items<int16_t, int32_t>(data) : widen_items<uint16_t, int32_t>(data);
  } else {
    array.bytes = widen_items<uint32_t, int64_t>(data);
  }
  bool unsigned_wide = element.kind == Element::natural && element.bytes == 8;
  for (size_t at = 0; unsigned_wide && at < array.bytes.size(); at += 8) {
    int64_t value;
    std::memcpy(&value, array.bytes.data() + at, sizeof value);
    if (value < 0)
      return failure(exit_bad_input, "{}: element {} is beyond the largest i64", where, at / 8);
  }
  if (element.kind == Element::boolean) normalize_bools(array);
  return array;
}

}  // namespace netc::trainer
