// The table of flags: the one place from which parsing, validation, help and proposals for
// misspelt flags follow.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace netc {

/// Which program or subcommand runs; a set of them says where a flag belongs.
enum Command : unsigned {
  command_compile = 1 << 0,
  command_train = 1 << 1,
  command_eval = 1 << 2,
  command_predict = 1 << 3,
  command_grad = 1 << 4,
  command_check = 1 << 5,
  command_summary = 1 << 6,
  command_fmt = 1 << 7,
  command_net_opt = 1 << 8,
  command_bench = 1 << 9,
  command_explain = 1 << 10,
};

struct CommandInfo {
  Command command;
  std::string_view name;  ///< "" for compiling
  std::string_view operands;
  std::string_view summary;
};

/// The subcommands of netc, in the order of the help.
const std::vector<CommandInfo>& all_commands();
const CommandInfo* find_command(std::string_view name);
const CommandInfo& info(Command command);

enum class FlagGroup { output, code, training, inspection, general };

/// One row; what means different things to different commands has several. `value` is shown in the
/// help and says what is accepted: nothing (a switch), `N` (a whole number, at least `minimum`),
/// `a|b|c` (one of these words), anything else (any text).
struct Flag {
  std::string_view name;  ///< one letter: `-o`; otherwise `--emit`
  std::string_view value;
  unsigned commands;
  FlagGroup group;
  std::string_view summary;
  bool basic = false;  ///< shown by `--help`; the others by `--help-all`
  int64_t minimum = 1;
};

const std::vector<Flag>& all_flags();
/// The row of this name that belongs to one of `commands`, or else any of this name.
const Flag* find_flag(std::string_view name, unsigned commands = ~0u);

/// As written on a command line: `-o`, `--emit`.
std::string spelling(const Flag& flag);
/// With its value: `--emit KIND[=PATH],...`.
std::string synopsis(const Flag& flag);
/// The words of a value `a|b|c`; empty if it is no choice.
std::vector<std::string> choices(const Flag& flag);

}  // namespace netc
