#include "tools/command_line/help.h"

#include <fmt/format.h>

#include "ir/support/diagnostics.h"
#include "passes/passes.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/lists.h"
#include "tools/command_line/messages.h"

namespace netc {

namespace {

constexpr size_t flag_width = 30;  ///< of the column of flags; longer ones have a line of their own

std::string_view title(FlagGroup group) {
  switch (group) {
    case FlagGroup::output:
      return "Output";
    case FlagGroup::code:
      return "Program and code";
    case FlagGroup::training:
      return "Training and data";
    case FlagGroup::inspection:
      return "Looking inside";
    case FlagGroup::general:
      return "General";
  }
  return "";
}

std::string usage(Command command) {
  if (command == command_net_opt)
    return "usage: net-opt [flags] FILE          runs passes on graphs or loops as text; `-` is "
           "standard input\n";
  if (command != command_compile) {
    const CommandInfo& row = info(command);
    return fmt::format("usage: netc {} {} [flags]\n{}\n", row.name, row.operands, row.summary);
  }
  std::string text =
      "netc compiles neural networks, written as .net files, to native training code.\n\n";
  for (const CommandInfo& row : all_commands()) {
    std::string head =
        fmt::format("  netc {}{}{}", row.name, row.name.empty() ? "" : " ", row.operands);
    text += fmt::format("{:<52}{}\n", head, row.summary);
  }
  return text;
}

std::string row_of(const Flag& flag) {
  std::string head = "  " + synopsis(flag);
  std::string gap = head.size() < flag_width ? std::string(flag_width - head.size(), ' ')
                                             : "\n" + std::string(flag_width, ' ');
  return fmt::format("{}{}{}\n", head, gap, flag.summary);
}

}  // namespace

std::string help(Command command, bool all) {
  std::string text = usage(command);
  // The plain help of netc shows what any of its commands takes.
  unsigned wanted = command == command_compile ? ~static_cast<unsigned>(command_net_opt) : command;
  bool everything = all || command != command_compile;
  for (FlagGroup group : {FlagGroup::output, FlagGroup::code, FlagGroup::training,
                          FlagGroup::inspection, FlagGroup::general}) {
    std::string rows;
    for (const Flag& flag : all_flags())
      if (flag.group == group && (flag.commands & wanted) && (everything || flag.basic))
        rows += row_of(flag);
    if (!rows.empty()) text += fmt::format("\n{}:\n{}", title(group), rows);
  }
  return text;
}

std::optional<int> answer_question(const CommandLine& line, std::string_view program) {
  std::string text;
  if (line.has("help") || line.has("help-all")) {
    text = help(line.command, line.has("help-all"));
  } else if (line.has("version")) {
    text = fmt::format("{} {}\n", program, NETC_VERSION);
  } else if (line.has("print")) {
    std::optional<std::string> list = list_of(line.text("print"));
    if (!list)
      return fail_usage(program, fmt::format("the list of {} is `netc`'s", line.text("print")));
    text = *list;
  } else if (line.has("explain")) {
    std::optional<std::string> explanation = explain_code(line.text("explain"));
    if (!explanation) {
      std::vector<std::string> names;
      for (Code code : all_codes()) names.push_back(code_name(code));
      std::string near = nearest(line.text("explain"), names);
      return fail_usage(program,
                        fmt::format("no diagnostic has the code `{}`{}", line.text("explain"),
                                    near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
    }
    text = *explanation;
  } else {
    return std::nullopt;
  }
  return print_out(program, text);
}

}  // namespace netc
