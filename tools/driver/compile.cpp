// `netc MODEL.net`: every output that is asked for, from one run through the stages.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "frontend/ast_dump.h"
#include "frontend/parser.h"
#include "ir/loops/text.h"
#include "ir/print.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/command_line/outputs.h"
#include "tools/command_line/pass_flags.h"
#include "tools/driver/commands.h"
#include "tools/driver/dot.h"
#include "tools/driver/program.h"

namespace netc {

namespace {

/// The stage whose result an output shows.
enum class Stage { syntax, graph, loops, code };

Stage stage_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::ast:
      return Stage::syntax;
    case OutputKind::graph:
    case OutputKind::dot:
      return Stage::graph;
    case OutputKind::loops:
      return Stage::loops;
    default:
      return Stage::code;
  }
}

bool any_of_stage(const std::vector<Output>& wanted, Stage from) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const Output& output) { return stage_of(output.kind) >= from; });
}

int write(const Output& output, const std::string& bytes) {
  Status status = write_output(output.path, bytes, info(output.kind).content);
  return status.ok() ? exit_done : fail("netc", status.error(), exit_output);
}

/// --emit=ast needs the syntax alone, and shows it also where the file means nothing.
int emit_syntax(const CommandLine& line, const Output& output) {
  SourceMap sources;
  Result<FileId> file = sources.load(line.inputs[0]);
  if (!file.ok()) return fail("netc", file.error(), exit_bad_input);
  Diagnostics diagnostics;
  std::optional<ast::File> tree = parse(sources, *file, diagnostics);
  show(diagnostics, sources, line);
  if (!tree || diagnostics.has_errors()) return exit_bad_input;
  return write(output, dump_ast(*tree));
}

int emit_graphs(const Program& program, const std::vector<Output>& wanted) {
  for (const Output& output : wanted) {
    if (stage_of(output.kind) != Stage::graph) continue;
    const std::vector<Graph>& graphs = program.compilation.graphs;
    int code = write(output, output.kind == OutputKind::dot ? to_dot(graphs) : print(graphs));
    if (code != exit_done) return code;
  }
  return exit_done;
}

/// The code of a program; the object that several outputs are made of is generated once.
class MachineCode {
 public:
  MachineCode(const CodegenInput& input, const TargetOptions& target)
      : input_(input), target_(target) {}

  int emit_output(const Output& output) {
    switch (output.kind) {
      case OutputKind::loops:
        return write(output, loops::print(*input_.program));
      case OutputKind::header:
        return write(output, emit_header(input_));
      case OutputKind::llvm:
        return write_result(output, emit(input_, target_, Emission::llvm));
      case OutputKind::assembly:
        return write_result(output, emit(input_, target_, Emission::assembly));
      case OutputKind::object:
        return write_result(output, object());
      default:
        return emit_linked(output);
    }
  }

 private:
  const Result<std::string>& object() {
    if (!object_) object_ = emit(input_, target_, Emission::object);
    return *object_;
  }

  static int write_result(const Output& output, const Result<std::string>& bytes) {
    if (!bytes.ok()) return fail("netc", bytes.error(), exit_bad_input);
    return write(output, *bytes);
  }

  int emit_linked(const Output& output) {
    if (!object().ok()) return fail("netc", object().error(), exit_bad_input);
    auto link = output.kind == OutputKind::shared ? link_shared : link_executable;
    Status status = write_through(
        output.path, [&](const std::string& path) { return link(*object(), path); },
        info(output.kind).content);
    return status.ok() ? exit_done : fail("netc", status.error(), exit_output);
  }

  const CodegenInput& input_;
  const TargetOptions& target_;
  std::optional<Result<std::string>> object_;
};

/// For make: the outputs depend on the files that were read.
int write_dependencies(const CommandLine& line, const Program& program,
                       const std::vector<Output>& wanted) {
  std::string targets, sources;
  for (const Output& output : wanted) targets += (targets.empty() ? "" : " ") + output.path;
  for (uint32_t i = 0; i < program.sources.size(); ++i) {
    std::string name(program.sources.name(FileId{i}));
    if (name != "std.net") sources += " \\\n  " + name;
  }
  std::string path = line.text("MF", wanted.front().path + ".d");
  Status status = write_output(path, fmt::format("{}:{}\n", targets, sources), Content::text);
  return status.ok() ? exit_done : fail("netc", status.error(), exit_output);
}

/// The graphs that outputs are made of: the entry asked for; without one, code leaves out the
/// gradient entry, which only `netc grad` calls.
void choose_entries(const CommandLine& line, bool code, Program& program) {
  std::string entry = line.text("entry");
  if (!entry.empty())
    keep_graphs(program, [&](const Graph& graph) { return graph.entry.starts_with(entry); });
  else if (code)
    keep_graphs(program, [](const Graph& graph) { return graph.entry != "gradient"; });
}

}  // namespace

int run_compile(const CommandLine& line) {
  Result<std::vector<Output>> wanted = outputs_of(line);
  if (!wanted.ok()) return fail_usage("netc", wanted.error());
  if (!any_of_stage(*wanted, Stage::graph)) return emit_syntax(line, wanted->front());
  bool code = any_of_stage(*wanted, Stage::loops);
  Result<TargetOptions> target = target_options(line);
  if (!target.ok()) return fail_usage("netc", target.error());

  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  choose_entries(line, code, program);
  if (program.compilation.graphs.empty())
    return fail("netc",
                line.has("entry") ? fmt::format("no model has the entry `{}`", line.text("entry"))
                                  : fmt::format("`{}` declares no model", line.inputs[0]),
                exit_bad_input);

  for (const Output& output : *wanted)
    if (stage_of(output.kind) == Stage::syntax)
      if (int exit = emit_syntax(line, output)) return exit;
  bool own_passes = line.has("passes");
  if (!own_passes)
    if (int exit = emit_graphs(program, *wanted)) return exit;
  if (code || own_passes || inspects_passes(line))
    if (int exit = optimize_program(line, program)) return exit;
  if (own_passes)
    if (int exit = emit_graphs(program, *wanted)) return exit;
  if (code && program.compilation.program.steps.empty())
    return fail_usage("netc", "code needs `schedule` and `plan-memory` among the passes");
  CodegenInput input = codegen_input(program);
  if (line.has("g"))
    input.debug_file = std::filesystem::path(line.inputs[0]).stem().string() + ".loops";
  MachineCode emitted(input, *target);
  for (const Output& output : *wanted)
    if (stage_of(output.kind) >= Stage::loops)
      if (int exit = emitted.emit_output(output)) return exit;
  return line.has("MD") ? write_dependencies(line, program, *wanted) : exit_done;
}

}  // namespace netc
