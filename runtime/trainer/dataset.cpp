// A data set is checked once, when it is read: types, shapes, numbers of rows, ranges of integers.
#include "runtime/trainer/dataset.h"

#include <sys/mman.h>
#if defined(__linux__)
#include <linux/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "runtime/core/dtype.h"
#include "runtime/core/handle.h"
#include "runtime/trainer/nearest.h"
#include "runtime/trainer/readers.h"

namespace netc::trainer {
namespace {

std::string full_path(const std::string& path, const std::string& folder) {
  bool absolute = path.starts_with('/') || folder.empty();
  return absolute ? path : folder.ends_with('/') ? folder + path : folder + "/" + path;
}

Result<Array> read_array(const Source& source, const std::string& path) {
  if (source.kind == "idx") return read_idx(path);
  if (source.kind == "npy") return read_npy(path);
  if (source.kind == "npz") return read_npz(path, source.name);
  if (source.kind == "safetensors") return read_safetensors(path, source.name);
  if (source.kind == "csv")
    return read_csv(path, {source.columns, source.column, source.classes, source.header});
  if (source.kind == "text") return read_text(path, source.window, source.alphabet);
  return failure(exit_bad_input, "{}: sources of kind `{}` cannot be read", path, source.kind);
}

Result<InputData> read_source(const Source& source, const netc_tensor& input,
                              const std::string& folder) {
  std::string path = full_path(source.path, folder);
  Result<Array> array = read_array(source, path);
  if (!array) return array.failure();
  std::string where = source.name.empty() ? path : fmt::format("{}: {}", path, source.name);
  if (Status finite = check_finite(*array, where); !finite) return finite.failure();
  if (source.part) {
    array = take_rows(std::move(*array), source.part->first, source.part->second, where);
    if (!array) return array.failure();
  }
  return fit_input(std::move(*array), input, where);
}

/// Whether the dimensions fit; sets the number of rows of the batch.
bool fit_dims(const Array& array, const netc_tensor& input, std::optional<size_t>& rows) {
  bool leads = input.rank > 0 && input.dims[0] < 0;
  if (leads && array.shapeless_rows) {
    size_t row = netc_elements(input.dims + 1, input.rank - 1u, 1);
    size_t found = element_count(array.dims);
    if (input.dims[0] != -1 || found != row * static_cast<size_t>(array.dims[0])) return false;
    rows = static_cast<size_t>(array.dims[0]);
    return true;
  }
  if (array.dims.size() != input.rank) return false;
  for (unsigned d = 0; d < input.rank; ++d) {
    if (input.dims[d] >= 0 && array.dims[d] != input.dims[d]) return false;
    if (input.dims[d] >= 0) continue;
    size_t here = static_cast<size_t>(array.dims[d] / -input.dims[d]);
    if (array.dims[d] % -input.dims[d] != 0 || (rows && *rows != here)) return false;
    rows = here;
  }
  return true;
}

/// The first value out of the range of a checked input, which names the file.
Status check_range(const InputData& data, const netc_tensor& input, const std::string& where) {
  if (!input.checked) return Done{};
  size_t count = data.bytes.size() / netc_dtype_bytes(input.dtype);
  size_t row = data.rows && *data.rows > 0 ? count / *data.rows : 1;
  for (size_t i = 0; i < count; ++i) {
    double value = netc_dtype_load(input.dtype, data.bytes.data(), i);
    if (value >= static_cast<double>(input.low) && value < static_cast<double>(input.high))
      continue;
    if (data.overlapping)
      return failure(exit_mismatch, "{}: input `{}`, offset {}: {} is not from {} to {}", where,
                     input.name, i, value, input.low, input.high - 1);
    std::string element = row > 1 ? fmt::format(", element {}", i % row) : "";
    return failure(exit_mismatch, "{}: input `{}`, row {}{}: {} is not from {} to {}", where,
                   input.name, i / row, element, value, input.low, input.high - 1);
  }
  return Done{};
}

/// Joins the pages of a large column to huge ones where the system can: a batch of rows far from
/// the last one would miss the processor's table of small ones at every page.
void join_pages(std::vector<std::byte>& bytes) {
#if defined(MADV_COLLAPSE)
  constexpr uintptr_t huge = 2 << 20;
  const auto first = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t begin = (first + huge - 1) & ~(huge - 1);
  const uintptr_t end = (first + bytes.size()) & ~(huge - 1);
  // Where it fails, small pages do.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_COLLAPSE);
#else
  (void)bytes;
#endif
}

}  // namespace

Result<InputData> fit_input(Array array, const netc_tensor& input, const std::string& where) {
  InputData data;
  if (!fit_dims(array, input, data.rows))
    return failure(exit_mismatch, "{}: this is {}, but input `{}` is {}", where,
                   type_text(array.dtype, array.dims), input.name, type_text(input));
  data.overlapping = array.overlapping;
  Result<std::vector<std::byte>> bytes =
      convert(std::move(array), static_cast<netc_dtype>(input.dtype), where);
  if (!bytes) return bytes.failure();
  data.bytes = std::move(*bytes);
  if (Status status = check_range(data, input, where); !status) return status.failure();
  return data;
}

Result<Dataset> Dataset::load(const netc_model& model, const netc_entry& entry,
                              const std::vector<Source>& sources, const std::string& folder) {
  Dataset dataset;
  const Source* first = nullptr;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const netc_tensor& input = model.inputs[entry.inputs[i]];
    auto source = std::find_if(sources.begin(), sources.end(),
                               [&](const Source& s) { return s.input == input.name; });
    if (source == sources.end())
      return failure(exit_mismatch, "input `{}` has no data source", input.name);
    Result<InputData> data = read_source(*source, input, folder);
    if (!data) return data.failure();
    Column column{.data = std::move(*data)};
    join_pages(column.data.bytes);
    if (column.data.rows) {
      if (first != nullptr && dataset.rows_ != *column.data.rows)
        return failure(exit_mismatch, "{} has {} rows for `{}`, but {} has {} for `{}`",
                       source->path, *column.data.rows, input.name, first->path, dataset.rows_,
                       first->input);
      if (*column.data.rows == 0) return failure(exit_mismatch, "{}: no rows", source->path);
      if (first == nullptr) first = &*source;
      dataset.rows_ = *column.data.rows;
      column.row_bytes = netc_tensor_bytes(&input, 1);
      column.row_step = column.data.overlapping ? netc_dtype_bytes(input.dtype) : column.row_bytes;
    }
    dataset.columns_.push_back(std::move(column));
  }
  if (dataset.rows_ > UINT32_MAX)
    return failure(exit_mismatch, "{}: more than 2^32 rows", first->path);
  return dataset;
}

std::byte* Dataset::room(Column& column, size_t rows) {
  if (column.batch.size() < rows * column.row_bytes) column.batch.resize(rows * column.row_bytes);
  return column.batch.data();
}

const std::vector<const void*>& Dataset::slice(size_t first, size_t count) {
  pointers_.clear();
  for (Column& column : columns_) {
    const std::byte* from = column.data.bytes.data() + first * column.row_step;
    pointers_.push_back(from);
    if (!column.data.overlapping) continue;
    std::byte* to = room(column, count);
    pointers_.back() = to;
    for (size_t i = 0; i < count; ++i)
      std::memcpy(to + i * column.row_bytes, from + i * column.row_step, column.row_bytes);
  }
  return pointers_;
}

const std::vector<const void*>& Dataset::gather(std::span<const uint32_t> rows) {
  pointers_.clear();
  for (Column& column : columns_) {
    const std::byte* from = column.data.bytes.data();
    pointers_.push_back(from);
    if (column.row_bytes == 0) continue;
    std::byte* to = room(column, rows.size());
    pointers_.back() = to;
    for (size_t i = 0; i < rows.size(); ++i)
      std::memcpy(to + i * column.row_bytes, from + rows[i] * column.row_step, column.row_bytes);
  }
  return pointers_;
}

}  // namespace netc::trainer
