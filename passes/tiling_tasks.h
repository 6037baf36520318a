// How the loops of a plan are cut into tasks that threads share out: by shapes alone, never by the
// number of threads.
#pragma once

#include "passes/tiling.h"

namespace netc {

constexpr int64_t enough_tasks = 8;

/// Cuts the index with the most tiles, if there is enough work to wake another thread for.
void set_tasks(Plan& plan, const Graph& graph, const AccessedNest& nest, const Target& target);

}  // namespace netc
