// Short names for all tensors of a step.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/explain/formula_writer.h"
#include "tools/explain/roles.h"
#include "tools/explain/sections.h"

namespace netc::explain {

using Symbols = std::map<std::string, Symbol>;  ///< by key of a tensor

/// The names of the model's tensors: the last word of the full name, with the number of its section
/// where several sections have one of that name.
Symbols name_tensors(const Graph& before, const Sections& sections);

/// A parameter whose name stands in another, and where: the longest of them. What belongs to the
/// optimizer bears the name of the parameter that it is for: `optimizer.velocity.dense1.w`.
struct NamedParameter {
  ValueId parameter;  ///< invalid: there is none
  size_t at = 0;
};
NamedParameter parameter_in(const Graph& graph, const std::string& name);

/// Adds the names of what only this graph of the model has: gradients, and what the optimizer
/// makes.
void name_the_rest(Symbols& symbols, const Graph& graph, const std::vector<Role>& roles);

/// The symbols of a graph's tensors. Keeps both references.
SymbolOf symbols_in(const Graph& graph, const Symbols& symbols);

}  // namespace netc::explain
