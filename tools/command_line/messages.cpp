#include "tools/command_line/messages.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tools/command_line/exit_codes.h"

namespace netc {

namespace {

/// Whether the environment sets this variable to something.
bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

}  // namespace

bool wants_colour(const CommandLine& line) {
  std::string choice = line.text("color", "auto");
  if (choice != "auto") return choice == "always";
  if (is_set("NO_COLOR")) return false;
  if (is_set("CLICOLOR_FORCE") && std::string_view(std::getenv("CLICOLOR_FORCE")) != "0")
    return true;
  const char* terminal = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) && terminal && std::string_view(terminal) != "dumb";
}

int fail(std::string_view program, std::string_view message, int code) {
  fmt::print(stderr, "{}: error: {}\n", program, message);
  return code;
}

int fail_usage(std::string_view program, std::string_view message) {
  fmt::print(stderr, "{}: error: {}; try `{} --help`\n", program, message, program);
  return exit_usage;
}

void show(const Diagnostics& diagnostics, const SourceMap& sources, const CommandLine& line) {
  if (diagnostics.all().empty()) return;
  RenderOptions options;
  options.colour = wants_colour(line);
  options.json = line.text("diagnostics") == "json";
  std::string text = render(diagnostics, sources, options);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int print_out(std::string_view program, std::string_view text) {
  bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && written) return exit_done;
  return fail(program, "cannot write standard output", exit_output);
}

}  // namespace netc
