// `netc explain`: a training step as a lecture tells it, forward and backward, as text or as a
// page.
#include <fmt/format.h>

#include "passes/autodiff.h"
#include "passes/simplify.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/command_line/write_output.h"
#include "tools/driver/commands.h"
#include "tools/driver/program.h"
#include "tools/explain/explanation.h"
#include "tools/explain/inner_gradients.h"

namespace netc {

namespace {

/// The entry that shows most of the model: a training step, or else its gradients.
std::string told_entry(const std::vector<Graph>& graphs) {
  for (std::string_view entry : {"train", "gradient", "evaluate", "predict"})
    for (const Graph& graph : graphs)
      if (graph.entry == entry) return graph.entry;
  return "";
}

bool wants_html(const CommandLine& line) {
  if (line.has("format")) return line.text("format") == "html";
  const std::string path = line.text("o");
  return path.ends_with(".html") || path.ends_with(".htm");
}

}  // namespace

int run_explain(const CommandLine& line) {
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  const std::string entry = told_entry(program.compilation.graphs);
  keep_graphs(program, [&](const Graph& graph) { return graph.entry == entry; });
  Graph before = program.compilation.graphs[0];
  if (line.integer("O").value_or(2) > 0) simplify(before);
  explain::take_inner_gradients(before);
  Graph differentiated = before;
  autodiff(differentiated);
  if (int exit = optimize_program(line, program)) return exit;

  const explain::Explanation story = explain::explain(
      {before, differentiated, program.compilation.graphs[0], program.compilation.program});
  const std::string text = wants_html(line) ? to_html(story) : to_text(story);
  Status status = write_output(line.text("o", "-"), text, Content::text);
  return status.ok() ? exit_done : fail("netc", status.error(), exit_output);
}

}  // namespace netc
