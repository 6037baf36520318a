// NumPy's header is padded so that the data begin at a multiple of 64 bytes.
#include "runtime/trainer/write_tensors.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/core/dtype.h"
#include "runtime/core/replace_file.h"
#include "runtime/core/safetensors.h"

namespace netc::trainer {
namespace {

const char* npy_type(netc_dtype dtype) {
  switch (dtype) {
    case NETC_F64:
      return "<f8";
    case NETC_F32:
      return "<f4";
    case NETC_F16:
      return "<f2";
    case NETC_I64:
      return "<i8";
    case NETC_I32:
      return "<i4";
    case NETC_U8:
      return "|u1";
    case NETC_BOOL:
      return "|b1";
    default:
      return nullptr;
  }
}

std::string npy_header(const Array& array) {
  std::string shape;
  for (int64_t dim : array.dims) shape += fmt::format("{}, ", dim);
  if (array.dims.size() > 1) shape.resize(shape.size() - 2);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 npy_type(array.dtype), shape);
  constexpr size_t prefix = 10;
  text += std::string(63 - (prefix + text.size()) % 64, ' ') + '\n';
  auto size = static_cast<unsigned>(text.size());
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(size & 255);
  header += static_cast<char>(size >> 8);
  return header + text;
}

Status write_npy(const std::string& path, const Array& array) {
  if (npy_type(array.dtype) == nullptr)
    return failure(exit_usage, "{}: NumPy has no {}; write a .safetensors file", path,
                   netc_dtype_name(array.dtype));
  std::string header = npy_header(array);
  netc_replacement replacement;
  bool done = netc_replacement_open(&replacement, path.c_str()) != 0;
  if (done) {
    std::fwrite(header.data(), 1, header.size(), replacement.file);
    std::fwrite(array.bytes.data(), 1, array.bytes.size(), replacement.file);
    done = netc_replacement_commit(&replacement) != 0;
  }
  return done ? Status(Done{}) : failure(exit_output, "{}: {}", path, std::strerror(errno));
}

}  // namespace

Status write_arrays(const std::string& path, const std::vector<NamedArray>& arrays) {
  if (path == "-" && isatty(STDOUT_FILENO) == 1)
    return failure(exit_usage, "tensors are not written to a terminal; name a file with -o");
  if (path.ends_with(".npy")) {
    if (arrays.size() == 1) return write_npy(path, arrays[0].array);
    return failure(exit_usage,
                   "{}: an .npy file holds one array, but there are {}; write a "
                   ".safetensors file",
                   path, arrays.size());
  }
  std::vector<netc_to_store> tensors;
  for (const NamedArray& named : arrays)
    tensors.push_back({named.name.c_str(), named.array.dtype,
                       static_cast<unsigned>(named.array.dims.size()), named.array.dims.data(),
                       named.array.bytes.data()});
  char error[1024];
  int status = netc_safetensors_write(path.c_str(), tensors.data(), tensors.size(), nullptr, 0,
                                      error, sizeof error);
  return status == NETC_OK ? Status(Done{}) : Failure{exit_output, error};
}

}  // namespace netc::trainer
