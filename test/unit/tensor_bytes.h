// Tensors of the interpreter as the bytes that emitted code sees, and back; random ones.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "ir/graph.h"
#include "ir/interpret.h"

namespace netc {

/// A tensor in memory as emitted code sees it.
inline std::vector<unsigned char> to_bytes(const Tensor& tensor) {
  std::vector<unsigned char> bytes(tensor.elements() * byte_size(tensor.dtype));
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    unsigned char* at = bytes.data() + i * byte_size(tensor.dtype);
    auto put = [&](auto value) { std::memcpy(at, &value, sizeof value); };
    if (tensor.dtype == DType::f64) put(tensor.floats[i]);
    if (tensor.dtype == DType::f32) put(static_cast<float>(tensor.floats[i]));
    if (tensor.dtype == DType::i64) put(tensor.integers[i]);
    if (tensor.dtype == DType::i32) put(static_cast<int32_t>(tensor.integers[i]));
    if (byte_size(tensor.dtype) == 1) put(static_cast<uint8_t>(tensor.integers[i]));
  }
  return bytes;
}

inline double element(const unsigned char* bytes, DType type, int64_t i) {
  const unsigned char* at = bytes + i * byte_size(type);
  auto get = [&](auto value) {
    std::memcpy(&value, at, sizeof value);
    return static_cast<double>(value);
  };
  if (type == DType::f64) return get(double{});
  if (type == DType::f32) return get(float{});
  if (type == DType::i64) return get(int64_t{});
  if (type == DType::i32) return get(int32_t{});
  return get(uint8_t{});
}

inline int64_t integer_element(const unsigned char* bytes, DType type, int64_t i) {
  if (type != DType::i64) return static_cast<int64_t>(element(bytes, type, i));
  int64_t value;
  std::memcpy(&value, bytes + i * byte_size(type), sizeof value);
  return value;
}

inline Tensor random_tensor(const Value& value, int64_t n, std::mt19937& random) {
  std::vector<int64_t> dims;
  for (Dim dim : value.type.dims) dims.push_back(dim.at(n));
  Tensor tensor = Tensor::zeros(value.type.dtype, dims);
  int64_t low = value.checked ? value.low : value.type.dtype == DType::u8 ? 0 : -9;
  int64_t high = value.checked ? value.high : value.type.dtype == DType::boolean ? 2 : 10;
  if (value.type.dtype == DType::boolean) low = 0;
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    double real = std::uniform_real_distribution<double>(-2, 2)(random);
    if (is_float(value.type.dtype))
      tensor.floats[i] = static_cast<float>(real);
    else
      tensor.integers[i] = std::uniform_int_distribution<int64_t>(low, high - 1)(random);
  }
  return tensor;
}

}  // namespace netc
