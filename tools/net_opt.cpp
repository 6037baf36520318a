// net-opt: graphs or loops as text, through the passes named, to text.
#include <fmt/format.h>

#include "ir/loops/text.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/help.h"
#include "tools/command_line/messages.h"
#include "tools/command_line/pass_flags.h"
#include "tools/command_line/write_output.h"

namespace netc {

namespace {

constexpr std::string_view program = "net-opt";

/// The first word that is not in a comment: it tells graphs from loops.
std::string_view first_word(std::string_view text) {
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r\n", at)) != std::string_view::npos) {
    if (text.substr(at, 2) != "//") return text.substr(at, text.find_first_of(" \t\r\n", at) - at);
    at = text.find('\n', at);
    if (at == std::string_view::npos) break;
  }
  return {};
}

/// Reads the IR and reports what is wrong with it.
Compilation read(const SourceMap& sources, FileId file, Diagnostics& diagnostics) {
  Compilation compilation;
  std::string_view word = first_word(sources.text(file));
  bool graphs = word.empty() || word == "graph";
  if (graphs)
    compilation.graphs = parse_graphs(sources, file, diagnostics);
  else
    compilation.program = loops::parse_program(sources, file, diagnostics);
  if (diagnostics.has_errors()) return compilation;
  SourceRange start{file, 0, 0};
  Code code = graphs ? Code::graph_invalid : Code::loops_invalid;
  for (const std::string& rule : verify(compilation)) diagnostics.error(code, start, "{}", rule);
  return compilation;
}

int run(const CommandLine& line) {
  if (std::optional<int> answered = answer_question(line, program)) return *answered;
  if (line.inputs.size() != 1) return fail_usage(program, "name one file of IR, or `-`");
  Result<std::vector<std::string_view>> passes = named_passes(line);
  if (!passes.ok()) return fail_usage(program, passes.error());
  if (Status status = check_pass_flags(line); !status.ok())
    return fail_usage(program, status.error());

  SourceMap sources;
  Result<FileId> file = sources.load(line.inputs[0]);
  if (!file.ok()) return fail(program, file.error(), exit_bad_input);
  Diagnostics diagnostics;
  Compilation compilation = read(sources, *file, diagnostics);
  show(diagnostics, sources, line);
  if (diagnostics.has_errors()) return exit_bad_input;

  Target target = target_of(line.text("cpu", "native"));
  if (int exit = run_passes(compilation, *passes, target, sources, line)) return exit;
  Status status = write_output(line.text("o", "-"), print(compilation), Content::text);
  return status.ok() ? exit_done : fail(program, status.error(), exit_output);
}

}  // namespace

}  // namespace netc

int main(int argc, char** argv) {
  return netc::run_main(argc, argv, netc::program, netc::command_net_opt, &netc::run);
}
