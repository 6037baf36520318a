#include "tools/driver/machine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "ir/loops/build.h"
#include "runtime/core/netc_rt.h"

namespace netc {

namespace {

using Clock = std::chrono::steady_clock;
using loops::RegisterId;

constexpr int64_t accumulators = 12;  // enough to hide the latency of two units
constexpr int64_t rounds = 1 << 16;
constexpr int repetitions = 40;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Stores what a loop carried at the start of the memory, so that it is not dead.
void store_all(loops::Builder& builder, RegisterId memory, const std::vector<RegisterId>& values) {
  for (size_t i = 0; i < values.size(); ++i)
    builder.store(memory, builder.integer(static_cast<int64_t>(i) * builder.type(values[i]).lanes),
                  values[i]);
}

/// A kernel of independent chains acc = acc / 2 + 1, which stay near 2.
loops::Kernel peak_kernel(DType dtype, uint16_t lanes) {
  loops::Builder builder("peak");
  RegisterId memory = builder.parameter(dtype, true, "memory");
  RegisterId half = builder.number(0.5, {dtype, lanes});
  RegisterId one = builder.number(1, {dtype, lanes});
  std::vector<RegisterId> initial;
  for (int64_t i = 0; i < accumulators; ++i)
    initial.push_back(builder.number(static_cast<double>(i), {dtype, lanes}));
  store_all(builder, memory,
            builder.loop(builder.integer(0), builder.integer(rounds), 1, initial,
                         [&](RegisterId, const std::vector<RegisterId>& carried) {
                           std::vector<RegisterId> next;
                           for (RegisterId value : carried)
                             next.push_back(builder.fma(value, half, one));
                           return next;
                         }));
  return builder.take();
}

/// A kernel that adds up so many f32, several times.
loops::Kernel read_kernel(uint16_t lanes, int64_t elements, int64_t times) {
  loops::Builder builder("read");
  RegisterId memory = builder.parameter(DType::f32, true, "memory");
  std::vector<RegisterId> zeros(8, builder.number(0, {DType::f32, lanes}));
  auto read = [&](RegisterId from, const std::vector<RegisterId>& carried) {
    std::vector<RegisterId> next;
    for (size_t i = 0; i < carried.size(); ++i) {
      RegisterId offset = builder.add(from, builder.integer(static_cast<int64_t>(i) * lanes));
      next.push_back(
          builder.apply(Function::add, {carried[i], builder.load(memory, offset, lanes)}));
    }
    return next;
  };
  auto pass = [&](RegisterId, const std::vector<RegisterId>& carried) {
    return builder.loop(builder.integer(0), builder.integer(elements), 8 * lanes, carried, read);
  };
  store_all(builder, memory,
            builder.loop(builder.integer(0), builder.integer(times), 1, zeros, pass));
  return builder.take();
}

/// The fastest of several runs of a kernel on memory of its own, in seconds.
Result<double> fastest_run(const TargetOptions& options, loops::Kernel kernel, int64_t elements,
                           int repeat) {
  DType dtype = kernel.type(kernel.parameters[0].value).element;
  loops::Program program;
  program.kernels.push_back(std::move(kernel));
  loops::Step step{.model = "machine", .entry = "predict"};
  step.buffers.push_back({.name = "memory",
                          .type = {dtype, {{elements, false}}},
                          .place = loops::Place::arena,
                          .offset = 0});
  step.phases.push_back({{{.kernel = {0}, .arguments = {{0}}, .tasks = {}}}});
  step.arena_bytes = elements * byte_size(dtype);
  program.steps.push_back(std::move(step));
  std::vector<ModelInterface> models(1);
  models[0].name = "machine";
  models[0].entries.push_back({.name = "predict"});
  Result<std::unique_ptr<Jit>> code =
      jit({.program = &program, .models = &models, .plans = {{}}}, options);
  if (!code.ok()) return Error{code.error()};
  size_t bytes = (static_cast<size_t>(program.steps[0].arena_bytes) + 63) & ~size_t{63};
  std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(64, bytes), &std::free);
  if (!memory) return Error{"out of memory"};
  std::memset(memory.get(), 0, bytes);  // pages that nobody wrote would all be the same
  netc_context context = {.inputs = nullptr,
                          .outputs = nullptr,
                          .variables = nullptr,
                          .settings = nullptr,
                          .arena = static_cast<unsigned char*>(memory.get()),
                          .pool = nullptr};
  double best = 1e30;
  for (int i = 0; i < repeat; ++i) {
    auto begin = Clock::now();
    (*code)->model("machine")->entries[0].run(&context, 1);
    best = std::min(best, seconds_since(begin));
  }
  return best;
}

/// A task that ends when both have begun, so that two threads have to take part; but not later
/// than some milliseconds.
void meet(void* const* arguments, int64_t, int64_t, int64_t) {
  auto* begun = static_cast<std::atomic<int>*>(arguments[0]);
  begun->fetch_add(1);
  auto begin = Clock::now();
  while (begun->load() < 2 && seconds_since(begin) < 0.01) {
  }
}

}  // namespace

Result<double> measure_peak_flops(const TargetOptions& options, const Target& target, DType dtype) {
  uint16_t lanes = target.lanes(dtype);
  Result<double> seconds =
      fastest_run(options, peak_kernel(dtype, lanes), accumulators * lanes, repetitions);
  if (!seconds.ok()) return seconds;
  return 2.0 * lanes * accumulators * rounds / *seconds;
}

Result<double> measure_read_bandwidth(const TargetOptions& options, const Target& target,
                                      int64_t bytes) {
  uint16_t lanes = target.lanes(DType::f32);
  int64_t step = int64_t{8} * lanes;
  int64_t elements = std::max<int64_t>(bytes / byte_size(DType::f32) / step, 1) * step;
  int64_t at_once = elements * byte_size(DType::f32);
  int64_t times = std::max<int64_t>((int64_t{4} << 20) / at_once, 1);
  int repeat = at_once > (int64_t{64} << 20) ? 3 : repetitions;
  Result<double> seconds =
      fastest_run(options, read_kernel(lanes, elements, times), elements, repeat);
  if (!seconds.ok()) return seconds;
  return static_cast<double>(at_once * times) / *seconds;
}

double measure_wake_seconds(bool asleep) {
  netc_pool* pool = netc_rt_pool_create(2);
  if (!pool) return 0;
  std::vector<double> samples;
  for (int i = 0; i < 2 * repetitions; ++i) {
    if (asleep) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> begun = 0;
    void* arguments[] = {&begun};
    netc_call call = {&meet, arguments, 2, 0};
    auto begin = Clock::now();
    netc_rt_parallel(pool, &call, 1, 1);
    samples.push_back(seconds_since(begin));
  }
  netc_rt_pool_destroy(pool);
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 10];
}

}  // namespace netc
