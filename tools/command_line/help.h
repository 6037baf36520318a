// What the programs say of themselves: help, version, lists for tools.
#pragma once

#include <optional>
#include <string>

#include "tools/command_line/command_line.h"

namespace netc {

/// The help of a program or a subcommand; `all` shows every flag.
std::string help(Command command, bool all);

/// Answers --help, --help-all, --version, --print and --explain on stdout and returns the exit
/// code; nothing if none of them is asked for.
std::optional<int> answer_question(const CommandLine& line, std::string_view program);

}  // namespace netc
