// Optimizers: their float arguments are settings of the running program, and their bodies are
// elaborated once for every parameter.
#include <cmath>
#include <limits>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Element Elaborator::step_number() {
  if (!step_) step_ = setting("step", 1);
  return *step_;
}

Element Elaborator::setting(const std::string& name, double value) {
  const ValueId id = graph().add_value({.name = graph().unique_name(name),
                                        .type = {DType::f64, {}},
                                        .kind = ValueKind::setting,
                                        .setting = value});
  Element element = tensors_.of(id);
  element.adaptive = true;
  return element;
}

std::optional<std::map<std::string, Operand>> Elaborator::optimizer_arguments(
    const Callable& optimizer, const ast::Expr& use, const std::string& prefix, Frame& outer) {
  const ast::Function& declaration = *optimizer.declaration;
  step_number();
  std::vector<const ast::Expr*> matched(declaration.parameters.size());
  const InFrame in_frame(*this, outer);
  if (const auto* call = use.as<ast::Call>()) {
    auto given = match_arguments(optimizer, *call, use.range, false);
    if (!given) return std::nullopt;
    matched = std::move(*given);
  }
  std::map<std::string, Operand> result;
  for (size_t i = 0; i < matched.size(); ++i) {
    const ast::Parameter& parameter = declaration.parameters[i];
    const std::string name(parameter.name.text);
    const ast::Expr* expr = matched[i] ? matched[i] : parameter.default_value;
    if (!expr) {
      error(Code::missing_argument, use.range, "`{}` needs an argument for `{}`",
            declaration.name.text, name);
      return std::nullopt;
    }
    const Restore<Naming> naming(naming_, Naming(prefix + name));
    Placed value{evaluate(*expr), expr->range};
    if (value.operand.poisoned()) return std::nullopt;
    const ast::TypeAlternative* chosen = choose(parameter.type, value.operand);
    if (!chosen) {
      report_argument(declaration, parameter, value);
      return std::nullopt;
    }
    Operand fitting = fitted(*chosen, value);
    if (fitting.poisoned()) return std::nullopt;
    if (chosen->kind == ast::TypeAlternative::Kind::floating)
      fitting = adjustable(prefix + name, fitting, expr->range);
    result[name] = std::move(fitting);
  }
  return result;
}

Operand Elaborator::adjustable(const std::string& name, const Operand& given, SourceRange range) {
  if (const auto* real = given.as<Real>()) return setting(name, real->value);
  // A schedule rules while the setting is NaN; a value that is set replaces it.
  const Element schedule = tensors_.define(*given.as<Element>(), name + ".schedule", range);
  const Element set = setting(name, std::numeric_limits<double>::quiet_NaN());
  Element used = set;
  used.node = build().select(build().apply(Function::not_equal, {set.node, set.node}),
                             schedule.node, set.node);
  return tensors_.define(used, name + ".used", range);
}

std::optional<ValueId> Elaborator::optimizer_step(const Callable& optimizer, SourceRange use,
                                                  const std::map<std::string, Operand>& arguments,
                                                  const Step& step) {
  Frame frame;
  frame.file = optimizer.file;
  frame.function = &optimizer;
  frame.float_type = step.value.dtype;
  frame.prefix = step.prefix + "." + step.parameter;
  Scope& scope = frame.scopes.emplace_back();
  for (const auto& [name, value] : arguments)
    scope[name] = {Binding::Kind::argument, value, use, nullptr};
  scope["value"] = {Binding::Kind::slot, step.value, use, nullptr};
  scope["gradient"] = {Binding::Kind::argument, step.gradient, use, nullptr};
  const size_t errors = context_.diagnostics.error_count();
  optimizer_ = &step;
  {
    const InCall in_call(*this, {&optimizer, use}, frame);
    const Restore<Naming> naming(naming_, Naming());
    run(optimizer.declaration->body);
  }
  optimizer_ = nullptr;
  if (context_.diagnostics.error_count() != errors) return std::nullopt;
  const auto* value = frame.scopes.front()["value"].operand.as<Element>();
  return value ? tensors_.whole(*value) : std::nullopt;
}

void Elaborator::commit_optimizer_states() {
  for (const auto& state : optimizer_states_) {
    const auto value = tensors_.whole(state->current);
    if (value && *value != state->variable)
      graph().ops.push_back({.what = Update{state->variable, *value}, .range = state->range});
  }
}

void Elaborator::run_optimizer_state(const ast::State& state, const ast::Stmt& stmt) {
  if (state.type) {
    error(Code::wrong_type, state.type->range, "a state of an optimizer has the type of `value`");
    return;
  }
  const auto initial = initializer(*state.init);
  if (!initial) return;
  const std::string full =
      optimizer_->prefix + "." + std::string(state.name.text) + "." + optimizer_->parameter;
  const auto id =
      add_variable(full, optimizer_->value.type(), VariableRole::optimizer, *initial, stmt.range);
  if (!id) return;
  optimizer_states_.push_back(
      std::make_unique<StateVariable>(StateVariable{*id, tensors_.of(*id), stmt.range}));
  bind(state.name, Poison{}, Binding::Kind::state);
  frame().find(state.name.text)->state = optimizer_states_.back().get();
}

}  // namespace netc::elaboration
