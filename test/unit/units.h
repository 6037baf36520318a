// The distance between a number and what it should be.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace netc {

/// How far a result is off, in units of the last place of the exact one; infinite where one of them
/// alone is NaN, or where a zero has the wrong sign.
template <typename T, typename Wide>
double units_off(T found, Wide exact) {
  T rounded = static_cast<T>(exact);
  if (std::isnan(found) || std::isnan(rounded))
    return std::isnan(found) && std::isnan(rounded) ? 0 : INFINITY;
  if (found == rounded)
    return found == 0 && exact == 0 && std::signbit(found) != std::signbit(rounded) ? INFINITY : 0;
  if (std::isinf(exact)) return INFINITY;
  if (std::isinf(rounded)) rounded = std::copysign(std::numeric_limits<T>::max(), rounded);
  T size = std::max(std::fabs(rounded), std::numeric_limits<T>::min());
  T unit = size - std::nextafter(size, T(0));
  Wide difference = static_cast<Wide>(found) - exact;
  if (std::isinf(found)) {  // the next number after the largest would be there
    Wide edge = static_cast<Wide>(std::numeric_limits<T>::max()) + unit;
    difference = std::copysign(edge, static_cast<Wide>(found)) - exact;
  }
  return static_cast<double>(std::fabs(difference) / unit);
}

}  // namespace netc
