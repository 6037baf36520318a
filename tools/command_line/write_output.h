// Writing results: to a file that appears whole or not at all, or to standard output.
#pragma once

#include <functional>
#include <string>

#include "ir/support/result.h"

namespace netc {

enum class Content { text, binary, executable };

/// Writes `bytes` to `path`; `-` is standard output, where no binary goes to a terminal. A regular
/// file is written beside its target and renamed.
Status write_output(const std::string& path, const std::string& bytes, Content content);

/// The same for what someone else writes: `write` is given the path to write to.
Status write_through(const std::string& path,
                     const std::function<Status(const std::string&)>& write, Content content);

}  // namespace netc
