/* Element types, and the two 16-bit floats, which C11 cannot compute with. */
#include "runtime/core/dtype.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  uint8_t bytes;
  const char* name;
  const char* safetensors;
} types[NETC_DTYPE_COUNT] = {
    [NETC_F64] = {8, "f64", "F64"}, [NETC_F32] = {4, "f32", "F32"},
    [NETC_F16] = {2, "f16", "F16"}, [NETC_BF16] = {2, "bf16", "BF16"},
    [NETC_I64] = {8, "i64", "I64"}, [NETC_I32] = {4, "i32", "I32"},
    [NETC_U8] = {1, "u8", "U8"},    [NETC_BOOL] = {1, "bool", "BOOL"},
};

size_t netc_dtype_bytes(unsigned dtype) { return types[dtype].bytes; }
const char* netc_dtype_name(unsigned dtype) { return types[dtype].name; }
const char* netc_dtype_safetensors(unsigned dtype) { return types[dtype].safetensors; }
int netc_dtype_is_float(unsigned dtype) { return dtype <= NETC_BF16; }

static float bits_to_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double load_half(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023;
  double size = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                : exponent == 0 ? ldexp(fraction, -24)
                                : ldexp(fraction + 1024, exponent - 25);
  return bits >> 15 ? -size : size;
}

static uint16_t store_half(double value) {
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  double size = fabs(value);
  if (isnan(value)) return sign | 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  /* In units of the spacing at this size; rint rounds to nearest even, and a carry into the next
   * binade gives the right bits by itself. */
  int exponent = size < ldexp(1, -14) ? -14 : ilogb(size);
  double units = rint(ldexp(size, 10 - exponent));
  return sign | (uint16_t)(units + (exponent + 14) * 1024.0);
}

static uint16_t store_bfloat(double value) {
  if (isnan(value)) return 0x7fc0;
  float rounded = (float)value;
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  /* Rounding twice, to float and then to bfloat, errs on a tie that the first rounding made:
   * push such a value back to the side where the exact one lies. */
  if ((bits & 0xffff) == 0x8000 && (double)rounded != value)
    bits += fabs((double)rounded) > fabs(value) ? -1u : 1u;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

double netc_dtype_load(unsigned dtype, const void* from, size_t index) {
  const unsigned char* at = (const unsigned char*)from + index * types[dtype].bytes;
  union {
    double f64;
    float f32;
    uint16_t half;
    int64_t i64;
    int32_t i32;
  } element;
  memcpy(&element, at, types[dtype].bytes);
  switch (dtype) {
    case NETC_F64:
      return element.f64;
    case NETC_F32:
      return element.f32;
    case NETC_F16:
      return load_half(element.half);
    case NETC_BF16:
      return bits_to_float((uint32_t)element.half << 16);
    case NETC_I64:
      return (double)element.i64;
    case NETC_I32:
      return element.i32;
    default:
      return *at;
  }
}

static int64_t saturate(double value, int64_t low, int64_t high) {
  if (isnan(value)) return 0;
  if (value <= (double)low) return low;
  if (value >= (double)high) return high;
  return (int64_t)value;
}

void netc_dtype_store(unsigned dtype, void* to, size_t index, double value) {
  unsigned char* at = (unsigned char*)to + index * types[dtype].bytes;
  union {
    double f64;
    float f32;
    uint16_t half;
    int64_t i64;
    int32_t i32;
    uint8_t u8;
  } element;
  switch (dtype) {
    case NETC_F64:
      element.f64 = value;
      break;
    case NETC_F32:
      element.f32 = (float)value;
      break;
    case NETC_F16:
      element.half = store_half(value);
      break;
    case NETC_BF16:
      element.half = store_bfloat(value);
      break;
    case NETC_I64:
      element.i64 = saturate(value, INT64_MIN, INT64_MAX);
      break;
    case NETC_I32:
      element.i32 = (int32_t)saturate(value, INT32_MIN, INT32_MAX);
      break;
    case NETC_U8:
      element.u8 = (uint8_t)saturate(value, 0, 255);
      break;
    default:
      element.u8 = value != 0;
      break;
  }
  memcpy(at, &element, types[dtype].bytes);
}

size_t netc_elements(const int64_t* dims, unsigned rank, int64_t n) {
  size_t count = 1;
  for (unsigned i = 0; i < rank; ++i) {
    size_t size = dims[i] >= 0 ? (size_t)dims[i] : (size_t)-dims[i];
    if (dims[i] < 0 && __builtin_mul_overflow(size, (size_t)n, &size)) return SIZE_MAX;
    if (__builtin_mul_overflow(count, size, &count)) return SIZE_MAX;
  }
  return count;
}

void netc_type_text(char* to, size_t size, unsigned dtype, const int64_t* dims, unsigned rank) {
  size_t used = (size_t)snprintf(to, size, "%s[", netc_dtype_name(dtype));
  for (unsigned i = 0; i < rank && used < size; ++i) {
    const char* separator = i > 0 ? ", " : "";
    int more = dims[i] >= 0
                   ? snprintf(to + used, size - used, "%s%lld", separator, (long long)dims[i])
               : dims[i] == -1
                   ? snprintf(to + used, size - used, "%sN", separator)
                   : snprintf(to + used, size - used, "%s%lld * N", separator, (long long)-dims[i]);
    used += (size_t)more;
  }
  if (used < size) snprintf(to + used, size - used, "]");
}
