#include "tools/driver/synthetic_data.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "ir/types.h"

namespace netc {

namespace {

constexpr int64_t data_bytes = int64_t{64} << 20;  // at most; batches are walked in turn
constexpr int64_t most_batches = 64;

int64_t elements(const netc_tensor& tensor, int64_t rows) {
  int64_t count = 1;
  for (int i = 0; i < tensor.rank; ++i)
    count *= tensor.dims[i] < 0 ? -tensor.dims[i] * rows : tensor.dims[i];
  return count;
}

void fill(std::vector<unsigned char>& bytes, DType dtype, const netc_tensor& input,
          std::mt19937_64& random) {
  int64_t low = input.checked ? input.low : 0;
  int64_t high = input.checked ? input.high : 2;
  for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(byte_size(dtype))) {
    double unit = static_cast<double>(random() >> 11) * 0x1p-53;
    int64_t whole = low + static_cast<int64_t>(unit * static_cast<double>(high - low));
    auto put = [&](auto value) { std::memcpy(&bytes[at], &value, sizeof value); };
    switch (dtype) {
      case DType::f64:
        put(unit);
        break;
      case DType::f32:
        put(static_cast<float>(unit));
        break;
      case DType::i64:
        put(whole);
        break;
      case DType::i32:
        put(static_cast<int32_t>(whole));
        break;
      case DType::u8:
      case DType::boolean:
        put(static_cast<uint8_t>(whole));
        break;
      case DType::f16:
      case DType::bf16:
        put(uint16_t{0});
        break;
    }
  }
}

}  // namespace

SyntheticData::SyntheticData(const netc_model& model, const netc_entry& entry, int64_t rows) {
  int64_t bytes = 1;
  for (uint32_t i = 0; i < entry.input_count; ++i)
    bytes += elements(model.inputs[entry.inputs[i]], rows) * 8;
  batches_ = std::clamp<int64_t>(data_bytes / bytes, 1, most_batches);
  std::mt19937_64 random(1);
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const netc_tensor& input = model.inputs[entry.inputs[i]];
    auto dtype = static_cast<DType>(input.dtype);
    bytes_.push_back(elements(input, rows) * byte_size(dtype));
    storage_.emplace_back(static_cast<size_t>(bytes_.back() * batches_));
    fill(storage_.back(), dtype, input, random);
  }
}

std::vector<const void*> SyntheticData::batch(int64_t turn) const {
  std::vector<const void*> pointers;
  for (size_t i = 0; i < storage_.size(); ++i)
    pointers.push_back(storage_[i].data() + turn % batches_ * bytes_[i]);
  return pointers;
}

}  // namespace netc
