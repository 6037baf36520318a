// The rules of definitions, a part of `verify`.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/ranges.h"

namespace netc {

/// Whether reads, indices and operands of the definition exist; the other rules presume it.
bool has_valid_ids(const Graph& graph, const Definition& definition);

/// Appends a message for each broken rule.
void verify_definition(const Graph& graph, const ValueRanges& ranges, const Definition& definition,
                       const Value& result, std::vector<std::string>& messages);

}  // namespace netc
