// Instances of layers, as the names of a graph tell them.
#pragma once

#include <set>
#include <string>

#include "ir/graph.h"

namespace netc {

/// `block.0.dense1` owns `block.0.dense1.w`.
std::string owner(const std::string& name);

/// The instances that own a variable of the graph.
std::set<std::string> instances_of(const Graph& graph);

/// The instance that an operation belongs to: that of its parameters, or the one in whose names its
/// result stands; "" if there is none.
std::string instance_of(const Graph& graph, const Op& op, const std::set<std::string>& instances);

}  // namespace netc
