// The loops IR as text: printed, parsed, verified, printed the same again.
#pragma once

#include <string>
#include <vector>

#include "ir/loops/loops.h"
#include "ir/support/diagnostics.h"

namespace netc::loops {

std::string print(const Program& program);
std::string print(const Kernel& kernel);

/// Reports what it cannot read as `loops-syntax` and returns what it could.
Program parse_program(const SourceMap& sources, FileId file, Diagnostics& diagnostics);

/// Every broken rule in words; empty: the program is well formed.
std::vector<std::string> verify(const Program& program);

}  // namespace netc::loops
