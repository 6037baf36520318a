// Graphs as text; `parse` reads it back and prints the same again.
#pragma once

#include <string>

#include "ir/graph.h"

namespace netc {

std::string print(const Graph& graph);
std::string print(const std::vector<Graph>& graphs);

/// One operation as it stands in the dump, without indentation.
std::string print(const Graph& graph, OpId op);

/// A scalar expression as the dump writes it (shared nodes repeated).
std::string print_expr(const Graph& graph, const Definition& definition, ExprId root);

}  // namespace netc
