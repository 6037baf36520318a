// Prediction and gradients: a model applied to the tensors of one file.
#include "runtime/core/dtype.h"
#include "runtime/trainer/dataset.h"
#include "runtime/trainer/model.h"
#include "runtime/trainer/nearest.h"
#include "runtime/trainer/readers.h"
#include "runtime/trainer/report.h"
#include "runtime/trainer/tensor_file.h"
#include "runtime/trainer/write_tensors.h"

namespace netc::trainer {
namespace {

/// The inputs of an entry, from one file.
struct Inputs {
  std::vector<InputData> data;
  size_t rows = 1;
};

/// An .npy file feeds the only input, a safetensors file each by its name.
Result<Array> read_input(const netc_entry& entry, const netc_tensor& input, const std::string& path,
                         std::optional<TensorFile>& file) {
  if (path.ends_with(".npy") || path.ends_with(".npy.gz")) {
    if (entry.input_count == 1) return read_npy(path);
    return failure(exit_mismatch,
                   "{}: an .npy file holds one array, but `{}` takes {} inputs; give "
                   "a .safetensors file",
                   path, entry.name, entry.input_count);
  }
  if (!file) {
    Result<TensorFile> opened = TensorFile::open(path);
    if (!opened) return opened.failure();
    file.emplace(std::move(*opened));
  }
  return file->read(input.name);
}

Result<Inputs> read_inputs(const netc_model& model, const netc_entry& entry,
                           const std::string& path) {
  Inputs inputs;
  std::optional<TensorFile> file;
  std::string sized_by;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const netc_tensor& input = model.inputs[entry.inputs[i]];
    Result<Array> array = read_input(entry, input, path, file);
    if (!array) return array.failure();
    std::string where = file ? fmt::format("{}: {}", path, input.name) : path;
    Result<InputData> data = fit_input(std::move(*array), input, where);
    if (!data) return data.failure();
    if (data->rows) {
      if (!sized_by.empty() && inputs.rows != *data->rows)
        return failure(exit_mismatch, "{}: `{}` has {} rows, but `{}` has {}", path, input.name,
                       *data->rows, sized_by, inputs.rows);
      if (*data->rows == 0) return failure(exit_mismatch, "{}: no rows", where);
      inputs.rows = *data->rows;
      sized_by = input.name;
    }
    inputs.data.push_back(std::move(*data));
  }
  return inputs;
}

Result<std::vector<NamedArray>> apply(Model& model, uint32_t index, const Inputs& inputs) {
  const netc_entry& entry = model.description().entries[index];
  std::vector<const void*> pointers;
  for (const InputData& data : inputs.data) pointers.push_back(data.bytes.data());
  auto n = static_cast<int64_t>(inputs.rows);
  std::vector<NamedArray> arrays(entry.result_count);
  std::vector<void*> results;
  for (uint32_t r = 0; r < entry.result_count; ++r) {
    const netc_result& result = entry.results[r];
    arrays[r].name = result_key(result);
    Array& array = arrays[r].array;
    array.dtype = static_cast<netc_dtype>(result.dtype);
    for (unsigned d = 0; d < result.rank; ++d)
      array.dims.push_back(result.dims[d] >= 0 ? result.dims[d] : -result.dims[d] * n);
    array.bytes.resize(netc_result_bytes(&result, n));
    results.push_back(array.bytes.data());
  }
  if (Status ran = model.run(index, inputs.rows, pointers, results); !ran) return ran.failure();
  return arrays;
}

/// Reads, runs an entry of a kind, and gives its results by name.
Result<std::vector<NamedArray>> run_on_file(const netc_model& model, netc_entry_kind kind,
                                            const RunOptions& options, const std::string& path,
                                            const char* lack) {
  std::optional<uint32_t> entry = find_entry(model, kind);
  if (!entry) return failure(exit_bad_input, "{} has no {}", model.name, lack);
  Result<Model> instance = Model::create(model, options, options.seed.value_or(0));
  if (!instance) return instance.failure();
  Result<Inputs> inputs = read_inputs(model, model.entries[*entry], path);
  if (!inputs) return inputs.failure();
  return apply(*instance, *entry, *inputs);
}

}  // namespace

int predict(const netc_model& model, const PredictOptions& options) {
  return run_reported(options, [&]() -> Result<ExitCode> {
    Result<std::vector<NamedArray>> arrays =
        run_on_file(model, NETC_PREDICT, options, options.input, "outputs");
    if (!arrays) return arrays.failure();
    // Here are outputs alone: no prefix needs to tell them from anything.
    for (NamedArray& named : *arrays)
      if (named.name.starts_with("output.")) named.name.erase(0, 7);
    if (Status written = write_arrays(options.output, *arrays); !written) return written.failure();
    return exit_done;
  });
}

int gradient(const netc_model& model, const GradientOptions& options) {
  return run_reported(options, [&]() -> Result<ExitCode> {
    Result<std::vector<NamedArray>> arrays = run_on_file(
        model, NETC_GRADIENT_ENTRY, options, options.input, "loss to take gradients of");
    if (!arrays) return arrays.failure();
    if (Status written = write_arrays(options.output, *arrays); !written) return written.failure();
    return exit_done;
  });
}

std::optional<int64_t> batch_rows(const std::string& path, const std::vector<std::string>& names,
                                  std::string& message) {
  std::optional<int64_t> rows;
  auto agree = [&](const std::vector<int64_t>& dims) {
    if (!dims.empty() && !rows) rows = dims[0];
  };
  if (path.ends_with(".npy") || path.ends_with(".npy.gz")) {
    Result<Array> array = read_npy(path);
    if (array) agree(array->dims);
    if (!array) message = array.failure().message;
  } else {
    Result<TensorFile> file = TensorFile::open(path);
    if (!file) message = file.failure().message;
    for (size_t i = 0; file && i < names.size(); ++i)
      if (const netc_stored* stored = file->find(names[i]))
        agree({stored->dims, stored->dims + stored->rank});
    if (file && !rows)
      message = fmt::format("{}: no tensor `{}`{}", path, names.empty() ? "" : names[0],
                            names.empty() ? "" : suggestion(names[0], file->names()));
  }
  if (!rows && message.empty()) message = path + ": no rows";
  return rows;
}

}  // namespace netc::trainer
