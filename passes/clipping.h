// Guards that the bounds of loops keep: where a sum's terms are zero outside of a tensor, the loop
// over an index of the sum goes from the first term inside to the last, and asks nothing more.
#pragma once

#include <vector>

#include "passes/access.h"

namespace netc {

/// A guard of a read, kept by the bounds of the loop over `index`.
struct Clip {
  ExprId read;
  size_t guard = 0;  ///< position among the guards of the read's access
  IndexId index;
  int64_t coefficient = 1;  ///< of the index in the guard
};

/// The clips of a stage. The lanes run along `vector`, which no loop's bounds can cut; invalid:
/// none of the stage's indices.
std::vector<Clip> clips_of(const AccessedNest& nest, const Stage& stage, IndexId vector);

}  // namespace netc
