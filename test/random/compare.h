// A program compiled, in many ways, against the interpreter.
#pragma once

#include <cstdint>
#include <string>

namespace netc::random_programs {

struct Outcome {
  std::string problem;     ///< what differs, or why there is nothing to compare; empty: agrees
  bool is_program = true;  ///< the frontend took it
  int results = 0;         ///< tensors that were compared
  int vague = 0;           ///< tensors that rounding decides: nothing can be said
};

/// Elaborates the text in both precisions and compares all of its entries. `seed` draws the data
/// and, unless `all_ways`, which of the ways to compile are tried.
Outcome compare(const std::string& text, uint32_t seed, bool all_ways);

}  // namespace netc::random_programs
