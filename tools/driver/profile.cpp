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
constexpr int64_t least_samples = 10;      // of a call, unless it takes seconds
constexpr int64_t most_samples = 1 << 22;  // of all calls together

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What can be said of a call before it runs.
ProfiledCall describe(const Graph& graph, const loops::Program& program, const loops::Step& step,
                      const loops::Call& call, int64_t rows) {
  const loops::Kernel& kernel = program[call.kernel];
  ProfiledCall described{.kernel = kernel.name};
  std::vector<std::string> made;
  for (OpId op : call.ops) {
    described.flops += contraction_flops(graph[op], rows);
    for (ValueId result : graph[op].results) made.push_back(graph[result].name);
  }
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const loops::Buffer& buffer = step.buffers[call.arguments[i].index];
    described.bytes += buffer.type.bytes(rows);
    if (call.ops.empty() && kernel.parameters[i].writable) made.push_back("copy to " + buffer.name);
  }
  described.makes = fmt::format("{}", fmt::join(made, ", "));
  return described;
}

/// Of all phases, in order.
std::vector<ProfiledCall> describe(const Graph& graph, const loops::Program& program,
                                   const loops::Step& step, int64_t rows) {
  std::vector<ProfiledCall> calls;
  for (size_t p = 0; p < step.phases.size(); ++p)
    for (const loops::Call& call : step.phases[p].calls) {
      ProfiledCall& described = calls.emplace_back(describe(graph, program, step, call, rows));
      for (const loops::Repeat& repeat : step.repeats) {
        if (p < repeat.first || p >= repeat.first + repeat.count) continue;
        described.calls *= repeat.extent;
        described.bytes = 0;  // one repetition may read a part of a tensor alone
      }
    }
  return calls;
}

uint64_t fastest_tenth(std::vector<uint64_t>& samples) {
  auto tenth = samples.begin() + static_cast<int64_t>(samples.size() / 10);
  std::nth_element(samples.begin(), tenth, samples.end());
  return *tenth;
}

}  // namespace

std::vector<ProfiledCall> profile(const Graph& graph, const loops::Program& program,
                                  const loops::Step& step, int64_t rows, const uint64_t* cycles,
                                  const std::function<bool(int64_t)>& call) {
  std::vector<ProfiledCall> calls = describe(graph, program, step, rows);
  size_t count = calls.size();
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
    for (size_t c = 0; c < count; ++c) samples[c].push_back(cycles[c] - before[c]);
    bool enough = sample + 1 >= least_samples;
    if (seconds_since(begin) > (enough ? 1 : 4) * measured_seconds) break;
  }
  double rate = static_cast<double>(cycles[count] - first) / seconds_since(begin) * 1e-6;
  // 2. What a busy machine disturbs least.
  for (size_t c = 0; c < count; ++c)
    calls[c].microseconds = static_cast<double>(fastest_tenth(samples[c])) / rate;
  return calls;
}

std::string profile_as_text(const std::string& title, std::vector<ProfiledCall> calls,
                            double peak_flops) {
  double total = 0;
  for (const ProfiledCall& call : calls) total += call.microseconds;
  std::stable_sort(calls.begin(), calls.end(),
                   [](const auto& a, const auto& b) { return a.microseconds > b.microseconds; });
  std::string text = fmt::format("{}: {:.1f} us in {} kernels\n", title, total, calls.size());
  text += "  share         us  calls   GFLOP/s  peak     GB/s  kernel  makes\n";
  for (const ProfiledCall& call : calls) {
    double gflops = static_cast<double>(call.flops) / call.microseconds * 1e-3;
    double gbytes = static_cast<double>(call.bytes) / call.microseconds * 1e-3;
    std::string rates =
        call.flops ? fmt::format("{:9.1f} {:4.0f} %", gflops, 100 * gflops / (peak_flops * 1e-9))
                   : fmt::format("{:>9} {:>6}", "-", "-");
    rates += call.bytes ? fmt::format(" {:8.1f}", gbytes) : fmt::format(" {:>8}", "-");
    text += fmt::format("{:5.1f} % {:10.2f} {:6} {}  {:6}  {}\n", 100 * call.microseconds / total,
                        call.microseconds, call.calls, rates, call.kernel, call.makes);
  }
  return text;
}

std::string profile_as_json(const std::vector<ProfiledCall>& calls) {
  std::string text;
  for (const ProfiledCall& call : calls)
    text += fmt::format(
        "{}{{\"kernel\":\"{}\",\"makes\":\"{}\",\"calls\":{},\"us\":{:.3f},\"flops\":{},"
        "\"bytes\":{}}}",
        text.empty() ? "" : ",", call.kernel, call.makes, call.calls, call.microseconds, call.flops,
        call.bytes);
  return "[" + text + "]";
}

}  // namespace netc
