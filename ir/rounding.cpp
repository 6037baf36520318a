// What element types can hold: rounding to floats, wrapping and saturating to integers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/functions.h"

namespace netc {

namespace {

/// Rounds to a binary format of `bits` explicit mantissa bits, to even on ties.
double round_binary(double value, int bits, int least_exponent, double largest) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), least_exponent);
  const double quantum = std::ldexp(1.0, exponent - bits);
  const double rounded = std::nearbyint(value / quantum) * quantum;
  if (std::fabs(rounded) <= largest) return rounded;
  return std::copysign(std::numeric_limits<double>::infinity(), value);
}

}  // namespace

double round_to(DType type, double value) {
  switch (type) {
    case DType::f64:
      return value;
    case DType::f32:
      return static_cast<float>(value);
    case DType::f16:
      return round_binary(value, 10, -14, 65504);
    case DType::bf16:
      return round_binary(value, 7, -126, 0x1.FEp127);
    case DType::boolean:
      return value != 0;
    default:
      return static_cast<double>(wrap_to(type, saturate_to(DType::i64, value)));
  }
}

int64_t wrap_to(DType type, int64_t value) {
  switch (type) {
    case DType::i32:
      return static_cast<int32_t>(value);
    case DType::u8:
      return static_cast<uint8_t>(value);
    case DType::boolean:
      return value != 0;
    default:
      return value;
  }
}

int64_t saturate_to(DType type, double value) {
  if (type == DType::boolean) return value != 0;
  if (std::isnan(value)) return 0;
  const double whole = std::trunc(value);
  if (type == DType::u8) return static_cast<int64_t>(std::fmin(std::fmax(whole, 0), 255));
  if (type == DType::i32)
    return static_cast<int64_t>(std::fmin(std::fmax(whole, -0x1p31), 0x1p31 - 1));
  if (whole >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (whole < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(whole);
}

}  // namespace netc
