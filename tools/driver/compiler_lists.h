// The lists of `--print` that only the compiler can give; the others are in command_line/lists.h.
#pragma once

#include <optional>
#include <string>

namespace netc {

/// `library` and `layers`: the declarations of std.net, or its layers alone, as a table. `targets`
/// and `cpus`: what code can be made for, a name a line. Nothing for other words.
std::optional<std::string> compiler_list(const std::string& what);

}  // namespace netc
