// The forward pass, cut into what a reader takes for one step: a layer with the function behind it,
// a sum of two branches, the loss.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc::explain {

enum class SectionKind : uint8_t { inputs, layer, loss };

struct Section {
  SectionKind kind = SectionKind::layer;
  std::string title;                ///< an instance's path, or the name of the last value
  std::vector<OpId> ops;            ///< of the graph before gradients are taken, in its order
  std::vector<ValueId> parameters;  ///< variables of the model that it is the first to read
};

struct Sections {
  std::vector<Section> list;         ///< the first holds the inputs
  std::map<std::string, size_t> of;  ///< by key of a tensor: position in the list
};

/// Cuts the forward pass of a graph whose gradients are not yet taken.
Sections cut_into_sections(const Graph& before);

}  // namespace netc::explain
