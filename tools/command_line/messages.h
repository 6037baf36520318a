// How the programs speak: errors of their own on one line, diagnostics of a file as they are asked
// for, in colour where that is wanted.
#pragma once

#include <string>
#include <string_view>

#include "ir/support/diagnostics.h"
#include "tools/command_line/command_line.h"

namespace netc {

/// Whether messages on stderr are coloured: --color, NO_COLOR, CLICOLOR_FORCE, TERM, a terminal.
bool wants_colour(const CommandLine& line);

/// `netc: error: MESSAGE` on stderr; returns `code`.
int fail(std::string_view program, std::string_view message, int code);

/// The same for a wrong command line, with a pointer to the help.
int fail_usage(std::string_view program, std::string_view message);

/// Shows all reports on stderr as the command line asks.
void show(const Diagnostics& diagnostics, const SourceMap& sources, const CommandLine& line);

/// Text on stdout, at once; returns the exit code, which tells whether it could be written.
int print_out(std::string_view program, std::string_view text);

}  // namespace netc
