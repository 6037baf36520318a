#include "tools/explain/gradients.h"

#include "tools/explain/equations.h"

namespace netc::explain {

Gradients::Gradients(const Stage& stage, const Symbols& symbols)
    : stage_(stage), symbols_(symbols) {
  const Graph& graph = stage.graph;
  std::string last;
  for (uint32_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    if (op.results.empty()) continue;
    const std::string key = key_of(graph, op.results[0]);
    made_by_[key] = OpId{i};
    const Role& role = stage.roles[i];
    if (role.part != Part::backward) continue;
    if (!role.of.empty()) last = role.of;
    backward_of_[last].push_back(OpId{i});
    if (role.is_gradient) gradient_of_[key] = role.of;
  }
}

std::vector<Line> Gradients::lines_of(const std::string& key) const {
  std::vector<Line> lines;
  if (const auto found = backward_of_.find(key); found != backward_of_.end())
    for (const OpId op : found->second) lines.push_back(line(op));
  return lines;
}

std::optional<OpId> Gradients::made_by(const std::string& key) const {
  const auto found = made_by_.find(key);
  return found == made_by_.end() ? std::nullopt : std::optional(found->second);
}

Line Gradients::line(OpId id) const {
  const Graph& graph = stage_.graph;
  Line line = line_of(graph, id, stage_.calls);
  const std::string& of = stage_.roles[id.index].of;
  GradientAbout about;
  about.is_gradient = [&](ValueId value) { return gradient_of_.contains(key_of(graph, value)); };
  about.derivative = [&](ValueId incoming) { return derivative(incoming, of); };
  about.of_parameter = of.starts_with("@");
  if (!symbols_.at(key_of(graph, graph[id].results[0])).part.empty()) about.derivative = {};
  line.equation = gradient_equation(graph, graph[id], symbols_in(graph, symbols_), about);
  return line;
}

/// Of the tensor whose gradient comes in, by the tensor `by`: `sigmoid'(y)` where it is one
/// function of it, `dh / dy` otherwise. A part of a gradient is none of a tensor.
Formula Gradients::derivative(ValueId incoming, const std::string& by) const {
  const std::string key = key_of(stage_.graph, incoming);
  if (!symbols_.at(key).part.empty()) return {};
  const auto of = gradient_of_.find(key);
  const auto inner = symbols_.find(by);
  if (of == gradient_of_.end() || of->second == by || inner == symbols_.end()) return {};
  const auto tensor = [](const Symbol& symbol) {
    return Piece{PieceKind::symbol, "", symbol, {}, {}};
  };
  const auto word = [](std::string text) {
    return Piece{PieceKind::function, std::move(text), {}, {}, {}};
  };
  if (const FunctionInfo* function = only_function(of->second, by))
    return {word(std::string(function->name) + "'"), text_piece("("), tensor(inner->second),
            text_piece(")")};
  return {word("d"), tensor(symbols_.at(of->second)), op_piece("/"), word("d"),
          tensor(inner->second)};
}

const FunctionInfo* Gradients::only_function(const std::string& of, const std::string& by) const {
  const std::optional<OpId> made = made_by(of);
  if (!made) return nullptr;
  const auto* definition = std::get_if<Definition>(&stage_.graph[*made].what);
  if (!definition || definition->reduction != Reduction::none) return nullptr;
  const Expr& body = definition->dag[definition->body];
  if (body.kind != ExprKind::apply || body.args.size() != 1) return nullptr;
  const Expr& arg = definition->dag[body.args[0]];
  const FunctionInfo& function = info(body.function);
  const bool reads = arg.kind == ExprKind::read && key_of(stage_.graph, arg.tensor) == by;
  return reads && function.syntax.symbol.empty() ? &function : nullptr;
}

}  // namespace netc::explain
