// Graphs as DOT text, for Graphviz.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

std::string to_dot(const std::vector<Graph>& graphs);

}  // namespace netc
