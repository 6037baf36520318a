// The network as a picture: sections from the inputs to the loss, and who reads whom.
#pragma once

#include <string>

#include "tools/explain/explanation.h"

namespace netc::explain {

/// An SVG element whose boxes lead to `#s1`, `#s2`, ... Repeated sections are drawn once.
std::string draw_network(const Explanation& story);

}  // namespace netc::explain
