// A training step after the loss: gradients, clipping, the optimizers' updates, averages.
#include <algorithm>

#include "frontend/train_settings.h"

namespace netc::elaboration {

namespace {

/// The optimizer that updates a parameter: the first whose pattern matches, else the one without.
const OptimizerLine* optimizer_of(const TrainSettings& settings, const std::string& parameter) {
  for (const OptimizerLine& line : settings.optimizers)
    if (line.pattern && matches(*line.pattern, parameter)) return &line;
  for (const OptimizerLine& line : settings.optimizers)
    if (!line.pattern) return &line;
  return nullptr;
}

/// A name for the settings of a later optimizer: `adam`, or `adam2` where it stands twice.
std::string prefix_of(const TrainSettings& settings, size_t line, int number) {
  std::string prefix = number == 1 ? "" : fmt::format("train{}.", number);
  if (line == 0) return prefix;
  const ast::Function* own = settings.optimizers[line].optimizer->declaration;
  int count = 1;
  for (size_t i = 0; i < line; ++i) count += settings.optimizers[i].optimizer->declaration == own;
  prefix += own->name.text;
  if (count > 1) prefix += std::to_string(count);
  return prefix + ".";
}

std::vector<ValueId> clipped(Tensors& tensors, const std::vector<ValueId>& gradients, double norm) {
  Graph& graph = tensors.graph();
  ExprBuilder& build = tensors.build();
  const DType type = graph[gradients.front()].type.dtype;
  const auto of_scalar = [&](ExprId node, const char* name) {
    return tensors.define({.node = node, .dtype = build.type(node)}, name, {}).node;
  };
  ExprId total;
  for (ValueId gradient : gradients) {
    const Element element = tensors.of(gradient);
    const size_t rank = element.dims.size();
    auto squares = std::make_shared<PendingReduction>();
    std::map<IndexId, Affine> moved;
    for (size_t i = 0; i < rank; ++i) {
      squares->reduced.push_back(tensors.new_variable("", element.dims[i]));
      moved[Tensors::axis(i, rank)] = Affine::of(squares->reduced.back());
    }
    const ExprId read = tensors.substitute(element.node, moved);
    squares->body = build.mul(read, read);
    Element square{.node = squares->body, .dtype = element.dtype};
    if (rank > 0) square.reduction = std::move(squares);
    const ExprId part = build.convert(
        tensors.define(square, "square." + graph[gradient].name.substr(2), {}).node, type);
    total = total.valid() ? build.add(total, part) : part;
  }
  const ExprId length = of_scalar(build.apply(netc::Function::sqrt, {total}), "norm");
  const ExprId limit = build.number(norm, type);
  const ExprId scale = of_scalar(build.select(build.apply(netc::Function::greater, {length, limit}),
                                              build.div(limit, length), build.number(1, type)),
                                 "clip");
  std::vector<ValueId> result;
  for (ValueId gradient : gradients) {
    Element element = tensors.of(gradient);
    element.node = build.mul(element.node, build.convert(scale, element.dtype));
    result.push_back(
        *tensors.whole(tensors.define(element, "clipped." + graph[gradient].name.substr(2), {})));
  }
  return result;
}

/// average <- step == 1 ? value : weight * average + (1 - weight) * value
void add_average(Elaborator& elaborator, ValueId parameter, ValueId next, double weight,
                 const std::string& prefix) {
  Tensors& tensors = elaborator.tensors();
  ExprBuilder& build = tensors.build();
  Graph& graph = tensors.graph();
  const Value& trained = graph[parameter];
  const DType type = trained.type.dtype;
  const std::string name = prefix + "." + trained.name;
  const ValueId average = graph.add_value({.name = name,
                                           .type = trained.type,
                                           .kind = ValueKind::variable,
                                           .range = trained.range,
                                           .role = VariableRole::average,
                                           .initializer = trained.initializer});
  Element element = tensors.of(next);
  const ExprId step = elaborator.step_number().node;
  const ExprId first = build.apply(netc::Function::equal, {step, build.number(1, DType::f64)});
  const ExprId mixed = build.add(build.mul(build.number(weight, type), tensors.of(average).node),
                                 build.mul(build.number(1 - weight, type), element.node));
  element.node = build.select(first, element.node, mixed);
  const auto value = tensors.whole(tensors.define(element, name + ".next", {}));
  graph.ops.push_back({.what = Update{average, *value}, .range = graph[parameter].range});
}

}  // namespace

void add_training(Elaborator& elaborator, const Context&, const TrainSettings& settings,
                  const SourceFile& file, ValueId loss, int number) {
  Tensors& tensors = elaborator.tensors();
  Graph& graph = tensors.graph();
  std::vector<ValueId> trained;
  for (ValueId id : elaborator.parameters()) {
    const std::string& name = graph[id].name;
    if (std::any_of(settings.freezes.begin(), settings.freezes.end(),
                    [&](const FreezeLine& line) { return matches(line.pattern, name); }))
      continue;
    if (!optimizer_of(settings, name)) {
      if (!settings.all_match) continue;  // which is why
      elaborator
          .error(Code::no_parameter_matches, settings.block->model.range,
                 "no optimizer updates the parameter `{}`", name)
          .note(graph[id].range, "it is declared here")
          .help("add an optimizer without `on`, or `freeze \"{}\"`", name);
      return;
    }
    trained.push_back(id);
  }
  elaborator.commit_states();
  if (trained.empty()) return;

  std::vector<ValueId> gradients = elaborator.gradients(loss, trained);
  if (settings.clip_norm) gradients = clipped(tensors, gradients, *settings.clip_norm);

  Frame frame;
  frame.file = &file;
  frame.float_type = DType::f64;
  frame.scopes.push_back(settings.constants);
  std::vector<std::map<std::string, Operand>> arguments;
  for (size_t i = 0; i < settings.optimizers.size(); ++i) {
    const OptimizerLine& line = settings.optimizers[i];
    auto read = elaborator.optimizer_arguments(*line.optimizer, *line.use,
                                               prefix_of(settings, i, number), frame);
    if (!read) return;
    arguments.push_back(std::move(*read));
  }
  const std::string suffix = number == 1 ? "" : std::to_string(number);
  for (size_t i = 0; i < trained.size(); ++i) {
    const std::string name = graph[trained[i]].name;
    const OptimizerLine* line = optimizer_of(settings, name);
    const auto which = static_cast<size_t>(line - settings.optimizers.data());
    const auto next = elaborator.optimizer_step(
        *line->optimizer, line->range, arguments[which],
        {tensors.of(trained[i]), tensors.of(gradients[i]), name, "optimizer" + suffix});
    if (!next) return;
    if (*next == trained[i]) {
      const ast::Name& optimizer = line->optimizer->declaration->name;
      elaborator
          .error(Code::no_update, optimizer.range, "the optimizer `{}` never updates `value`",
                 optimizer.text)
          .note(line->range, "it is used here")
          .help("`value <- value - rate * gradient`");
      return;
    }
    graph.ops.push_back({.what = Update{trained[i], *next}, .range = line->range});
    if (settings.average)
      add_average(elaborator, trained[i], *next, *settings.average, "average" + suffix);
  }
  elaborator.commit_optimizer_states();
}

}  // namespace netc::elaboration
