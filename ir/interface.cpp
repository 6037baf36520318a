// Gathers what the graphs of a model have in common: the union of their inputs, variables and
// settings by name, in order of appearance.
#include "ir/interface.h"

#include <algorithm>

namespace netc {

namespace {

/// The position of the value in the list, where it is appended if its name is new.
uint32_t position_in(std::vector<Value>& list, const Value& value) {
  const auto same_name = [&](const Value& other) { return other.name == value.name; };
  const auto place = std::find_if(list.begin(), list.end(), same_name);
  const uint32_t position = static_cast<uint32_t>(place - list.begin());
  if (place == list.end()) list.push_back(value);
  return position;
}

/// Entries may check different ranges of one input: all of them must hold.
void narrow_check(Value& input, const Value& other) {
  if (!other.checked) return;
  input.low = input.checked ? std::max(input.low, other.low) : other.low;
  input.high = input.checked ? std::min(input.high, other.high) : other.high;
  input.checked = true;
}

bool is_exponential(const Graph& graph, const GraphResult& result) {
  const Value& value = graph[result.value];
  if (result.kind != ResultKind::metric || value.kind != ValueKind::result) return false;
  const auto* definition = std::get_if<Definition>(&graph[value.producer].what);
  if (!definition || definition->reduction != Reduction::none) return false;
  const Expr& root = definition->dag[definition->body];
  return root.kind == ExprKind::apply && root.function == Function::exp;
}

void note_reads(const Graph& graph, std::set<std::string>& read) {
  const std::vector<bool> live = live_operations(graph);
  const auto note = [&](ValueId value) {
    if (graph[value].kind == ValueKind::variable) read.insert(graph[value].name);
  };
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    if (!live[i]) continue;
    const auto* gradient = std::get_if<Gradient>(&graph.ops[i].what);
    if (gradient)
      note(gradient->of);
    else
      for (const ValueId operand : operands(graph.ops[i])) note(operand);
  }
  for (const GraphResult& result : graph.results) note(result.value);
}

EntryInterface entry_of(const Graph& graph, ModelInterface& model) {
  EntryInterface entry{graph.entry, {}, graph.results, {}, {}};
  for (const ValueId input : graph.inputs) {
    entry.inputs.push_back(position_in(model.inputs, graph[input]));
    narrow_check(model.inputs[entry.inputs.back()], graph[input]);
  }
  for (const ValueId variable : graph.variables) position_in(model.variables, graph[variable]);
  note_reads(graph, model.read);
  for (const ValueId setting : graph.settings) position_in(model.settings, graph[setting]);
  for (const GraphResult& result : graph.results) {
    entry.result_types.push_back(graph[result.value].type);
    entry.exponential.push_back(is_exponential(graph, result));
  }
  return entry;
}

}  // namespace

std::vector<ModelInterface> interfaces_of(const std::vector<Graph>& graphs) {
  std::vector<ModelInterface> models;
  for (const Graph& graph : graphs) {
    const auto same_name = [&](const ModelInterface& model) { return model.name == graph.model; };
    auto model = std::find_if(models.begin(), models.end(), same_name);
    if (model == models.end()) {
      models.push_back({.name = graph.model});
      model = std::prev(models.end());
    }
    model->capacity = std::max(model->capacity, graph.capacity);
    model->entries.push_back(entry_of(graph, *model));
  }
  return models;
}

}  // namespace netc
