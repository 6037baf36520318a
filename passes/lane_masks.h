// Masks of the lanes that are in use.
#pragma once

#include "ir/loops/build.h"

namespace netc {

/// The first `count` lanes, an i64 scalar.
loops::RegisterId first_lanes(loops::Builder& builder, loops::RegisterId count, uint16_t lanes);

}  // namespace netc
