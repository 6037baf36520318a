// The rules of recurrence, a part of `verify`.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// Adds what is wrong with the scans of a graph whose ids can be followed.
void verify_scans(const Graph& graph, std::vector<std::string>& messages);

/// Whether every read of `value` by `op`, which stands before its definition or in it, is of an
/// earlier step of a scan that both share.
bool reads_earlier_steps(const Graph& graph, const Op& op, ValueId value);

}  // namespace netc
