// Layers: instances and their names, parameters, states.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

void Elaborator::report_layer_in_function(SourceRange range, std::string_view name) {
  const bool optimizer = optimizer_ && frame().function &&
                         frame().function->declaration->kind == ast::Function::Kind::optimizer;
  auto& report = error(Code::misplaced_layer, range, "{} cannot apply the layer `{}`",
                       optimizer ? "an `optimizer`" : "a `fn`", name);
  if (!optimizer) report.help("declare the function as a `layer`");
}

bool Elaborator::may_apply_layers(SourceRange range, std::string_view name) {
  if (frame().instance && !frame().indices) return true;
  if (frame().indices)
    error(Code::misplaced_layer, range, "the layer `{}` stands inside index notation", name)
        .help("apply it before, and read its result with subscripts");
  else
    report_layer_in_function(range, name);
  return false;
}

std::optional<std::string> Elaborator::instance_name(const ast::InstanceName& written) {
  std::string text(written.base.text);
  for (const ast::Expr* subscript : written.subscripts) {
    const auto value = integer(*subscript, "the number of an instance");
    if (!value) return std::nullopt;
    text += "." + std::to_string(*value);
  }
  return text;
}

Instance* Elaborator::make_instance(const Callable& layer, const ast::InstanceName* as,
                                    SourceRange range) {
  Instance& parent = *frame().instance;
  std::string local;
  if (as) {
    const auto written = instance_name(*as);
    if (!written) return nullptr;
    local = *written;
  } else {
    const std::string base(layer.declaration->name.text);
    local = base + std::to_string(++parent.counts[base]);
  }
  const SourceRange place = as ? as->range : range;
  if (!parent.taken.insert(local).second) {
    auto& report = error(Code::duplicate_instance, place, "two instances are called `{}`",
                         parent.qualified(local));
    if (const auto first = parent.children.find(local); first != parent.children.end())
      report.label(first->second->range, "first here");
    return nullptr;
  }
  auto& child = parent.children[local];
  // An instance that is applied again applies the same instances within.
  if (child) return child.get();
  child = std::make_unique<Instance>();
  child->path = parent.qualified(local);
  child->layer = &layer;
  child->range = place;
  return child.get();
}

Instance* Elaborator::find_instance(const ast::Expr& expr, bool report) {
  const auto not_found = [&](SourceRange range, std::string_view text) -> Instance* {
    if (report)
      error(Code::not_an_instance, range, "`{}` is no instance of a layer", text)
          .help("`let` binds one: `let fc = dense(units: 30)`");
    return nullptr;
  };
  if (const auto* name = expr.as<ast::NameRef>()) {
    const Binding* binding = frame().find(name->text);
    const auto* reference = binding ? binding->operand.as<InstanceRef>() : nullptr;
    return reference ? reference->instance : not_found(expr.range, name->text);
  }
  const auto* index = expr.as<ast::Index>();
  const auto* base = index ? index->base->as<ast::NameRef>() : nullptr;
  if (!base) {
    if (report) error(Code::not_callable, expr.range, "this is no instance of a layer");
    return nullptr;
  }
  // Only where some `let block[i]` was made; otherwise it is a tensor's subscript.
  const std::string prefix = std::string(base->text) + ".";
  const auto first = frame().numbered.lower_bound(prefix);
  if (first == frame().numbered.end() || !first->first.starts_with(prefix))
    return not_found(expr.range, base->text);
  std::string key(base->text);
  for (const ast::Subscript& subscript : index->subscripts) {
    if (subscript.kind != ast::Subscript::Kind::value) return not_found(expr.range, base->text);
    const auto value = integer(*subscript.value, "the number of an instance");
    if (!value) return nullptr;
    key += "." + std::to_string(*value);
  }
  const auto found = frame().numbered.find(key);
  return found == frame().numbered.end() ? not_found(expr.range, key) : found->second;
}

void Elaborator::run(const ast::Let& let, const ast::Stmt& stmt) {
  const auto* call = let.value->as<ast::Call>();
  const auto* name = call ? call->callee->as<ast::NameRef>() : nullptr;
  const Callable* layer =
      name ? context_.program.find_function(*frame().file, name->text) : nullptr;
  if (!layer || layer->declaration->kind != ast::Function::Kind::layer || call->piped) {
    error(Code::not_an_instance, let.value->range,
          "`let` makes an instance: a layer with its arguments, without its tensors")
        .help("`let fc = dense(units: 30)`; values are bound without `let`");
    return;
  }
  if (!may_apply_layers(let.value->range, name->text)) return;
  Instance* instance = make_instance(*layer, &let.name, stmt.range);
  if (!instance) return;
  give_arguments(*instance, *call);
  if (let.name.subscripts.empty()) {
    bind(let.name.base, InstanceRef{instance});
    return;
  }
  std::string key = instance->path;
  const std::string& parent = frame().instance->path;
  if (!parent.empty()) key = key.substr(parent.size() + 1);
  frame().numbered[key] = instance;
}

void Elaborator::give_arguments(Instance& instance, const ast::Call& call) {
  const ast::Function& declaration = *instance.layer->declaration;
  instance.given.clear();
  std::vector<size_t> open;
  for (size_t i = 0; i < declaration.parameters.size(); ++i)
    if (!is_tensor(declaration.parameters[i].type)) open.push_back(i);
  size_t next = 0;
  bool good = true;
  for (const ast::Argument& argument : call.arguments) {
    const ast::Parameter* parameter = nullptr;
    if (!argument.name) {
      if (next < open.size()) parameter = &declaration.parameters[open[next++]];
    } else {
      for (size_t i : open)
        if (declaration.parameters[i].name.text == argument.name->text)
          parameter = &declaration.parameters[i];
    }
    if (!parameter) {
      report_not_given(declaration, argument);
      good = false;
      continue;
    }
    Operand value = evaluate(*argument.value);
    const std::string name(parameter->name.text);
    if (value.poisoned()) {
      instance.given[name] = {};
      continue;
    }
    if (instance.given.contains(name))
      error(Code::duplicate_argument, argument.value->range, "`{}` is given twice", name);
    if (!choose(parameter->type, value)) {
      report_argument(declaration, *parameter, {value, argument.value->range});
      instance.given[name] = {};
      return;
    }
    instance.given[name] = std::move(value);
    instance.given_ranges[name] = argument.value->range;
  }
  for (size_t i : open) {
    const ast::Parameter& parameter = declaration.parameters[i];
    const std::string name(parameter.name.text);
    if (parameter.default_value || instance.given.contains(name)) continue;
    if (good) report_missing(declaration, parameter, call.callee->range);
    instance.given[name] = {};
  }
}

void Elaborator::report_not_given(const ast::Function& layer, const ast::Argument& argument) {
  std::vector<std::string> names;
  bool is_known = false;
  for (const ast::Parameter& parameter : layer.parameters) {
    if (!is_tensor(parameter.type)) names.emplace_back(parameter.name.text);
    is_known |= argument.name && argument.name->text == parameter.name.text;
  }
  if (argument.name && !is_known) {
    auto& report = error(Code::unknown_argument, argument.name->range, "`{}` has no parameter `{}`",
                         layer.name.text, argument.name->text);
    const std::string near = nearest(argument.name->text, names);
    if (!near.empty()) report.help("did you mean `{}`?", near);
    return;
  }
  error(Code::unknown_argument, argument.value->range,
        "`{}` has no such parameter to give in a `let`", layer.name.text)
      .help("its tensors are left out; they come with the application");
}

std::optional<TensorType> Elaborator::variable_type(const ast::Type& type, SourceRange range) {
  const ast::TypeAlternative& alternative = type.alternatives.front();
  if (type.alternatives.size() != 1 || alternative.kind != ast::TypeAlternative::Kind::tensor ||
      alternative.any_integer) {
    error(Code::wrong_type, type.range, "a parameter or state has one tensor type");
    return std::nullopt;
  }
  TensorType result;
  result.dtype = alternative.element ? read_type(*alternative.element) : frame().float_type;
  for (const ast::Expr* dim : alternative.dims) {
    if (dim->as<ast::Rest>()) {
      if (!frame().rest) {
        error(Code::misplaced_rest, dim->range, "no `..` is bound by the signature here");
        return std::nullopt;
      }
      result.dims.insert(result.dims.end(), frame().rest->begin(), frame().rest->end());
      continue;
    }
    const auto size = dimension(*dim);
    if (!size) return std::nullopt;
    result.dims.push_back(*size);
  }
  if (result.has_batch()) {
    error(Code::batch_misuse, type.range, "the batch cannot size a parameter or state");
    return std::nullopt;
  }
  if (!check_size(result, range)) return std::nullopt;
  return result;
}

bool Elaborator::claim_variable(Instance& instance, const ast::Name& name) {
  if (instance.taken.insert(std::string(name.text)).second) return true;
  error(Code::duplicate_instance, name.range, "`{}` has two parameters called `{}`",
        instance.path.empty() ? "the model" : instance.path, name.text);
  return false;
}

std::optional<ValueId> Elaborator::add_variable(const std::string& full_name, TensorType type,
                                                VariableRole role, Initializer initializer,
                                                SourceRange range) {
  for (ValueId id : graph().variables) {
    if (graph()[id].name != full_name) continue;
    error(Code::duplicate_instance, range, "two parameters have the full name `{}`", full_name)
        .label(graph()[id].range, "first here");
    return std::nullopt;
  }
  return graph().add_value({.name = full_name,
                            .type = std::move(type),
                            .kind = ValueKind::variable,
                            .range = range,
                            .role = role,
                            .initializer = std::move(initializer)});
}

void Elaborator::run(const ast::Param& param, const ast::Stmt& stmt) {
  if (!frame().instance) {
    error(Code::misplaced_layer, stmt.range, "a `fn` cannot own parameters")
        .help("declare it as a `layer`");
    return;
  }
  Instance& instance = *frame().instance;
  const auto type = variable_type(param.type, param.type.range);
  const auto initial = initializer(*param.init);
  if (!type || !initial || !claim_variable(instance, param.name)) {
    bind(param.name, Poison{});
    return;
  }
  auto [place, fresh] = instance.params.emplace(param.name.text, ValueId{});
  if (fresh) {
    if (!is_float(type->dtype)) {
      error(Code::wrong_type, param.type.range, "a parameter has float elements, not {}",
            name(type->dtype));
      instance.params.erase(place);
      bind(param.name, Poison{});
      return;
    }
    const auto id = add_variable(instance.qualified(std::string(param.name.text)), *type,
                                 VariableRole::param, *initial, stmt.range);
    if (!id) {
      instance.params.erase(place);
      bind(param.name, Poison{});
      return;
    }
    place->second = *id;
    parameters_.push_back(*id);
  } else if (!same_variable(instance, place->second, *type, param.name)) {
    return;
  }
  bind(param.name, tensors_.of(place->second), Binding::Kind::param);
}

bool Elaborator::same_variable(const Instance& instance, ValueId variable, const TensorType& type,
                               const ast::Name& name) {
  if (graph()[variable].type == type) return true;
  error(Code::instance_reshaped, calls_.empty() ? name.range : calls_.back().range,
        "`{}` cannot be shared: its `{}` is {}, and would have to be {} here", instance.path,
        name.text, to_string(graph()[variable].type), to_string(type))
      .note(instance.range, "`{}` is made here; its first application fixed its shapes",
            instance.path);
  bind(name, Poison{});
  return false;
}

void Elaborator::run(const ast::State& state, const ast::Stmt& stmt) {
  if (optimizer_) return run_optimizer_state(state, stmt);
  if (!frame().instance) {
    error(Code::misplaced_layer, stmt.range, "a `fn` cannot own states")
        .help("declare it as a `layer`");
    return;
  }
  Instance& instance = *frame().instance;
  if (!state.type) {
    error(Code::wrong_type, stmt.range, "a state needs a type: `state {}: [C] init zeros`",
          state.name.text);
    return;
  }
  const auto type = variable_type(*state.type, state.type->range);
  const auto initial = initializer(*state.init);
  if (!type || !initial || !claim_variable(instance, state.name)) {
    bind(state.name, Poison{});
    return;
  }
  auto found = instance.states.find(state.name.text);
  if (found == instance.states.end()) {
    const auto id = add_variable(instance.qualified(std::string(state.name.text)), *type,
                                 VariableRole::state, *initial, stmt.range);
    if (!id) {
      bind(state.name, Poison{});
      return;
    }
    found =
        instance.states.emplace(state.name.text, StateVariable{*id, tensors_.of(*id), stmt.range})
            .first;
    states_.push_back(&found->second);
  } else if (!same_variable(instance, found->second.variable, *type, state.name)) {
    return;
  }
  bind(state.name, Poison{}, Binding::Kind::state);
  frame().find(state.name.text)->state = &found->second;
}

void Elaborator::commit_states() {
  for (const StateVariable* state : states_) {
    const auto value = tensors_.whole(state->current);
    if (!value || *value == state->variable) continue;
    graph().ops.push_back({.what = Update{state->variable, *value}, .range = state->range});
  }
}

}  // namespace netc::elaboration
