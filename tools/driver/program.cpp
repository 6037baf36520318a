#include "tools/driver/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/frontend.h"
#include "ir/support/check.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/command_line/pass_flags.h"

namespace netc {

namespace {

Result<FrontendOptions> frontend_options(const CommandLine& line) {
  FrontendOptions options;
  for (const std::string& definition : line.all("D")) {
    size_t equals = definition.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{fmt::format("`-D` takes NAME=VALUE, not `{}`", definition)};
    options.definitions[definition.substr(0, equals)] = definition.substr(equals + 1);
  }
  options.include_directories = line.all("I");
  options.batch = line.integer("batch");
  options.double_precision = line.text("float") == "f64";
  return options;
}

}  // namespace

int elaborate_program(const CommandLine& line, const ElaborateChoices& choices, Program& program) {
  Result<FrontendOptions> options = frontend_options(line);
  if (!options.ok()) return fail_usage("netc", options.error());
  if (choices.batch) options->batch = choices.batch;
  if (choices.double_precision) options->double_precision = true;

  Result<FileId> file = program.sources.load(line.inputs[0]);
  if (!file.ok()) return fail("netc", file.error(), exit_bad_input);
  program.file = *file;
  Diagnostics diagnostics;
  Module module = elaborate(program.sources, *file, *options, diagnostics);
  show(diagnostics, program.sources, line);
  if (diagnostics.has_errors()) return exit_bad_input;
  program.compilation.graphs = std::move(module.graphs);
  program.plans = std::move(module.plans);
  program.models = interfaces_of(program.compilation.graphs);
  return exit_done;
}

void keep_graphs(Program& program, const std::function<bool(const Graph&)>& wanted) {
  std::erase_if(program.compilation.graphs, [&](const Graph& graph) { return !wanted(graph); });
  std::vector<ModelInterface> kept = interfaces_of(program.compilation.graphs);
  for (ModelInterface& model : kept)
    for (ModelInterface& whole : program.models)
      if (whole.name == model.name) model.variables = whole.variables;
  program.models = std::move(kept);
}

int choose_model(const CommandLine& line, Program& program) {
  std::vector<std::string> names;
  for (const ModelInterface& model : program.models) names.push_back(model.name);
  std::string chosen = line.text("model");
  if (chosen.empty() && names.size() == 1) chosen = names[0];
  if (names.empty())
    return fail("netc", fmt::format("`{}` declares no model", line.inputs[0]), exit_bad_input);
  if (chosen.empty())
    return fail_usage("netc", fmt::format("the file has the models {}; choose one with `--model`",
                                          fmt::join(names, ", ")));
  if (std::find(names.begin(), names.end(), chosen) == names.end()) {
    std::string near = nearest(chosen, names);
    return fail_usage("netc",
                      fmt::format("the file has no model `{}`{}", chosen,
                                  near.empty() ? fmt::format("; it has {}", fmt::join(names, ", "))
                                               : fmt::format("; did you mean `{}`?", near)));
  }
  keep_graphs(program, [&](const Graph& graph) { return graph.model == chosen; });
  return exit_done;
}

Result<TargetOptions> target_options(const CommandLine& line) {
  TargetOptions target;
  target.triple = line.text("target");
  target.cpu = line.text("cpu", "native");
  target.optimize = static_cast<int>(line.integer("O").value_or(2));
  target.threads = static_cast<int>(line.integer("threads").value_or(0));
  if (Status status = check_target(target); !status.ok()) return Error{status.error()};
  return target;
}

int optimize_program(const CommandLine& line, Program& program) {
  std::vector<std::string_view> passes = pipeline(static_cast<int>(line.integer("O").value_or(2)));
  if (line.has("passes")) {
    Result<std::vector<std::string_view>> named = named_passes(line);
    if (!named.ok()) return fail_usage("netc", named.error());
    passes = *named;
  }
  if (Status status = check_pass_flags(line); !status.ok())
    return fail_usage("netc", status.error());
  return run_passes(program.compilation, passes, target_of(line.text("cpu", "native")),
                    program.sources, line);
}

CodegenInput codegen_input(const Program& program) {
  CodegenInput input;
  input.program = &program.compilation.program;
  input.models = &program.models;
  for (const ModelInterface& model : program.models) {
    std::vector<std::string>& plans = input.plans.emplace_back();
    for (const TrainPlan& plan : program.plans)
      if (plan.model == model.name) plans.push_back(to_json(plan));
  }
  return input;
}

int compile_in_process(const CommandLine& line, Program& program, CompiledModel& compiled,
                       bool profile) {
  Result<TargetOptions> target = target_options(line);
  if (!target.ok()) return fail_usage("netc", target.error());
  target->profile = profile;
  if (int exit = optimize_program(line, program)) return exit;
  Result<std::unique_ptr<Jit>> code = jit(codegen_input(program), *target);
  if (!code.ok()) return fail("netc", code.error(), exit_bad_input);
  const std::string& name = program.models[0].name;
  compiled = {.target = *target, .code = std::move(*code)};
  compiled.model = compiled.code->model(name);
  NETC_CHECK(compiled.model, "no code for model {}", name);
  return exit_done;
}

}  // namespace netc
