// A program of one kernel that applies a scalar function to streams of numbers.
#pragma once

#include <fmt/format.h>

#include <string>

#include "ir/functions.h"

namespace netc {

/// Takes N rows of %x and %y (which functions of one argument leave), and gives %z; N is a multiple
/// of `lanes` and at most `capacity`.
inline std::string function_kernel(Function function, DType type, int lanes, size_t capacity) {
  return fmt::format(
      "kernel @k(%x: {0}*, %y: {0}*, %z: mut {0}*) {{\n  for %i = 0 to N step {4} {{\n"
      "    %a = load %x[%i] : {0}x{4}\n    %b = load %y[%i] : {0}x{4}\n    %r = {1} %a{2}\n"
      "    store %z[%i], %r\n  }}\n}}\n"
      "step m run capacity {3} arena 0 {{\n  %x: {0}[N] = input 0\n  %y: {0}[N] = input 1\n"
      "  %z: {0}[N] = output 0\n  phase {{\n    @k(%x, %y, %z)\n  }}\n}}\n",
      name(type), info(function).name, info(function).arity == 2 ? ", %b" : "", capacity, lanes);
}

}  // namespace netc
