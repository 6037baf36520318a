// What the machine can do, measured: the peak that shares are taken of, and what else decides which
// code is fast.
#pragma once

#include "codegen/codegen.h"
#include "ir/support/result.h"
#include "ir/target.h"

namespace netc {

/// Operations in a second that one core reaches with nothing but fused multiplications and
/// additions on registers: the best of several runs of a kernel that netc compiles for it.
Result<double> measure_peak_flops(const TargetOptions& options, const Target& target,
                                  DType dtype = DType::f32);

/// Bytes in a second that one core reads of memory of this size, over and over.
Result<double> measure_read_bandwidth(const TargetOptions& options, const Target& target,
                                      int64_t bytes);

/// Seconds until two threads have begun a task each, which a tenth of the tries were below;
/// `asleep`: after they had nothing to do for some time.
double measure_wake_seconds(bool asleep);

/// Measures all that and writes it beside what `schedule` assumes, as text or JSON.
Result<std::string> machine_report(const TargetOptions& options, bool in_json);

}  // namespace netc
