#include "passes/ownership.h"

#include <algorithm>

namespace netc {

namespace {

/// To read what another core wrote, and to write again what that has read. Measured on a server of
/// 2023: 20 bytes a nanosecond, and half as many.
constexpr double cycles_of_moved_byte = 0.35;

bool is_replaced(const Graph& graph, ValueId variable) {
  return std::any_of(graph.ops.begin(), graph.ops.end(), [&](const Op& op) {
    const auto* update = std::get_if<Update>(&op.what);
    return update && update->variable == variable;
  });
}

}  // namespace

bool stays_with_its_thread(const Graph& graph, ValueId weights, double products,
                           const Target& target) {
  const Value& variable = graph[weights];
  if (variable.kind != ValueKind::variable || variable.type.rank() < 2) return false;
  auto width = static_cast<double>(byte_size(variable.type.dtype));
  double bytes = width * static_cast<double>(variable.type.elements(graph.capacity));
  double cycles = products * width / (2 * static_cast<double>(target.unit_bytes));
  return cycles_of_moved_byte * bytes > cycles / 2 && is_replaced(graph, weights);
}

}  // namespace netc
