// The optimizer does the same to every parameter, so it is told once for a parameter `theta`:
// names lose that of the parameter, and parameters with the same text share it.
#include <algorithm>
#include <map>

#include "tools/explain/equations.h"
#include "tools/explain/explanation.h"

namespace netc::explain {

namespace {

/// `optimizer.velocity.dense1.w.next` is `optimizer.velocity.next`.
std::string without_parameter(const Graph& graph, const std::string& name) {
  const auto [parameter, at] = parameter_in(graph, name);
  if (!parameter.valid()) return name;
  const std::string front = name.substr(0, at ? at - 1 : 0);
  const size_t end = at + graph[parameter].name.size() + 1;
  const std::string back = name.substr(std::min(end, name.size()));
  return front + (front.empty() || back.empty() ? "" : ".") + back;
}

Symbol symbol_for(const Graph& graph, ValueId value, const std::string& parameter) {
  const std::string& full = graph[value].name;
  Symbol symbol;
  symbol.kind = graph[value].kind == ValueKind::variable ? SymbolKind::state : SymbolKind::value;
  std::string name = without_parameter(graph, full);
  if (name.ends_with("next") && name.size() < full.size()) {
    symbol.part = "next";
    name.resize(name.size() - std::min<size_t>(name.size(), 5));
  }
  symbol.order = name == "d" && full == "d." + parameter;
  symbol.base = name.substr(name.rfind('.') + 1);
  if (name.empty() || symbol.order) {
    symbol.base = "theta";
    symbol.kind = SymbolKind::parameter;
  }
  return symbol;
}

class UpdateTeller {
 public:
  UpdateTeller(const Graph& graph, const std::vector<Role>& roles, const Symbols& symbols,
               const KernelCalls& calls)
      : graph_(graph), roles_(roles), symbols_(symbols), calls_(calls) {
    for (const Op& op : graph.ops)
      if (const auto* update = std::get_if<Update>(&op.what)) updates_.push_back(*update);
    for (const Update& update : updates_)
      if (graph[update.variable].role == VariableRole::param)
        parameters_.push_back(update.variable);
  }

  std::vector<UpdateStory> run(std::vector<Line>& shared) {
    std::map<OpId, size_t> users;
    std::vector<std::vector<OpId>> ops;
    for (const ValueId parameter : parameters_) {
      ops.push_back(operations_for(parameter));
      for (const OpId op : ops.back()) ++users[op];
    }
    for (const auto& [op, count] : users)
      if (count > 1) shared.push_back(line(op, shared_symbol()));
    std::vector<UpdateStory> stories;
    std::map<std::string, size_t> by_text;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      const std::string& name = graph_[parameters_[i]].name;
      UpdateStory story;
      std::string text;
      for (const OpId op : ops[i]) {
        if (users.at(op) > 1) continue;
        story.lines.push_back(line(op, symbol_of(name)));
        const Equation& equation = story.lines.back().equation;
        text += to_text(equation.left) + " = " + to_text(equation.right) + "\n";
      }
      const auto [found, is_new] = by_text.emplace(text, stories.size());
      if (is_new) stories.push_back(std::move(story));
      UpdateStory& told = stories[found->second];
      told.parameters.push_back(name);
      if (!is_new) forget_kernels(told.lines);
    }
    return stories;
  }

 private:
  /// The optimizer's operations that lead to a parameter's new value, or to that of its states.
  std::vector<OpId> operations_for(ValueId parameter) const {
    std::vector<ValueId> roots;
    for (const Update& update : updates_) {
      const NamedParameter named = parameter_in(graph_, graph_[update.variable].name);
      if (named.parameter == parameter) roots.push_back(update.value);
    }
    std::vector<OpId> ops;
    for (const ValueId value : closure(graph_, roots))
      if (graph_[value].kind == ValueKind::result &&
          roles_[graph_[value].producer.index].part == Part::optimizer)
        ops.push_back(graph_[value].producer);
    std::sort(ops.begin(), ops.end());
    return ops;
  }

  SymbolOf symbol_of(const std::string& parameter) const {
    return [this, &parameter](ValueId value) {
      const Symbol known = symbol_for(graph_, value, parameter);
      if (graph_[value].kind == ValueKind::setting || graph_[value].type.rank() == 0)
        return scalar_symbol(value, known);
      return known;
    };
  }

  /// Scalars are the same for all parameters; the gradient of one and its parts are not.
  Symbol scalar_symbol(ValueId value, Symbol known) const {
    if (known.order || known.base == "theta" || !known.part.empty()) return known;
    known.base = graph_[value].name;
    return known;
  }

  SymbolOf shared_symbol() const {
    return [this](ValueId value) {
      const auto found = symbols_.find(key_of(graph_, value));
      return found == symbols_.end() ? Symbol{.base = graph_[value].name} : found->second;
    };
  }

  Line line(OpId op, const SymbolOf& symbol) const {
    Line line = line_of(graph_, op, calls_);
    line.equation = elementwise_equation(graph_, graph_[op], symbol);
    return line;
  }

  /// Each parameter has a kernel of its own.
  static void forget_kernels(std::vector<Line>& lines) {
    for (Line& line : lines) line.kernel = line.type = "";
  }

  const Graph& graph_;
  const std::vector<Role>& roles_;
  const Symbols& symbols_;
  const KernelCalls& calls_;
  std::vector<Update> updates_;
  std::vector<ValueId> parameters_;
};

}  // namespace

std::vector<UpdateStory> tell_updates(const Graph& after, const std::vector<Role>& roles,
                                      const Symbols& symbols, const KernelCalls& calls,
                                      std::vector<Line>& shared) {
  return UpdateTeller(after, roles, symbols, calls).run(shared);
}

}  // namespace netc::explain
