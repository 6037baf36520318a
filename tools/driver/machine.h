// What the machine can do, measured: the peak that shares are taken of.
#pragma once

#include "codegen/codegen.h"
#include "ir/support/result.h"
#include "ir/target.h"

namespace netc {

/// f32 operations in a second that one core reaches with nothing but fused multiplications and
/// additions on registers: the best of several runs of a kernel that netc compiles for it.
Result<double> measure_peak_flops(const TargetOptions& options, const Target& target);

}  // namespace netc
