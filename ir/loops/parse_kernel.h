// Reads one kernel of loops text.
#pragma once

#include "ir/loops/loops.h"
#include "ir/loops/tokens.h"

namespace netc::loops {

/// `f32`, `f32x8`, `f32*`.
Type parse_type(Cursor& cursor);

/// kernel = "kernel" @name "(" [parameter {"," parameter}] ")" region
Kernel parse_kernel(Cursor& cursor);

}  // namespace netc::loops
