// One tensor of a safetensors file, through the runtime's reader.
#include <cstring>
#include <memory>

#include "runtime/core/safetensors.h"
#include "runtime/trainer/nearest.h"
#include "runtime/trainer/readers.h"
#include "runtime/trainer/tensor_file.h"

namespace netc::trainer {

Result<TensorFile> TensorFile::open(const std::string& path) {
  auto file = std::unique_ptr<netc_safetensors, Close>(new netc_safetensors{});
  char error[1024];
  if (netc_safetensors_open(file.get(), path.c_str(), error, sizeof error) != NETC_OK)
    return Failure{exit_bad_input, error};
  return TensorFile(path, std::move(file));
}

void TensorFile::Close::operator()(netc_safetensors* file) const {
  netc_safetensors_close(file);
  delete file;
}

std::vector<std::string> TensorFile::names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < file_->count; ++i) names.push_back(file_->tensors[i].name);
  return names;
}

const netc_stored* TensorFile::find(const std::string& name) const {
  return netc_safetensors_find(file_.get(), name.c_str());
}

const char* TensorFile::metadata(const char* key) const {
  return netc_safetensors_metadata(file_.get(), key);
}

Result<Array> TensorFile::read(const std::string& name) const {
  const netc_stored* stored = find(name);
  if (stored == nullptr)
    return failure(exit_mismatch, "{}: no tensor `{}`{}", path_, name, suggestion(name, names()));
  Array array;
  array.dtype = static_cast<netc_dtype>(stored->dtype);
  array.dims.assign(stored->dims, stored->dims + stored->rank);
  array.bytes.resize(stored->bytes);
  if (stored->bytes > 0) netc_stored_copy(file_.get(), stored, stored->dtype, array.bytes.data());
  if (array.dtype == NETC_BOOL) normalize_bools(array);
  return array;
}

Result<Array> read_safetensors(const std::string& path, const std::string& name) {
  Result<TensorFile> file = TensorFile::open(path);
  if (!file) return file.failure();
  return file->read(name);
}

}  // namespace netc::trainer
