// `netc fmt`: rewrites a file in the one canonical layout.
#include "frontend/format.h"

#include "frontend/parser.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/command_line/write_output.h"
#include "tools/driver/commands.h"

namespace netc {

int run_fmt(const CommandLine& line) {
  SourceMap sources;
  const std::string& path = line.inputs[0];
  Result<FileId> file = sources.load(path);
  if (!file.ok()) return fail("netc", file.error(), exit_bad_input);
  Diagnostics diagnostics;
  std::optional<ast::File> tree = parse(sources, *file, diagnostics);
  show(diagnostics, sources, line);
  if (!tree || diagnostics.has_errors()) return exit_bad_input;

  std::string text = format(*tree, sources);
  std::string target = line.text("o", path);
  bool unchanged = target == path && path != "-" && text == sources.text(*file);
  if (unchanged) return exit_done;
  Status status = write_output(target, text, Content::text);
  return status.ok() ? exit_done : fail("netc", status.error(), exit_output);
}

}  // namespace netc
