// A command line, read and checked against the table of flags.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/support/result.h"
#include "tools/command_line/flags.h"

namespace netc {

struct CommandLine {
  Command command = command_compile;
  std::vector<std::string> inputs;                                     ///< what is no flag
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  ///< values in order; checked

  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  /// The last value given, or `otherwise`.
  std::string text(std::string_view flag, std::string otherwise = "") const;
  std::optional<int64_t> integer(std::string_view flag) const;
  /// Every value given, in order.
  std::vector<std::string> all(std::string_view flag) const;
  /// The parts between the commas of every value given.
  std::vector<std::string> list(std::string_view flag) const;
};

/// Replaces `@FILE` by the words of that file; quotes hold words together.
Result<std::vector<std::string>> expand_files(const std::vector<std::string>& arguments);

/// Reads the arguments behind the program's name. `program` is command_net_opt, or
/// command_compile for netc, whose first operand may be a subcommand.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments, Command program);

/// The body of a `main`: reads the command line and runs it. Returns the exit code.
int run_main(int argc, char** argv, std::string_view name, Command program,
             int (*run)(const CommandLine&));

}  // namespace netc
