// `netc train`, `eval`, `predict` and `grad`: compile in process, then hand the model to the
// trainer, which does the rest and says what went wrong.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ir/support/check.h"
#include "runtime/trainer/trainer.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/inspect_step.h"
#include "tools/driver/program.h"

namespace netc {

namespace {

/// Compiles the wanted entries of the chosen model and runs it.
int compile_and_run(const CommandLine& line, Program& program,
                    const std::function<bool(const Graph&)>& wanted, std::string_view lacking,
                    const std::function<int(const netc_model&)>& run) {
  keep_graphs(program, wanted);
  if (program.models.empty()) return fail("netc", lacking, exit_bad_input);
  CompiledModel compiled;
  if (int exit = compile_in_process(line, program, compiled)) return exit;
  return run(*compiled.model);
}

void fill_run_options(const CommandLine& line, trainer::RunOptions& options) {
  if (std::optional<int64_t> seed = line.integer("seed"))
    options.seed = static_cast<uint64_t>(*seed);
  options.threads = static_cast<int>(line.integer("threads").value_or(0));
  options.load = line.text("load");
  if (line.has("data")) options.data = line.text("data");
}

/// The length of the first dimension in the input file: `grad` takes all its rows as one batch.
std::optional<int64_t> rows_of_input(const trainer::InputFile& file, const Program& program) {
  std::vector<std::string> names;
  for (const ModelInterface& model : program.models)
    for (const Value& input : model.inputs)
      if (!input.type.dims.empty() && input.type.dims[0].batch) names.push_back(input.name);
  return names.empty() ? std::nullopt : trainer::batch_rows(file, names);
}

/// Makes inspectors of the training entries, as they are before any pass.
auto inspector_of(const CommandLine& line, const Program& program) {
  std::vector<Graph> graphs = program.compilation.graphs;
  return [graphs = std::move(graphs), &line,
          &program](const std::string& entry) -> std::unique_ptr<trainer::StepInspector> {
    auto graph = std::find_if(graphs.begin(), graphs.end(),
                              [&](const Graph& each) { return each.entry == entry; });
    Result<TargetOptions> target = target_options(line);
    if (graph == graphs.end() || !target.ok()) return nullptr;
    return inspect_step(*graph, program.sources, *target);
  };
}

/// Names the flag that a command cannot do without.
int require_flags(const CommandLine& line, std::initializer_list<std::string_view> flags) {
  for (std::string_view flag : flags)
    if (!line.has(flag))
      return fail_usage("netc", fmt::format("`netc {}` needs `{}`", info(line.command).name,
                                            synopsis(*find_flag(flag))));
  return exit_done;
}

}  // namespace

int run_train(const CommandLine& line) {
  if (line.has("checkpoint-every") && !line.has("checkpoint"))
    return fail_usage("netc", "`--checkpoint-every` needs `--checkpoint F`");
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  trainer::TrainOptions options;
  fill_run_options(line, options);
  options.epochs = line.integer("epochs");
  options.steps = line.integer("steps");
  options.batch = line.integer("batch");
  options.save = line.text("save");
  options.log = line.text("log");
  options.checkpoint = line.text("checkpoint");
  options.checkpoint_every = line.integer("checkpoint-every");
  options.resume = line.text("resume");
  options.quiet = line.has("quiet");
  options.inspector = inspector_of(line, program);
  if (program.plans.empty())
    return fail("netc", "the file has no `train` block, which says what to train on",
                exit_bad_input);
  return compile_and_run(
      line, program,
      [](const Graph& graph) {
        return graph.entry.starts_with("train") || graph.entry == "evaluate";
      },
      "the model has no loss to train for",
      [&](const netc_model& model) { return trainer::train(model, options); });
}

int run_eval(const CommandLine& line) {
  if (int exit = require_flags(line, {"load"})) return exit;
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  trainer::EvaluateOptions options;
  fill_run_options(line, options);
  options.format = line.text("format") == "json" ? trainer::Format::json : trainer::Format::text;
  return compile_and_run(
      line, program, [](const Graph& graph) { return graph.entry == "evaluate"; },
      "the model has no loss to evaluate",
      [&](const netc_model& model) { return trainer::evaluate(model, options); });
}

int run_predict(const CommandLine& line) {
  if (int exit = require_flags(line, {"load", "input", "o"})) return exit;
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  trainer::PredictOptions options;
  fill_run_options(line, options);
  options.input = line.text("input");
  options.output = line.text("o");
  return compile_and_run(
      line, program, [](const Graph& graph) { return graph.entry == "predict"; },
      "the model has no outputs to predict",
      [&](const netc_model& model) { return trainer::predict(model, options); });
}

int run_grad(const CommandLine& line) {
  if (int exit = require_flags(line, {"input", "o"})) return exit;
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  trainer::GradientOptions options;
  fill_run_options(line, options);
  std::string message;
  options.input = trainer::open_input(line.text("input"), message);
  if (!options.input) return fail("netc", message, exit_bad_input);
  options.output = line.text("o");
  std::optional<int64_t> rows = rows_of_input(*options.input, program);
  if (rows && *rows > 0 && *rows != program.models[0].capacity) {
    Program fitting;
    if (int exit = elaborate_program(line, {.batch = rows}, fitting)) return exit;
    if (int exit = choose_model(line, fitting)) return exit;
    program = std::move(fitting);
  }
  return compile_and_run(
      line, program, [](const Graph& graph) { return graph.entry == "gradient"; },
      "the model has no loss to differentiate",
      [&](const netc_model& model) { return trainer::gradient(model, options); });
}

}  // namespace netc
