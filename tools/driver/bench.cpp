// `netc bench`: the time of a training step and of a prediction of one row, on synthetic data of
// the model's shapes, and what share of the machine's peak they reach.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>

#include "runtime/core/netc_rt.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/cost.h"
#include "tools/driver/machine.h"
#include "tools/driver/program.h"

namespace netc {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double measured_seconds = 1.0;
constexpr int warm_up_steps = 20;
constexpr int64_t data_bytes = int64_t{64} << 20;  // at most; batches are walked in turn
constexpr int64_t most_batches = 64;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

/// Batches of every input: uniform in [0, 1) for floats, in the checked range for integers.
class SyntheticData {
 public:
  SyntheticData(const netc_model& model, const netc_entry& entry, int64_t rows) {
    int64_t bytes = 1;
    for (uint32_t i = 0; i < entry.input_count; ++i)
      bytes += elements(model.inputs[entry.inputs[i]], rows) * 8;
    batches_ = std::clamp<int64_t>(data_bytes / bytes, 1, most_batches);
    std::mt19937_64 random(1);
    for (uint32_t i = 0; i < entry.input_count; ++i) {
      const netc_tensor& input = model.inputs[entry.inputs[i]];
      auto dtype = static_cast<DType>(input.dtype);
      bytes_.push_back(elements(input, rows) * byte_size(dtype));
      storage_.emplace_back(static_cast<size_t>(bytes_.back() * batches_));
      fill(storage_.back(), dtype, input, random);
    }
  }

  /// Pointers to the inputs of the `turn`-th batch.
  std::vector<const void*> batch(int64_t turn) const {
    std::vector<const void*> pointers;
    for (size_t i = 0; i < storage_.size(); ++i)
      pointers.push_back(storage_[i].data() + turn % batches_ * bytes_[i]);
    return pointers;
  }

 private:
  static int64_t elements(const netc_tensor& tensor, int64_t rows) {
    int64_t count = 1;
    for (int i = 0; i < tensor.rank; ++i)
      count *= tensor.dims[i] < 0 ? -tensor.dims[i] * rows : tensor.dims[i];
    return count;
  }

  static void fill(std::vector<unsigned char>& bytes, DType dtype, const netc_tensor& input,
                   std::mt19937_64& random) {
    int64_t low = input.checked ? input.low : 0;
    int64_t high = input.checked ? input.high : 2;
    for (size_t at = 0; at < bytes.size(); at += static_cast<size_t>(byte_size(dtype))) {
      double unit = static_cast<double>(random() >> 11) * 0x1p-53;
      int64_t whole = low + static_cast<int64_t>(unit * static_cast<double>(high - low));
      auto put = [&](auto value) { std::memcpy(&bytes[at], &value, sizeof value); };
      switch (dtype) {
        case DType::f64:
          put(unit);
          break;
        case DType::f32:
          put(static_cast<float>(unit));
          break;
        case DType::i64:
          put(whole);
          break;
        case DType::i32:
          put(static_cast<int32_t>(whole));
          break;
        case DType::u8:
        case DType::boolean:
          put(static_cast<uint8_t>(whole));
          break;
        case DType::f16:
        case DType::bf16:
          put(uint16_t{0});
          break;
      }
    }
  }

  int64_t batches_ = 1;
  std::vector<int64_t> bytes_;  ///< of one batch of each input
  std::vector<std::vector<unsigned char>> storage_;
};

struct Times {
  double first = 0;  ///< microseconds of the first call
  double median = 0;
  double tenth = 0;  ///< a tenth of the calls were faster
};

/// Calls `step(turn)` for a second after a warm-up. Returns false where a call fails.
template <typename Step>
bool measure(const Step& step, Times& times) {
  auto begin = Clock::now();
  if (!step(0)) return false;
  times.first = microseconds_since(begin);
  for (int turn = 1; turn < warm_up_steps; ++turn)
    if (!step(turn) || microseconds_since(begin) > 1e6 * measured_seconds) break;
  std::vector<double> samples;
  auto start = Clock::now();
  for (int64_t turn = 0; samples.empty() || microseconds_since(start) < 1e6 * measured_seconds;
       ++turn) {
    auto before = Clock::now();
    if (!step(turn)) return false;
    samples.push_back(microseconds_since(before));
  }
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

const netc_entry* find_entry(const netc_model& model, uint8_t kind, uint32_t& position) {
  for (position = 0; position < model.entry_count; ++position)
    if (model.entries[position].kind == kind) return &model.entries[position];
  return nullptr;
}

/// Times the entries of a handle; false where a step fails, which `netc_rt_error` then explains.
bool time_entries(netc_handle* handle, const netc_model& model, Clock::time_point begin,
                  Report& report) {
  uint32_t position = 0;
  if (const netc_entry* entry = find_entry(model, NETC_TRAIN, position)) {
    SyntheticData data(model, *entry, entry->capacity);
    std::vector<void*> results(entry->result_count);
    auto step = [&](int64_t turn) {
      std::vector<const void*> inputs = data.batch(turn);
      return netc_rt_train_step(handle, position, static_cast<size_t>(entry->capacity),
                                inputs.data(), results.data()) == NETC_OK;
    };
    double ready = microseconds_since(begin);
    if (!measure(step, report.train)) return false;
    report.first_step_ms = (ready + report.train.first) / 1000;
  }
  if (const netc_entry* entry = find_entry(model, NETC_PREDICT, position)) {
    SyntheticData data(model, *entry, 1);
    std::vector<void*> results(entry->result_count);
    auto step = [&](int64_t turn) {
      std::vector<const void*> inputs = data.batch(turn);
      return netc_rt_run(handle, position, 1, inputs.data(), results.data()) == NETC_OK;
    };
    if (!measure(step, report.predict)) return false;
  }
  return true;
}

std::string as_json(const Report& report) {
  return fmt::format(
      "{{\"threads\":{},\"batch\":{},\"train_step_us\":{:.2f},\"train_step_us_p10\":{:.2f},"
      "\"predict_us\":{:.2f},\"first_step_ms\":{:.1f},\"compile_ms\":{:.1f},"
      "\"peak_rss_mib\":{:.1f},\"flops\":{},\"peak_share\":{:.3f}}}\n",
      report.threads, report.batch, report.train.median, report.train.tenth, report.predict.median,
      report.first_step_ms, report.compile_ms, report.peak_rss_mib, report.flops,
      report.peak_share);
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

}  // namespace

int run_bench(const CommandLine& line) {
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
  if (int exit = compile_in_process(line, program, compiled)) return exit;
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
  if (status != NETC_OK || !time_entries(created, *compiled.model, begin, report))
    return fail("netc", created ? netc_rt_error(created) : "out of memory", exit_bad_input);

  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  report.peak_rss_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  Result<double> peak = measure_peak_flops(compiled.target, target_of(compiled.target.cpu));
  if (!peak.ok()) return fail("netc", peak.error(), exit_bad_input);
  if (report.train.median > 0)
    report.peak_share = static_cast<double>(report.flops) / (report.train.median * 1e-6) / *peak;
  fmt::print("{}", line.text("format") == "json" ? as_json(report) : as_text(report, *peak));
  return exit_done;
}

}  // namespace netc
