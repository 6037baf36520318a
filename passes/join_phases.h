// Kernels that depend on nothing of each other share a phase.
#pragma once

#include "ir/loops/loops.h"

namespace netc {

/// Makes consecutive phases one, where no call writes what another touches: threads then share out
/// the tasks of all of them, and wait for each other once. Phases without tasks stay as they are,
/// unless there is one with tasks among their neighbours, since no thread is woken for them.
///
/// Needs: buffers without offsets.
void join_phases(loops::Program& program);

}  // namespace netc
