// The lists that `--print` gives: generated from the tables of the code, as are those of docs/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ir/support/diagnostics.h"

namespace netc {

/// One of the words of `--print`: passes, functions, codes. The others are netc's own.
std::optional<std::string> list_of(const std::string& what);

/// The rule behind a diagnostic and the usual way out; "" if nobody wrote one.
std::string_view explanation(Code code);

/// The same for a code as it is printed; nothing if there is no such code.
std::optional<std::string> explain_code(const std::string& code);

}  // namespace netc
