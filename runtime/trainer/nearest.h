// What to say besides that a name is unknown.
#pragma once

#include <string>
#include <vector>

namespace netc::trainer {

/// "; did you mean `x`?", or "; there are `x`, `y`", or nothing if there are no names.
std::string suggestion(const std::string& name, const std::vector<std::string>& names);

}  // namespace netc::trainer
