#include "tools/explain/instances.h"

namespace netc {

std::string owner(const std::string& name) { return name.substr(0, name.rfind('.')); }

std::set<std::string> instances_of(const Graph& graph) {
  std::set<std::string> instances;
  for (const ValueId variable : graph.variables) instances.insert(owner(graph[variable].name));
  return instances;
}

std::string instance_of(const Graph& graph, const Op& op, const std::set<std::string>& instances) {
  for (const ValueId operand : operands(op))
    if (graph[operand].kind == ValueKind::variable) return owner(graph[operand].name);
  std::string name = graph[op.results[0]].name;
  for (size_t dot = name.rfind('.'); dot != std::string::npos; dot = name.rfind('.')) {
    name.resize(dot);
    if (instances.count(name)) return name;
  }
  return "";
}

}  // namespace netc
