// The lists that `--print` gives: generated from the tables of the code, as are those of docs/.
#pragma once

#include <optional>
#include <string>

namespace netc {

/// One of the words of `--print`: passes, functions, layers, codes, cpus, targets.
std::string list_of(const std::string& what);

/// More about a diagnostic's code; nothing if there is no such code.
std::optional<std::string> explain_code(const std::string& code);

}  // namespace netc
