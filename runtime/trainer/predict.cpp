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

class InputFile {
 public:
  static Result<InputFile> open(const std::string& path) {
    InputFile file;
    file.path_ = path;
    if (path.ends_with(".npy") || path.ends_with(".npy.gz")) {
      Result<Array> array = read_npy(path);
      if (!array) return array.failure();
      file.array_ = std::move(*array);
      return file;
    }
    Result<TensorFile> tensors = TensorFile::open(path);
    if (!tensors) return tensors.failure();
    file.tensors_.emplace(std::move(*tensors));
    return file;
  }

  const std::string& path() const { return path_; }
  /// The file, and the tensor in it that an input has.
  std::string place_of(const std::string& input) const {
    return tensors_ ? fmt::format("{}: {}", path_, input) : path_;
  }

  /// An .npy file feeds the only input, a safetensors file each by its name.
  Result<Array> read(const netc_entry& entry, const std::string& input) const {
    if (tensors_) return tensors_->read(input);
    if (entry.input_count == 1) return array_;
    return failure(exit_mismatch,
                   "{}: an .npy file holds one array, but `{}` takes {} inputs; give "
                   "a .safetensors file",
                   path_, entry.name, entry.input_count);
  }

  std::optional<int64_t> rows(const std::vector<std::string>& names) const {
    if (!tensors_) return array_.dims.empty() ? std::nullopt : std::optional(array_.dims[0]);
    for (const std::string& name : names)
      if (const netc_stored* stored = tensors_->find(name); stored != nullptr && stored->rank > 0)
        return stored->dims[0];
    return std::nullopt;
  }

 private:
  std::string path_;
  std::optional<TensorFile> tensors_;
  Array array_;
};

namespace {

/// The inputs of an entry, from one file.
struct Inputs {
  std::vector<InputData> data;
  size_t rows = 1;
};

Result<Inputs> read_inputs(const netc_model& model, const netc_entry& entry,
                           const InputFile& file) {
  Inputs inputs;
  std::string sized_by;
  for (uint32_t i = 0; i < entry.input_count; ++i) {
    const netc_tensor& input = model.inputs[entry.inputs[i]];
    Result<Array> array = file.read(entry, input.name);
    if (!array) return array.failure();
    std::string where = file.place_of(input.name);
    Result<InputData> data = fit_input(std::move(*array), input, where);
    if (!data) return data.failure();
    if (data->rows) {
      if (!sized_by.empty() && inputs.rows != *data->rows)
        return failure(exit_mismatch, "{}: `{}` has {} rows, but `{}` has {}", file.path(),
                       input.name, *data->rows, sized_by, inputs.rows);
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

/// Runs an entry of a kind and gives its results by name.
Result<std::vector<NamedArray>> run_on_file(const netc_model& model, netc_entry_kind kind,
                                            const RunOptions& options, const InputFile& file,
                                            const char* lack) {
  std::optional<uint32_t> entry = find_entry(model, kind);
  if (!entry) return failure(exit_bad_input, "{} has no {}", model.name, lack);
  Result<Model> instance = Model::create(model, options, options.seed.value_or(0));
  if (!instance) return instance.failure();
  Result<Inputs> inputs = read_inputs(model, model.entries[*entry], file);
  if (!inputs) return inputs.failure();
  return apply(*instance, *entry, *inputs);
}

}  // namespace

std::shared_ptr<const InputFile> open_input(const std::string& path, std::string& message) {
  Result<InputFile> file = InputFile::open(path);
  if (file) return std::make_shared<InputFile>(std::move(*file));
  message = file.failure().message;
  return nullptr;
}

std::optional<int64_t> batch_rows(const InputFile& file, const std::vector<std::string>& names) {
  return file.rows(names);
}

int predict(const netc_model& model, const PredictOptions& options) {
  return run_reported(options, [&]() -> Result<ExitCode> {
    Result<InputFile> file = InputFile::open(options.input);
    if (!file) return file.failure();
    Result<std::vector<NamedArray>> arrays =
        run_on_file(model, NETC_PREDICT, options, *file, "outputs");
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
        model, NETC_GRADIENT_ENTRY, options, *options.input, "loss to take gradients of");
    if (!arrays) return arrays.failure();
    if (Status written = write_arrays(options.output, *arrays); !written) return written.failure();
    return exit_done;
  });
}

}  // namespace netc::trainer
