// Runs passes one after the other and does around each what the command line asks for: verifies,
// dumps, times.
#include <algorithm>
#include <chrono>

#include "ir/loops/text.h"
#include "ir/print.h"
#include "ir/support/check.h"
#include "ir/verify.h"
#include "passes/passes.h"

namespace netc {

namespace {

bool is_scheduled(const Compilation& compilation) {
  return !compilation.program.steps.empty() || !compilation.program.kernels.empty();
}

/// The models of a compilation, each once: "digits, autoencoder".
std::string model_names(const Compilation& compilation) {
  std::vector<std::string> names;
  auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Graph& graph : compilation.graphs) add(graph.model);
  for (const loops::Step& step : compilation.program.steps) add(step.model);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string file_name(size_t number, std::string_view pass, const Compilation& compilation) {
  return fmt::format("{:02}-{}.{}", number, pass, is_scheduled(compilation) ? "loops" : "graph");
}

void check(const Compilation& compilation, std::string_view pass) {
  std::vector<std::string> broken = verify(compilation);
  NETC_CHECK(broken.empty(), "after pass `{}` on {}:\n  {}\n{}", pass, model_names(compilation),
             fmt::join(broken, "\n  "), print(compilation));
}

struct Timing {
  std::string_view pass;
  double milliseconds;
};

std::string time_report(const std::vector<Timing>& timings) {
  double total = 0;
  for (const Timing& timing : timings) total += timing.milliseconds;
  std::string text = fmt::format("Pass execution times, {:.2f} ms in all\n", total);
  for (const Timing& timing : timings)
    text += fmt::format("{:10.2f} ms {:5.1f} %  {}\n", timing.milliseconds,
                        total > 0 ? 100 * timing.milliseconds / total : 0, timing.pass);
  return text;
}

}  // namespace

std::string print(const Compilation& compilation) {
  return is_scheduled(compilation) ? loops::print(compilation.program) : print(compilation.graphs);
}

std::vector<std::string> verify(const Compilation& compilation) {
  if (is_scheduled(compilation)) return loops::verify(compilation.program);
  std::vector<std::string> broken;
  bool several = compilation.graphs.size() > 1;
  for (const Graph& graph : compilation.graphs)
    for (const std::string& rule : verify(graph))
      broken.push_back(several ? fmt::format("@{}.{}: {}", graph.model, graph.entry, rule) : rule);
  return broken;
}

Status run_passes(Compilation& compilation, const std::vector<std::string_view>& names,
                  const Target& target, const PassOptions& options) {
  std::vector<Timing> timings;
  std::string before;
  if (options.print_changed) before = print(compilation);
  if (options.dump) options.dump(file_name(0, "input", compilation), print(compilation));
  for (size_t number = 1; number <= names.size(); ++number) {
    const PassInfo* pass = find_pass(names[number - 1]);
    NETC_CHECK(pass, "no pass is called `{}`", names[number - 1]);
    if (const char* obstacle = pass->obstacle(compilation))
      return Error{fmt::format("`{}` cannot run here: {}", pass->name, obstacle)};

    auto start = std::chrono::steady_clock::now();
    pass->run(compilation, target);
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    timings.push_back({pass->name, taken.count()});
    if (options.verify_each) check(compilation, pass->name);

    bool wanted = options.print_after_all ||
                  std::find(options.print_after.begin(), options.print_after.end(), pass->name) !=
                      options.print_after.end();
    if (!wanted && !options.print_changed && !options.dump) continue;
    std::string after = print(compilation);
    std::string header =
        fmt::format("// *** IR Dump After {} on {}", pass->name, model_names(compilation));
    if (wanted || (options.print_changed && after != before))
      options.print(fmt::format("{} ***\n{}", header, after));
    else if (options.print_changed)
      options.print(fmt::format("{} omitted because no change ***\n", header));
    if (options.dump) options.dump(file_name(number, pass->name, compilation), after);
    before = std::move(after);
  }
  if (options.time_passes) options.print(time_report(timings));
  return Done{};
}

}  // namespace netc
