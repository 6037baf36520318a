// The machine as the passes see it: what decides tiles, vectors and tasks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "ir/types.h"

namespace netc {

struct Target {
  std::string name = "x86-64-v3";
  int64_t vector_bytes = 32;  ///< of the widest vector worth using
  int64_t vector_registers = 16;
  bool has_fma = true;
  int64_t l1_bytes = 32 << 10;
  int64_t l2_bytes = 1 << 20;
  int64_t l3_bytes = 32 << 20;
  int64_t threads = 1;         ///< that a step may use
  int64_t unit_bytes = 32;     ///< of one of the two units for vector arithmetic
  double wake_cycles = 20000;  ///< to start a phase on another thread
  double bytes_a_cycle = 8;    ///< of what lies in none of a core's own caches

  /// Work of a kernel that is worth a second thread; within a scan, from step to step of which
  /// threads stay awake, far less.
  double least_parallel_cycles(bool in_scan = false) const {
    return in_scan ? wake_cycles / 4 : 4 * wake_cycles;
  }
  /// Scratch that a task may have on its stack, and that stays in the second cache beside other
  /// data.
  int64_t scratch_bytes() const { return std::min<int64_t>(l2_bytes / 4, 256 << 10); }
  uint16_t lanes(DType type) const { return static_cast<uint16_t>(vector_bytes / byte_size(type)); }
};

/// The target of a `--cpu` name (`native` asks this machine); unknown names give the plain
/// x86-64 level. Cache sizes are this machine's for `native`, otherwise common ones.
Target target_of(const std::string& cpu);

}  // namespace netc
