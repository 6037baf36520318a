// `netc bench --machine`: what `schedule` assumes of the machine, and what was measured.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "tools/driver/machine.h"

namespace netc {

namespace {

constexpr int64_t most_bytes = int64_t{1} << 30;  // to measure memory with

struct Level {
  std::string_view name;
  int64_t bytes;     ///< its size; 0: memory
  int64_t measured;  ///< with so many bytes
  double bandwidth = 0;
};

struct Machine {
  std::string processor;
  Target target;
  double f32_flops = 0, f64_flops = 0;
  std::vector<Level> levels;
  double wake_us = 0, wake_asleep_us = 0;
};

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// A level is read with half of its size, but a large last one, which others use as well, with some
/// times the size before; memory with twice the last cache's.
std::vector<Level> levels_of(const Target& target) {
  std::vector<Level> levels = {
      {"L1", target.l1_bytes, target.l1_bytes / 2},
      {"L2", target.l2_bytes, target.l2_bytes / 2},
      {"L3", target.l3_bytes, std::min(target.l3_bytes / 2, 8 * target.l2_bytes)}};
  if (2 * target.l3_bytes <= most_bytes) levels.push_back({"memory", 0, 2 * target.l3_bytes});
  return levels;
}

Result<Machine> measure_machine(const TargetOptions& options) {
  Machine machine{.processor = processor_name(), .target = target_of(options.cpu)};
  for (auto [dtype, flops] :
       {std::pair(DType::f32, &machine.f32_flops), std::pair(DType::f64, &machine.f64_flops)}) {
    Result<double> measured = measure_peak_flops(options, machine.target, dtype);
    if (!measured.ok()) return Error{measured.error()};
    *flops = *measured;
  }
  machine.levels = levels_of(machine.target);
  for (Level& level : machine.levels) {
    Result<double> measured = measure_read_bandwidth(options, machine.target, level.measured);
    if (!measured.ok()) return Error{measured.error()};
    level.bandwidth = *measured;
  }
  machine.wake_us = 1e6 * measure_wake_seconds(false);
  machine.wake_asleep_us = 1e6 * measure_wake_seconds(true);
  return machine;
}

std::string size_text(int64_t bytes) {
  return bytes >= (1 << 20) ? fmt::format("{} MiB", bytes >> 20)
                            : fmt::format("{} KiB", bytes >> 10);
}

/// Operations on f32 that one core is assumed to do: two units, and two operations where fused.
double flops_per_cycle(const Target& target) {
  const auto lanes = static_cast<double>(target.unit_bytes) / 4;
  return 2 * lanes * (target.has_fma ? 2 : 1);
}

std::string as_text(const Machine& machine) {
  const Target& target = machine.target;
  std::string text = fmt::format(
      "{}, {} processor(s); code for {}\n"
      "vectors         {} bytes, {} registers, {} fused multiply-add\n"
      "FMA peak        {:.1f} GFLOP/s f32, {:.1f} f64, one core\n",
      machine.processor, std::max(1u, std::thread::hardware_concurrency()), target.name,
      target.vector_bytes, target.vector_registers, target.has_fma ? "with" : "without",
      machine.f32_flops * 1e-9, machine.f64_flops * 1e-9);
  for (const Level& level : machine.levels)
    text += fmt::format("{:<15} {:>8}  {:8.1f} GB/s read by one core\n", level.name,
                        level.bytes ? size_text(level.bytes) : "", level.bandwidth * 1e-9);
  text += fmt::format(
      "two threads     {:.1f} us until both work, {:.1f} us after 2 ms of rest\n"
      "assumed         {:g} operations a cycle, {:g} cycles to start a phase on another thread\n",
      machine.wake_us, machine.wake_asleep_us, flops_per_cycle(target), target.wake_cycles);
  return text;
}

std::string as_json(const Machine& machine) {
  const Target& target = machine.target;
  std::string levels;
  for (const Level& level : machine.levels)
    levels += fmt::format("{}{{\"name\":\"{}\",\"bytes\":{},\"read_bytes_per_second\":{:.4g}}}",
                          levels.empty() ? "" : ",", level.name, level.bytes, level.bandwidth);
  return fmt::format(
      "{{\"processor\":\"{}\",\"processors\":{},\"cpu\":\"{}\",\"vector_bytes\":{},"
      "\"vector_registers\":{},\"has_fma\":{},\"f32_flops\":{:.4g},\"f64_flops\":{:.4g},"
      "\"levels\":[{}],\"wake_us\":{:.2f},\"wake_asleep_us\":{:.2f},"
      "\"assumed_flops_per_cycle\":{:g},\"assumed_wake_cycles\":{:g}}}\n",
      machine.processor, std::max(1u, std::thread::hardware_concurrency()), target.name,
      target.vector_bytes, target.vector_registers, target.has_fma, machine.f32_flops,
      machine.f64_flops, levels, machine.wake_us, machine.wake_asleep_us, flops_per_cycle(target),
      target.wake_cycles);
}

}  // namespace

Result<std::string> machine_report(const TargetOptions& options, bool in_json) {
  Result<Machine> machine = measure_machine(options);
  if (!machine.ok()) return Error{machine.error()};
  return in_json ? as_json(*machine) : as_text(*machine);
}

}  // namespace netc
