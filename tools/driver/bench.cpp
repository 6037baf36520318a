// `netc bench`: the time of a training step and of a prediction of one row, on synthetic data of
// the model's shapes, and what share of the machine's peak they reach.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <optional>

#include "runtime/core/netc_rt.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/cost.h"
#include "tools/driver/machine.h"
#include "tools/driver/profile.h"
#include "tools/driver/program.h"
#include "tools/driver/synthetic_data.h"

namespace netc {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double measured_seconds = 1.0;
constexpr int warm_up_steps = 20;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Times {
  double first = 0;  ///< microseconds of the first call
  double median = 0;
  double tenth = 0;  ///< a tenth of the calls were faster
  double busy = 0;   ///< the processors' time of a call, on average
};

/// The calls of one entry of a handle on data of its own.
class Runner {
 public:
  Runner(netc_handle* handle, const netc_model& model, uint8_t kind) : handle_(handle) {
    while (position_ < model.entry_count && model.entries[position_].kind != kind) ++position_;
    if (position_ == model.entry_count) return;
    entry_ = &model.entries[position_];
    rows_ = kind == NETC_TRAIN ? entry_->capacity : 1;
    data_.emplace(model, *entry_, rows_);
    results_.resize(entry_->result_count);
  }

  bool exists() const { return entry_ != nullptr; }
  const char* name() const { return entry_->name; }
  int64_t rows() const { return rows_; }

  /// Runs the entry on the `turn`-th batch.
  bool operator()(int64_t turn) {
    std::vector<const void*> inputs = data_->batch(turn);
    auto run = entry_->kind == NETC_TRAIN ? netc_rt_train_step : netc_rt_run;
    return run(handle_, position_, static_cast<size_t>(rows_), inputs.data(), results_.data()) ==
           NETC_OK;
  }

 private:
  netc_handle* handle_;
  uint32_t position_ = 0;
  const netc_entry* entry_ = nullptr;
  int64_t rows_ = 1;
  std::optional<SyntheticData> data_;
  std::vector<void*> results_;
};

/// Runs an entry for a second after a warm-up. Returns false where a call fails.
bool measure(Runner& run, Times& times) {
  auto begin = Clock::now();
  if (!run(0)) return false;
  times.first = microseconds_since(begin);
  for (int turn = 1; turn < warm_up_steps; ++turn)
    if (!run(turn) || microseconds_since(begin) > 1e6 * measured_seconds) break;
  std::vector<double> samples;
  std::clock_t busy = std::clock();
  auto start = Clock::now();
  for (int64_t turn = 0; samples.empty() || microseconds_since(start) < 1e6 * measured_seconds;
       ++turn) {
    auto before = Clock::now();
    if (!run(turn)) return false;
    samples.push_back(microseconds_since(before));
  }
  times.busy = 1e6 * static_cast<double>(std::clock() - busy) / CLOCKS_PER_SEC /
               static_cast<double>(samples.size());
  std::sort(samples.begin(), samples.end());
  times.median = samples[samples.size() / 2];
  times.tenth = samples[samples.size() / 10];
  return true;
}

struct Report {
  int threads = 1;
  int64_t batch = 0;
  Times train, predict;
  double first_step_ms = 0, compile_ms = 0, peak_rss_mib = 0;
  int64_t flops = 0;
  double peak_share = 0;
};

/// Times the entries of a handle; false where a step fails, which `netc_rt_error` then explains.
bool time_entries(netc_handle* handle, const netc_model& model, Clock::time_point begin,
                  Report& report) {
  if (Runner train(handle, model, NETC_TRAIN); train.exists()) {
    double ready = microseconds_since(begin);
    if (!measure(train, report.train)) return false;
    report.first_step_ms = (ready + report.train.first) / 1000;
  }
  Runner predict(handle, model, NETC_PREDICT);
  return !predict.exists() || measure(predict, report.predict);
}

std::string as_json(const Report& report) {
  return fmt::format(
      "{{\"threads\":{},\"batch\":{},\"train_step_us\":{:.2f},\"train_step_us_p10\":{:.2f},"
      "\"train_cpu_us\":{:.2f},\"predict_us\":{:.2f},\"first_step_ms\":{:.1f},\"compile_ms\":{:.1f}"
      ","
      "\"peak_rss_mib\":{:.1f},\"flops\":{},\"peak_share\":{:.3f}}}\n",
      report.threads, report.batch, report.train.median, report.train.tenth, report.train.busy,
      report.predict.median, report.first_step_ms, report.compile_ms, report.peak_rss_mib,
      report.flops, report.peak_share);
}

std::string as_text(const Report& report, double peak) {
  std::string text;
  if (report.train.median > 0)
    text += fmt::format(
        "training step   {:>10.1f} us  (a tenth below {:.1f}), {} rows on {} thread(s)\n"
        "                {:>10.2f} GFLOP/s of products, {:.0f} % of the {:.0f} GFLOP/s of one "
        "core\n"
        "first step      {:>10.1f} ms after the start, {:.1f} ms of them compiling\n",
        report.train.median, report.train.tenth, report.batch, report.threads,
        report.flops / report.train.median / 1e3, 100 * report.peak_share, peak / 1e9,
        report.first_step_ms, report.compile_ms);
  if (report.predict.median > 0)
    text += fmt::format("prediction      {:>10.1f} us, one row\n", report.predict.median);
  return text + fmt::format("memory          {:>10.1f} MiB at most\n", report.peak_rss_mib);
}

/// Where the time of each entry goes, in words or as JSON; nothing where a step fails.
std::optional<std::string> profile_entries(const CommandLine& line, netc_handle* handle,
                                           const Program& program, const CompiledModel& compiled,
                                           double peak) {
  const Compilation& compilation = program.compilation;
  std::string text, json;
  for (size_t i = 0; i < compilation.program.steps.size(); ++i) {
    const loops::Step& step = compilation.program.steps[i];
    Runner run(handle, *compiled.model, step.entry == "train" ? NETC_TRAIN : NETC_PREDICT);
    std::vector<ProfiledCall> calls =
        profile(compilation.graphs[i], compilation.program, step, run.rows(),
                compiled.code->cycles(step), [&](int64_t turn) { return run(turn); });
    if (calls.empty()) return std::nullopt;
    if (line.text("format") == "json")
      json +=
          fmt::format("{}\"{}\":{}", json.empty() ? "" : ",", step.entry, profile_as_json(calls));
    else
      text += profile_as_text(fmt::format("{}, {} row(s)", step.entry, run.rows()),
                              std::move(calls), peak) +
              "\n";
  }
  if (!json.empty()) text = fmt::format("{{{},\"peak_flops\":{:.4g}}}\n", json, peak);
  return text;
}

int run_machine(const CommandLine& line) {
  if (!line.inputs.empty())
    return fail_usage("netc",
                      fmt::format("`--machine` takes no file such as `{}`", line.inputs[0]));
  Result<TargetOptions> target = target_options(line);
  if (!target.ok()) return fail_usage("netc", target.error());
  Result<std::string> report = machine_report(*target, line.text("format") == "json");
  if (!report.ok()) return fail("netc", report.error(), exit_bad_input);
  return print_out("netc", *report);
}

}  // namespace

int run_bench(const CommandLine& line) {
  if (line.has("machine")) return run_machine(line);
  auto begin = Clock::now();
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  if (int exit = choose_model(line, program)) return exit;
  keep_graphs(program, [](const Graph& graph) {
    return graph.entry == "train" || graph.entry == "predict";
  });
  if (program.models.empty())
    return fail("netc", "the model has neither a `train` block nor an output to time",
                exit_bad_input);
  CompiledModel compiled;
  if (int exit = compile_in_process(line, program, compiled, line.has("profile"))) return exit;
  Report report;
  report.compile_ms = microseconds_since(begin) / 1000;
  report.batch = program.models[0].capacity;
  for (const Graph& graph : program.compilation.graphs)
    if (graph.entry == "train") report.flops = contraction_flops(graph, report.batch);
  report.threads = static_cast<int>(line.integer("threads").value_or(1));
  netc_options options = {.size = sizeof options, .seed = 1, .threads = report.threads};
  netc_handle* created = nullptr;
  int status = netc_rt_create(compiled.model, &created, &options);
  std::unique_ptr<netc_handle, void (*)(netc_handle*)> handle(created, &netc_rt_destroy);
  bool works = status == NETC_OK;
  if (works && !line.has("profile")) works = time_entries(created, *compiled.model, begin, report);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  report.peak_rss_mib = static_cast<double>(usage.ru_maxrss) / 1024;

  Result<double> peak = measure_peak_flops(compiled.target, target_of(compiled.target.cpu));
  if (!peak.ok()) return fail("netc", peak.error(), exit_bad_input);
  std::optional<std::string> profiled;
  if (works && line.has("profile")) {
    profiled = profile_entries(line, created, program, compiled, *peak);
    works = profiled.has_value();
  }
  if (!works)
    return fail("netc", created ? netc_rt_error(created) : "out of memory", exit_bad_input);
  if (profiled) return print_out("netc", *profiled);
  if (report.train.median > 0)
    report.peak_share = static_cast<double>(report.flops) / (report.train.median * 1e-6) / *peak;
  return print_out("netc",
                   line.text("format") == "json" ? as_json(report) : as_text(report, *peak));
}

}  // namespace netc
