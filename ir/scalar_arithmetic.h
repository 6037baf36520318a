// The arithmetic behind the table of functions where C++ leaves a case open or decides otherwise:
// wrapping integers, floored division, NaN in minima.
#pragma once

#include <cmath>
#include <cstdint>

namespace netc {

// Arithmetic on integers wraps: it is done on unsigned numbers, and narrower types wrap afterwards.

inline int64_t wrapping_mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

inline int64_t wrapping_neg(int64_t a) { return static_cast<int64_t>(-static_cast<uint64_t>(a)); }

inline int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return wrapping_neg(a);
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

inline int64_t floor_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/// Negative exponents give the floor of the real power, and 0 for the base 0.
inline int64_t integer_pow(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0 || base > 1) return 0;
    if (base < -1) return exponent % 2 == 0 ? 0 : -1;
    return base == 1 || exponent % 2 == 0 ? 1 : -1;
  }
  int64_t power = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) power = wrapping_mul(power, base);
    base = wrapping_mul(base, base);
  }
  return power;
}

/// As Python's: the sign of the divisor.
inline double float_mod(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(rest, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

inline double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

// A comparison with NaN is false, so the one test for NaN on the left makes it win on both sides.
inline double nan_max(double a, double b) { return a > b || std::isnan(a) ? a : b; }
inline double nan_min(double a, double b) { return a < b || std::isnan(a) ? a : b; }

/// 53 bits of the first two words of Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011) at the counter
/// (element, step, low half of key), under the seed, whose high half meets that of the key.
inline int64_t philox_bits(int64_t seed, int64_t step, int64_t key, int64_t element) {
  const auto low = [](int64_t x) { return static_cast<uint32_t>(x); };
  const auto high = [](int64_t x) { return static_cast<uint32_t>(static_cast<uint64_t>(x) >> 32); };
  uint32_t k0 = low(seed), k1 = high(seed) ^ high(key);
  uint32_t c[4] = {low(element), high(element), low(step), low(key)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * c[0];
    const uint64_t second = uint64_t{0xCD9E8D57} * c[2];
    c[0] = static_cast<uint32_t>(second >> 32) ^ c[1] ^ k0;
    c[1] = static_cast<uint32_t>(second);
    c[2] = static_cast<uint32_t>(first >> 32) ^ c[3] ^ k1;
    c[3] = static_cast<uint32_t>(first);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return static_cast<int64_t>((uint64_t{c[1]} << 32 | c[0]) >> 11);
}

}  // namespace netc
