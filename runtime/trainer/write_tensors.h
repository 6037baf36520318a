// Results written to files, in NumPy's or the safetensors format.
#pragma once

#include <string>
#include <vector>

#include "runtime/trainer/array.h"

namespace netc::trainer {

struct NamedArray {
  std::string name;
  Array array;
};

/// A file whose name ends in `.npy` gets the only array, any other (and `-`) safetensors.
Status write_arrays(const std::string& path, const std::vector<NamedArray>& arrays);

}  // namespace netc::trainer
