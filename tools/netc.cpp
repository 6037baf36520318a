// netc: from a command line to one of its commands.
#include <fmt/format.h>

#include "tools/command_line/exit_codes.h"
#include "tools/command_line/help.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/compiler_lists.h"

namespace netc {

namespace {

constexpr std::string_view program = "netc";

int run(const CommandLine& line) {
  if (std::optional<std::string> list = compiler_list(line.text("print")))
    return print_out(program, *list);
  if (std::optional<int> answered = answer_question(line, program)) return *answered;
  if (line.has("machine")) return run_bench(line);
  if (line.inputs.empty())
    return fail_usage(program,
                      line.command == command_compile
                          ? "name a .net file"
                          : fmt::format("`netc {}` needs a .net file", info(line.command).name));
  if (line.inputs.size() > 1)
    return fail_usage(program, fmt::format("one file at a time, not also `{}`", line.inputs[1]));
  switch (line.command) {
    case command_train:
      return run_train(line);
    case command_eval:
      return run_eval(line);
    case command_predict:
      return run_predict(line);
    case command_grad:
      return run_grad(line);
    case command_check:
      return run_check(line);
    case command_summary:
      return run_summary(line);
    case command_explain:
      return run_explain(line);
    case command_bench:
      return run_bench(line);
    case command_fmt:
      return run_fmt(line);
    default:
      return run_compile(line);
  }
}

}  // namespace

}  // namespace netc

int main(int argc, char** argv) {
  return netc::run_main(argc, argv, netc::program, netc::command_compile, &netc::run);
}
