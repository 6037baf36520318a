#include "ir/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace netc {

namespace {

struct DTypeInfo {
  std::string_view name;
  int64_t bytes;
};

constexpr std::array<DTypeInfo, 8> infos = {
    {{"f64", 8}, {"f32", 4}, {"f16", 2}, {"bf16", 2}, {"i64", 8}, {"i32", 4}, {"u8", 1}, {"bool", 1}}};

}  // namespace

std::string_view name(DType type) { return infos[static_cast<size_t>(type)].name; }

std::optional<DType> parse_dtype(std::string_view text) {
  for (size_t i = 0; i < infos.size(); ++i)
    if (infos[i].name == text) return static_cast<DType>(i);
  return std::nullopt;
}

int64_t byte_size(DType type) { return infos[static_cast<size_t>(type)].bytes; }

std::string to_string(Dim dim) {
  if (!dim.batch) return fmt::format("{}", dim.factor);
  return dim.factor == 1 ? "N" : fmt::format("{} * N", dim.factor);
}

bool TensorType::has_batch() const {
  return std::any_of(dims.begin(), dims.end(), [](Dim dim) { return dim.batch; });
}

int64_t TensorType::elements(int64_t n) const {
  int64_t count = 1;
  for (Dim dim : dims) count *= dim.at(n);
  return count;
}

std::string to_string(const TensorType& type) {
  std::string text = fmt::format("{}[", name(type.dtype));
  for (size_t i = 0; i < type.dims.size(); ++i)
    text += (i ? ", " : "") + to_string(type.dims[i]);
  return text + "]";
}

}  // namespace netc
