#include "tools/driver/machine.h"

#include <algorithm>
#include <chrono>

#include "ir/loops/build.h"
#include "runtime/core/netc_rt.h"

namespace netc {

namespace {

constexpr int64_t accumulators = 12;  // enough to hide the latency of two units
constexpr int64_t rounds = 1 << 16;
constexpr int repetitions = 40;

/// A kernel of independent chains acc = acc / 2 + 1, which stay near 2.
loops::Kernel peak_kernel(uint16_t lanes) {
  loops::Builder builder("peak");
  loops::RegisterId memory = builder.parameter(DType::f32, true, "memory");
  loops::RegisterId zero = builder.integer(0);
  loops::RegisterId half = builder.number(0.5, {DType::f32, lanes});
  loops::RegisterId one = builder.number(1, {DType::f32, lanes});
  std::vector<loops::RegisterId> initial;
  for (int64_t i = 0; i < accumulators; ++i)
    initial.push_back(builder.number(static_cast<double>(i), {DType::f32, lanes}));
  std::vector<loops::RegisterId> last =
      builder.loop(zero, builder.integer(rounds), 1, initial,
                   [&](loops::RegisterId, const std::vector<loops::RegisterId>& carried) {
                     std::vector<loops::RegisterId> next;
                     for (loops::RegisterId value : carried)
                       next.push_back(builder.fma(value, half, one));
                     return next;
                   });
  for (int64_t i = 0; i < accumulators; ++i)
    builder.store(memory, builder.integer(i * lanes), last[i]);
  return builder.take();
}

loops::Program peak_program(uint16_t lanes) {
  loops::Program program;
  program.kernels.push_back(peak_kernel(lanes));
  loops::Step step{.model = "machine", .entry = "predict"};
  int64_t elements = accumulators * lanes;
  step.buffers.push_back({.name = "memory",
                          .type = {DType::f32, {{elements, false}}},
                          .place = loops::Place::arena,
                          .offset = 0});
  step.phases.push_back({{{.kernel = {0}, .arguments = {{0}}, .tasks = {}}}});
  step.arena_bytes = elements * byte_size(DType::f32);
  program.steps.push_back(std::move(step));
  return program;
}

}  // namespace

Result<double> measure_peak_flops(const TargetOptions& options, const Target& target) {
  uint16_t lanes = target.lanes(DType::f32);
  loops::Program program = peak_program(lanes);
  std::vector<ModelInterface> models(1);
  models[0].name = "machine";
  models[0].entries.push_back({.name = "predict"});
  Result<std::unique_ptr<Jit>> code =
      jit({.program = &program, .models = &models, .plans = {{}}}, options);
  if (!code.ok()) return Error{code.error()};
  const netc_model* model = (*code)->model("machine");
  netc_handle* handle = nullptr;
  if (netc_rt_create(model, &handle, nullptr) != NETC_OK)
    return Error{handle ? netc_rt_error(handle) : "out of memory"};
  double best = 0;
  for (int i = 0; i < repetitions; ++i) {
    auto begin = std::chrono::steady_clock::now();
    netc_rt_run(handle, 0, 1, nullptr, nullptr);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::max(best, 2.0 * lanes * accumulators * rounds / seconds.count());
  }
  netc_rt_destroy(handle);
  return best;
}

}  // namespace netc
