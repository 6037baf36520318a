// `netc summary`: what a model is made of and what a step costs.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/support/check.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
#include "tools/driver/commands.h"
#include "tools/driver/cost.h"
#include "tools/driver/program.h"
#include "tools/explain/instances.h"

namespace netc {

namespace {

/// One line of the table: what an instance of a layer does in one place, or the operations between
/// two instances.
struct Layer {
  std::string name;
  std::string shape;  ///< of its last value
  int64_t parameters = 0;
  int64_t flops = 0;  ///< forward, one row
};

std::vector<Layer> layers_of(const Graph& graph) {
  const std::set<std::string> instances = instances_of(graph);
  std::vector<Layer> layers;
  std::vector<bool> counted(graph.values.size());
  std::string last = "none yet";
  for (const Op& op : graph.ops) {
    if (op.results.empty()) continue;
    const Value& result = graph[op.results[0]];
    std::string instance = instance_of(graph, op, instances);
    if (instance != last) layers.emplace_back();
    last = instance;
    Layer& layer = layers.back();
    layer.name = instance.empty() ? result.name : instance;
    layer.shape = to_string(result.type);
    layer.flops += flops(op, 1);
    for (ValueId operand : operands(op)) {
      const Value& value = graph[operand];
      if (value.kind != ValueKind::variable || counted[operand.index]) continue;
      counted[operand.index] = true;
      if (value.role == VariableRole::param) layer.parameters += value.type.elements(1);
    }
  }
  return layers;
}

/// 1234567 as "1,234,567".
std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<size_t>(at), ",");
  return digits;
}

std::string bytes_text(int64_t bytes) {
  if (bytes < 10 << 10) return fmt::format("{} bytes", bytes);
  if (bytes < 10 << 20) return fmt::format("{:.1f} KiB", bytes / 1024.0);
  return fmt::format("{:.1f} MiB", bytes / 1024.0 / 1024.0);
}

std::string table(const std::vector<Layer>& layers) {
  size_t name = 5, shape = 5;
  for (const Layer& layer : layers) {
    name = std::max(name, layer.name.size());
    shape = std::max(shape, layer.shape.size());
  }
  std::string text = fmt::format("  {:<{}}  {:<{}}  {:>12}  {:>16}\n", "layer", name, "shape",
                                 shape, "parameters", "FLOPs a row");
  for (const Layer& layer : layers)
    text += fmt::format("  {:<{}}  {:<{}}  {:>12}  {:>16}\n", layer.name, name, layer.shape, shape,
                        layer.parameters ? grouped(layer.parameters) : "",
                        layer.flops ? grouped(layer.flops) : "");
  return text;
}

/// The graph that shows a model's forward pass.
const Graph* forward_graph(const std::vector<Graph>& graphs, const std::string& model) {
  for (std::string_view entry : {"predict", "evaluate", "train"})
    for (const Graph& graph : graphs)
      if (graph.model == model && graph.entry == entry) return &graph;
  return nullptr;
}

int64_t bytes_of(const ModelInterface& model, VariableRole role) {
  int64_t bytes = 0;
  for (const Value& variable : model.variables)
    if (variable.role == role) bytes += variable.type.elements(1) * byte_size(variable.type.dtype);
  return bytes;
}

std::string totals(const ModelInterface& model) {
  int64_t count = 0;
  for (const Value& variable : model.variables)
    if (variable.role == VariableRole::param) count += variable.type.elements(1);
  std::string text = fmt::format("  {} parameters, {}\n", grouped(count),
                                 bytes_text(bytes_of(model, VariableRole::param)));
  for (auto [role, what] : {std::pair{VariableRole::state, "states"},
                            std::pair{VariableRole::optimizer, "optimizer's states"},
                            std::pair{VariableRole::average, "averages"}})
    if (int64_t bytes = bytes_of(model, role))
      text += fmt::format("  {} of {}\n", bytes_text(bytes), what);
  return text;
}

/// Costs of each entry, after the passes.
std::string steps(const Compilation& compilation, const std::string& model) {
  std::string text;
  for (const Graph& graph : compilation.graphs) {
    if (graph.model != model) continue;
    for (const loops::Step& step : compilation.program.steps)
      if (step.model == model && step.entry == graph.entry)
        text += fmt::format("  {:<10} {:>16} FLOPs for {} rows, {} of memory\n", graph.entry,
                            grouped(flops(graph, graph.capacity)), graph.capacity,
                            bytes_text(std::max<int64_t>(step.arena_bytes, 0)));
  }
  return text;
}

}  // namespace

int run_summary(const CommandLine& line) {
  Program program;
  if (int exit = elaborate_program(line, {}, program)) return exit;
  keep_graphs(program, [](const Graph& graph) { return graph.entry != "gradient"; });
  if (program.models.empty())
    return fail("netc", fmt::format("`{}` declares no model", line.inputs[0]), exit_bad_input);
  std::vector<std::string> texts;
  for (const ModelInterface& model : program.models) {
    const Graph* forward = forward_graph(program.compilation.graphs, model.name);
    NETC_CHECK(forward, "model {} has no entry", model.name);
    texts.push_back(
        fmt::format("{}\n{}\n{}", model.name, table(layers_of(*forward)), totals(model)));
  }
  if (int exit = optimize_program(line, program)) return exit;
  std::string text;
  for (size_t i = 0; i < texts.size(); ++i)
    text += (i ? "\n" : "") + texts[i] + steps(program.compilation, program.models[i].name);
  return print_out("netc", text);
}

}  // namespace netc
