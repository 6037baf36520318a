// `netc check`: whether a file is right, and whether its gradients are.
#include <fmt/format.h>

#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/gradient_check.h"
#include "tools/driver/program.h"

namespace netc {

namespace {

constexpr int64_t rows = 3;  ///< small, and no power of two

int check_model(const Graph& graph, uint64_t seed, bool verbose) {
  Result<GradientReport> report = check_gradients(graph, seed);
  if (!report.ok()) return fail("netc", report.error(), exit_bad_input);
  for (const GradientMismatch& found : report->mismatches)
    fail("netc",
         fmt::format("the gradient of `{}`'s loss by {}[{}] is {:.10g}, but finite differences "
                     "give {:.10g}: "
                     "off by {:.1e} of the largest one",
                     graph.model, found.tensor, fmt::join(found.position, ", "), found.gradient,
                     found.difference, found.relative),
         exit_bad_input);
  if (!report->mismatches.empty()) return exit_bad_input;
  std::string text = fmt::format(
      "{}: {} gradients agree with finite differences (largest relative difference {:.1e})\n",
      graph.model, report->tensors, report->largest);
  if (report->rough > 0)
    text +=
        fmt::format("  {} could not be compared: the loss is not smooth where they were tried\n",
                    report->rough);
  if (verbose)
    text += fmt::format("  {} elements compared, {} left out at kinks of the loss\n",
                        report->elements, report->kinks);
  return print_out("netc", text);
}

}  // namespace

int run_check(const CommandLine& line) {
  Program program;
  ElaborateChoices choices;
  if (!line.has("batch")) choices.batch = rows;
  choices.double_precision = true;
  if (int exit = elaborate_program(line, choices, program)) return exit;
  int worst = exit_done;
  for (const Graph& graph : program.compilation.graphs) {
    bool chosen = !line.has("model") || line.text("model") == graph.model;
    if (graph.entry != "gradient" || !chosen) continue;
    uint64_t seed = static_cast<uint64_t>(line.integer("seed").value_or(1));
    if (int exit = check_model(graph, seed, line.has("v"))) worst = exit;
  }
  return worst;
}

}  // namespace netc
