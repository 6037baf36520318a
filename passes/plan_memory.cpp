// Largest buffers first, each at the lowest offset where it meets no placed buffer that is alive
// in one of its phases. What is used in a repeat is alive in all of it.
#include "passes/plan_memory.h"

#include <algorithm>
#include <numeric>

namespace netc {

namespace {

constexpr int64_t alignment = 64;

struct Lifetime {
  size_t first = ~size_t{0};  ///< phase
  size_t last = 0;
  int64_t bytes = 0;
  bool meets(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

/// What one step of a repeat uses, its other steps may use as well.
void extend(std::vector<Lifetime>& alive, const loops::Repeat& repeat) {
  Lifetime whole{repeat.first, repeat.first + repeat.count - 1, 0};
  Lifetime& counter = alive[repeat.counter.index];
  counter.first = std::min(counter.first, whole.first);
  counter.last = std::max(counter.last, whole.last);
  for (Lifetime& each : alive) {
    if (each.first > each.last || !each.meets(whole)) continue;
    each.first = std::min(each.first, whole.first);
    each.last = std::max(each.last, whole.last);
  }
}

std::vector<Lifetime> lifetimes(const loops::Step& step) {
  std::vector<Lifetime> result(step.buffers.size());
  for (size_t b = 0; b < result.size(); ++b) {
    const int64_t bytes = step.buffers[b].type.bytes(step.capacity);
    result[b].bytes = (bytes + alignment - 1) / alignment * alignment;
  }
  for (size_t p = 0; p < step.phases.size(); ++p)
    for (const loops::Call& call : step.phases[p].calls)
      for (loops::BufferId buffer : call.arguments) {
        Lifetime& lifetime = result[buffer.index];
        lifetime.first = std::min(lifetime.first, p);
        lifetime.last = std::max(lifetime.last, p);
      }
  for (const loops::Repeat& repeat : step.repeats) extend(result, repeat);
  return result;
}

void plan(loops::Step& step) {
  std::vector<Lifetime> alive = lifetimes(step);
  std::vector<size_t> order;
  for (size_t b = 0; b < alive.size(); ++b)
    if (step.buffers[b].place == loops::Place::arena) order.push_back(b);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return alive[a].bytes > alive[b].bytes; });

  step.arena_bytes = 0;
  std::vector<size_t> placed;  // by offset
  for (size_t b : order) {
    int64_t offset = 0;
    for (size_t other : placed) {
      if (!alive[b].meets(alive[other])) continue;
      if (step.buffers[other].offset >= offset + alive[b].bytes) break;
      offset = std::max(offset, step.buffers[other].offset + alive[other].bytes);
    }
    step.buffers[b].offset = offset;
    step.arena_bytes = std::max(step.arena_bytes, offset + alive[b].bytes);
    auto after = std::upper_bound(placed.begin(), placed.end(), offset, [&](int64_t at, size_t p) {
      return at < step.buffers[p].offset;
    });
    placed.insert(after, b);
  }
}

}  // namespace

void plan_memory(loops::Program& program) {
  for (loops::Step& step : program.steps) plan(step);
}

}  // namespace netc
