#include "tools/driver/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "tools/driver/cost.h"

namespace netc {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double measured_seconds = 1.0;
constexpr int64_t warm_up_steps = 20;
constexpr int64_t least_samples = 10;      // of a phase, unless it takes seconds
constexpr int64_t most_samples = 1 << 22;  // of all phases together

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What can be said of a step's phases before it runs.
std::vector<ProfiledPhase> describe(const Graph& graph, const loops::Program& program,
                                    const loops::Step& step, int64_t rows) {
  std::vector<ProfiledPhase> phases;
  for (const loops::Phase& phase : step.phases) {
    ProfiledPhase& described = phases.emplace_back();
    std::vector<std::string> made;
    for (const loops::Call& call : phase.calls) {
      const loops::Kernel& kernel = program[call.kernel];
      described.kernel += (described.kernel.empty() ? "" : ", ") + kernel.name;
      for (OpId op : call.ops) {
        described.flops += contraction_flops(graph[op], rows);
        for (ValueId result : graph[op].results) made.push_back(graph[result].name);
      }
      for (size_t i = 0; i < call.arguments.size(); ++i) {
        const loops::Buffer& buffer = step.buffers[call.arguments[i].index];
        described.bytes += buffer.type.elements(rows) * byte_size(buffer.type.dtype);
        if (call.ops.empty() && kernel.parameters[i].writable)
          made.push_back("copy to " + buffer.name);
      }
    }
    described.makes = fmt::format("{}", fmt::join(made, ", "));
  }
  for (const loops::Repeat& repeat : step.repeats)
    for (uint32_t p = repeat.first; p < repeat.first + repeat.count; ++p) {
      phases[p].calls *= repeat.extent;
      phases[p].bytes = 0;  // one repetition may read a part of a tensor alone
    }
  return phases;
}

uint64_t fastest_tenth(std::vector<uint64_t>& samples) {
  auto tenth = samples.begin() + static_cast<int64_t>(samples.size() / 10);
  std::nth_element(samples.begin(), tenth, samples.end());
  return *tenth;
}

}  // namespace

std::vector<ProfiledPhase> profile(const Graph& graph, const loops::Program& program,
                                   const loops::Step& step, int64_t rows, const uint64_t* cycles,
                                   const std::function<bool(int64_t)>& call) {
  size_t count = step.phases.size();
  std::vector<std::vector<uint64_t>> samples(count);
  auto most = std::max<int64_t>(most_samples / static_cast<int64_t>(count + 1), 1);
  std::vector<uint64_t> before(count);
  auto begin = Clock::now();
  int64_t turn = 0;
  for (; turn < warm_up_steps && seconds_since(begin) < measured_seconds; ++turn)
    if (!call(turn)) return {};
  // 1. Samples, and the counter's rate from its values at the ends of the first and last step.
  begin = Clock::now();
  uint64_t first = cycles[count];
  for (int64_t sample = 0; sample < most; ++sample) {
    std::copy(cycles, cycles + count, before.begin());
    if (!call(turn++)) return {};
    for (size_t p = 0; p < count; ++p) samples[p].push_back(cycles[p] - before[p]);
    bool enough = sample + 1 >= least_samples;
    if (seconds_since(begin) > (enough ? 1 : 4) * measured_seconds) break;
  }
  double rate = static_cast<double>(cycles[count] - first) / seconds_since(begin) * 1e-6;
  // 2. What a busy machine disturbs least.
  std::vector<ProfiledPhase> phases = describe(graph, program, step, rows);
  for (size_t p = 0; p < count; ++p)
    phases[p].microseconds = static_cast<double>(fastest_tenth(samples[p])) / rate;
  return phases;
}

std::string profile_as_text(const std::string& title, std::vector<ProfiledPhase> phases,
                            double peak_flops) {
  double total = 0;
  for (const ProfiledPhase& phase : phases) total += phase.microseconds;
  std::stable_sort(phases.begin(), phases.end(),
                   [](const auto& a, const auto& b) { return a.microseconds > b.microseconds; });
  std::string text = fmt::format("{}: {:.1f} us in {} kernels\n", title, total, phases.size());
  text += "  share         us  calls   GFLOP/s  peak     GB/s  kernel  makes\n";
  for (const ProfiledPhase& phase : phases) {
    double gflops = static_cast<double>(phase.flops) / phase.microseconds * 1e-3;
    double gbytes = static_cast<double>(phase.bytes) / phase.microseconds * 1e-3;
    std::string rates =
        phase.flops ? fmt::format("{:9.1f} {:4.0f} %", gflops, 100 * gflops / (peak_flops * 1e-9))
                    : fmt::format("{:>9} {:>6}", "-", "-");
    rates += phase.bytes ? fmt::format(" {:8.1f}", gbytes) : fmt::format(" {:>8}", "-");
    text += fmt::format("{:5.1f} % {:10.2f} {:6} {}  {:6}  {}\n",
                        100 * phase.microseconds / total, phase.microseconds, phase.calls, rates,
                        phase.kernel, phase.makes);
  }
  return text;
}

std::string profile_as_json(const std::vector<ProfiledPhase>& phases) {
  std::string text;
  for (const ProfiledPhase& phase : phases)
    text += fmt::format(
        "{}{{\"kernel\":\"{}\",\"makes\":\"{}\",\"calls\":{},\"us\":{:.3f},\"flops\":{},"
        "\"bytes\":{}}}",
        text.empty() ? "" : ",", phase.kernel, phase.makes, phase.calls, phase.microseconds,
        phase.flops, phase.bytes);
  return "[" + text + "]";
}

}  // namespace netc
