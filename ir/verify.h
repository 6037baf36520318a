// The rules that every graph keeps, checked after every pass in debug builds and tests.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// Every broken rule in words, each with the operation it concerns; empty: the graph is well
/// formed.
std::vector<std::string> verify(const Graph& graph);

}  // namespace netc
