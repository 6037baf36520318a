// A box for each operation, with its text; an ellipse for each input and variable; an arrow from
// what makes a value to each operation that reads it. A kernel, after `fuse`, is a frame.
#include "tools/driver/dot.h"

#include <fmt/format.h>

#include <set>

#include "ir/print.h"

namespace netc {

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\l";
    else
      result += c;
  }
  return result + "\"";
}

/// Names of nodes begin with the graph's number, so that graphs do not mix.
std::string node_of(size_t number, const Graph& graph, ValueId value) {
  const Value& source = graph[value];
  if (source.kind == ValueKind::result)
    return fmt::format("g{}_op{}", number, source.producer.index);
  return fmt::format("g{}_value{}", number, value.index);
}

std::string leaf(size_t number, const Graph& graph, ValueId value) {
  const Value& source = graph[value];
  std::string_view sigil = source.kind == ValueKind::variable ? "@" : "%";
  return fmt::format("    {} [shape=ellipse, label={}];\n", node_of(number, graph, value),
                     quoted(fmt::format("{}{}: {}", sigil, source.name, to_string(source.type))));
}

std::string operation(size_t number, const Graph& graph, OpId id) {
  return fmt::format("    g{}_op{} [label={}];\n", number, id.index,
                     quoted(print(graph, id) + "\n"));
}

std::string edges(size_t number, const Graph& graph, OpId id) {
  std::string text;
  for (ValueId operand : operands(graph[id]))
    text += fmt::format("    {} -> g{}_op{};\n", node_of(number, graph, operand), number, id.index);
  return text;
}

std::string subgraph(size_t number, const Graph& graph) {
  std::string text = fmt::format("  subgraph cluster_{} {{\n    label={};\n", number,
                                 quoted(graph.model + "." + graph.entry));
  std::set<ValueId> read;
  for (const Op& op : graph.ops)
    for (ValueId operand : operands(op)) read.insert(operand);
  for (ValueId value : read)
    if (graph[value].kind != ValueKind::result) text += leaf(number, graph, value);

  std::set<OpId> grouped;
  for (size_t k = 0; k < graph.groups.size(); ++k) {
    text += fmt::format("    subgraph cluster_{}_{} {{\n    label={};\n", number, k,
                        quoted(graph.groups[k].name));
    for (OpId id : graph.groups[k].ops) {
      text += operation(number, graph, id);
      grouped.insert(id);
    }
    text += "    }\n";
  }
  for (uint32_t i = 0; i < graph.ops.size(); ++i)
    if (!grouped.count(OpId{i})) text += operation(number, graph, OpId{i});
  for (uint32_t i = 0; i < graph.ops.size(); ++i) text += edges(number, graph, OpId{i});
  return text + "  }\n";
}

}  // namespace

std::string to_dot(const std::vector<Graph>& graphs) {
  std::string text = "digraph netc {\n  node [shape=box, fontname=monospace, fontsize=10];\n";
  for (size_t number = 0; number < graphs.size(); ++number)
    text += subgraph(number, graphs[number]);
  return text + "}\n";
}

}  // namespace netc
