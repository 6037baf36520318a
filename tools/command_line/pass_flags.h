// The flags about passes, shared by netc and net-opt.
#pragma once

#include <string_view>
#include <vector>

#include "ir/support/result.h"
#include "passes/passes.h"
#include "tools/command_line/command_line.h"

namespace netc {

/// The passes named by --passes, in order; an unknown one is an error that proposes the nearest.
Result<std::vector<std::string_view>> named_passes(const CommandLine& line);

/// Whether a flag asks to see what passes do, so that they have to run.
bool inspects_passes(const CommandLine& line);

/// Runs the passes with what the flags ask for around each; dumps and remarks go to stderr. Returns
/// the exit code, after words on what went wrong.
int run_passes(Compilation& compilation, const std::vector<std::string_view>& passes,
               const Target& target, const SourceMap& sources, const CommandLine& line);

/// Checks the names in --print-after, -Rpass and -Rpass-missed.
Status check_pass_flags(const CommandLine& line);

}  // namespace netc
