// Element types, dimensions and tensor types, shared by the graph and the loops IR.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netc {

/// Element types; `boolean` is written `bool` and stored as one byte, 0 or 1.
enum class DType : uint8_t { f64, f32, f16, bf16, i64, i32, u8, boolean };

std::string_view name(DType type);
std::optional<DType> parse_dtype(std::string_view text);
/// Bytes of one element in memory.
int64_t byte_size(DType type);
constexpr bool is_float(DType type) { return type <= DType::bf16; }
constexpr bool is_integer(DType type) { return type >= DType::i64 && type <= DType::u8; }

/// A size: `factor`, or `factor * N` where N is the batch, known only at run time.
struct Dim {
  int64_t factor = 1;
  bool batch = false;

  bool is_constant() const { return !batch; }
  /// The size when the batch is `n`.
  int64_t at(int64_t n) const { return batch ? factor * n : factor; }
  friend bool operator==(const Dim&, const Dim&) = default;
};

/// "784", "N", "4 * N".
std::string to_string(Dim dim);

struct TensorType {
  DType dtype = DType::f32;
  std::vector<Dim> dims;

  size_t rank() const { return dims.size(); }
  bool has_batch() const;
  /// Number of elements when the batch is `n`. Elaboration keeps it below 2^40.
  int64_t elements(int64_t n) const;
  int64_t bytes(int64_t n) const { return elements(n) * byte_size(dtype); }
  friend bool operator==(const TensorType&, const TensorType&) = default;
};

/// "f32[N, 784]"; rank 0 is "f32[]".
std::string to_string(const TensorType& type);

}  // namespace netc
