// The machines that `schedule` plans for: vectors and registers by the level of the instruction
// set, caches by asking this machine.
#include "ir/target.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace netc {

namespace {

/// CPU names that have 512-bit vectors, those that have fused multiplication and 256-bit ones.
constexpr std::array<std::string_view, 18> wide = {
    "x86-64-v4",      "skylake-avx512",  "skx",
    "cascadelake",    "cooperlake",      "cannonlake",
    "icelake-client", "icelake-server",  "tigerlake",
    "rocketlake",     "sapphirerapids",  "emeraldrapids",
    "graniterapids",  "graniterapids-d", "diamondrapids",
    "znver4",         "znver5",          "knl"};
constexpr std::array<std::string_view, 19> middle = {
    "x86-64-v3", "haswell",     "core-avx2",    "broadwell",  "skylake",
    "alderlake", "raptorlake",  "meteorlake",   "arrowlake",  "arrowlake-s",
    "lunarlake", "pantherlake", "sierraforest", "grandridge", "gracemont",
    "znver1",    "znver2",      "znver3",       "bdver4"};

template <size_t count>
bool contains(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Those of the wide ones whose two units for fused multiplications have 512 bits each.
constexpr std::array<std::string_view, 11> two_wide_units = {
    "skylake-avx512", "skx",           "cascadelake",   "cooperlake",      "icelake-server",
    "sapphirerapids", "emeraldrapids", "graniterapids", "graniterapids-d", "diamondrapids",
    "znver5"};

enum class Level { plain, middle, wide };

Level level_of(const std::string& cpu) {
#if defined(__x86_64__)
  if (cpu == "native") {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
      return Level::wide;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::middle;
    return Level::plain;
  }
#endif
  if (contains(wide, cpu)) return Level::wide;
  return contains(middle, cpu) ? Level::middle : Level::plain;
}

bool has_two_wide_units(const std::string& cpu) {
#if defined(__x86_64__)
  if (cpu == "native") {
    if (__builtin_cpu_is("skylake-avx512") || __builtin_cpu_is("cascadelake") ||
        __builtin_cpu_is("cooperlake") || __builtin_cpu_is("icelake-server"))
      return true;
    // Virtual machines often tell another name: later servers have half precision or tiles.
    unsigned a = 0, b = 0, c = 0, d = 0;
    constexpr unsigned half_precision = 1u << 23, tiles = 1u << 24;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (half_precision | tiles));
  }
#endif
  return contains(two_wide_units, cpu);
}

int64_t cache_bytes(int name, int64_t otherwise) {
  long bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

}  // namespace

Target target_of(const std::string& cpu) {
  Target target;
  target.name = cpu;
  Level level = level_of(cpu);
  target.vector_bytes = level == Level::wide ? 64 : level == Level::middle ? 32 : 16;
  target.vector_registers = level == Level::wide ? 32 : 16;
  target.has_fma = level != Level::plain;
  target.unit_bytes = std::min<int64_t>(target.vector_bytes, has_two_wide_units(cpu) ? 64 : 32);
  if (cpu != "native") return target;  // the same code wherever it is compiled
  target.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, target.l1_bytes);
  target.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, target.l2_bytes);
  target.l3_bytes = cache_bytes(_SC_LEVEL3_CACHE_SIZE, target.l3_bytes);
  return target;
}

}  // namespace netc
