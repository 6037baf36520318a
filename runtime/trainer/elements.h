// Element types of foreign files, of either byte order, and the model's type that holds each.
#pragma once

#include <bit>

#include "runtime/trainer/array.h"

namespace netc::trainer {

struct Element {
  enum Kind { natural, integer, real, boolean };
  size_t bytes = 0;
  Kind kind = natural;
};

/// The data as the smallest element type that holds all values of the file's.
Result<Array> widen(std::vector<std::byte> data, Element element, std::endian order,
                    std::vector<int64_t> dims, const std::string& where);

}  // namespace netc::trainer
