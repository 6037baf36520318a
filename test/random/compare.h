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

/// How much is tried: in one precision and one way to compile, in both precisions and two ways, or
/// in all ways. `large` is brief, for programs whose sums have thousands of terms.
enum class Effort : uint8_t { brief, large, usual, all };

/// Elaborates the text and compares all of its entries. `seed` draws the data and, where not all
/// are tried, precision and ways.
Outcome compare(const std::string& text, uint32_t seed, Effort effort);

}  // namespace netc::random_programs
