// The standard library as a table: signatures and the words above them, read from its text.
#pragma once

#include <string>

namespace netc {

std::string library_list();

}  // namespace netc
