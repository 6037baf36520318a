// Kernels that depend on nothing of each other share a phase.
#pragma once

#include "ir/loops/loops.h"

namespace netc {

/// Makes consecutive phases that have tasks one, where no call writes what another touches: threads
/// then share out the tasks of all of them, and wait for each other once. Phases without tasks
/// among them come after: so little work is done sooner than another thread has fetched its data.
///
/// Needs: buffers without offsets.
void join_phases(loops::Program& program);

}  // namespace netc
