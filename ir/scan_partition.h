// Keeps in a scan only what has to run step by step.
#pragma once

#include "ir/graph.h"

namespace netc {

/// Puts the operations of a scan, in any order that fits them, into three parts: those that depend
/// on nothing carried come before the scan, with its index as an ordinary one; the recurrence
/// itself stays; those that no later step needs come after it. What belongs to a scan inside of
/// this one stays; what stands between them and depends on no step comes first. Producers are
/// numbered anew. Needs: no groups.
void partition_scan(Graph& graph, ScanId scan);

}  // namespace netc
