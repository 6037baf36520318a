// What a gradient takes as constant, made constant: finite differences then see what it sees.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// A graph whose stopped values, those of every `stop_gradient`, stand in tensors of their own.
struct StoppedValues {
  Graph shown;   ///< gives them as outputs, under these names
  Graph frozen;  ///< takes them as inputs, under these names
  std::vector<std::string> names;
};

StoppedValues freeze_stops(const Graph& graph);

}  // namespace netc
