// How the page looks, and the little that it does.
#pragma once

#include <string_view>

namespace netc::explain {

extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace netc::explain
