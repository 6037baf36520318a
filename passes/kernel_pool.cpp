#include "passes/kernel_pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/loops/text.h"
#include "passes/plan_cache.h"

namespace netc {

std::optional<loops::KernelId> KernelPool::find(const std::string& key) const {
  auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

loops::KernelId KernelPool::add(loops::Kernel kernel, const std::string& key) {
  kernel.name = "k";
  auto [found, is_new] = by_text_.emplace(
      loops::print(kernel), loops::KernelId{static_cast<uint32_t>(program_.kernels.size())});
  if (is_new) {
    kernel.name = fmt::format("k{}", program_.kernels.size() + 1);
    program_.kernels.push_back(std::move(kernel));
  }
  if (!key.empty()) by_key_.emplace(key, found->second);
  return found->second;
}

std::string kernel_key(const Graph& graph, const std::vector<PlannedNest>& chain,
                       const std::vector<loops::BufferId>& arguments,
                       const std::vector<loops::Buffer>& buffers) {
  auto position = [&](loops::BufferId buffer) {
    return std::find(arguments.begin(), arguments.end(), buffer) - arguments.begin();
  };
  std::string key;
  for (loops::BufferId argument : arguments)
    key += fmt::format("{} ", name(buffers[argument.index].type.dtype));
  for (const PlannedNest& planned : chain) {
    // The plan follows from the nest, but for how the chain cuts it.
    key += nest_key(graph, planned.nest);
    key += fmt::format("\n| {} {} {}", planned.plan.parallel, planned.plan.task_index.index,
                       planned.plan.tasks.chunk);
    for (const Index& index : planned.nest.nest.indices) key += " " + index.name;
    for (const auto& [read, buffer] : planned.sources) key += fmt::format(" {}", position(buffer));
    for (const Store& store : planned.nest.nest.stores)
      key += fmt::format(" >{}", position(store.buffer));
    for (const auto& [read, buffer] : planned.packed) key += fmt::format(" ^{}", position(buffer));
    key += "\n";
  }
  return key;
}

}  // namespace netc
