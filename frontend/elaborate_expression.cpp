// Expressions: literals, names, operators and selections. Index notation, slices and calls have
// files of their own.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Operand Elaborator::evaluate(const ast::Expr& expr) {
  const Nested nested(*this, expr.range);
  if (stopped_) return {};
  return std::visit([&](const auto& node) { return on(node, expr); }, expr.node);
}

Operand Elaborator::on(const ast::Number& number, const ast::Expr&) {
  if (number.is_integer) return Whole{number.integer, {}};
  return Real{number.value};
}

Operand Elaborator::on(const ast::String& string, const ast::Expr&) {
  return Text{std::string(string.value)};
}

Operand Elaborator::on(const ast::Boolean& boolean, const ast::Expr&) {
  return Truth{boolean.value};
}

std::vector<std::string> Elaborator::names_in_sight() const {
  std::vector<std::string> names = context_.program.names(*frame().file);
  for (const Scope& scope : frame().scopes)
    for (const auto& [name, binding] : scope) names.push_back(name);
  for (const IndexScope* scope = frame().indices; scope; scope = scope->outer)
    for (const auto& [name, id] : scope->names) names.push_back(name);
  return names;
}

std::optional<IndexId> Elaborator::find_index(std::string_view name) const {
  for (const IndexScope* scope = frame().indices; scope; scope = scope->outer)
    for (const auto& [text, id] : scope->names)
      if (text == name) return id;
  return std::nullopt;
}

Operand Elaborator::read_binding(const Binding& binding) {
  if (!binding.state) return binding.operand;
  return optimizer_ ? binding.state->current : current_state(*binding.state);
}

Operand Elaborator::on(const ast::NameRef& name, const ast::Expr& expr) {
  if (const auto index = find_index(name.text))
    return Element{.node = build().index(*index), .dtype = DType::i64, .local = true};
  if (const Binding* binding = frame().find(name.text)) {
    Operand value = read_binding(*binding);
    const auto* element = value.as<Element>();
    if (frame().indices && element && !element->dims.empty()) {
      error(Code::tensor_without_subscripts, expr.range,
            "`{}` is {}: in index notation a tensor stands with all its subscripts", name.text,
            to_string(element->type()))
          .note(binding->range, "`{}` comes from here", name.text)
          .help("write `{}[...]` with {} {}", name.text, element->dims.size(),
                element->dims.size() == 1 ? "subscript" : "subscripts");
      return {};
    }
    return value;
  }
  if (name.text == "training" && in_model_) return Truth{training_};
  if (name.text == "step" && step_) return *step_;
  if (Constant* constant = context_.program.find_constant(*frame().file, name.text))
    return constant_value(*constant, expr.range);
  if (context_.program.find_function(*frame().file, name.text)) {
    error(Code::not_a_value, expr.range, "`{}` is a function: it stands in a call", name.text);
    return {};
  }
  auto& report = error(Code::unknown_name, expr.range, "nothing is called `{}` here", name.text);
  if (const std::string near = nearest(name.text, names_in_sight()); !near.empty())
    report.help("did you mean `{}`?", near);
  return {};
}

Operand Elaborator::on(const ast::Rest&, const ast::Expr& expr) {
  error(Code::misplaced_rest, expr.range, "`..` stands in a list of dimensions or subscripts only");
  return {};
}

Operand Elaborator::on(const ast::List& list, const ast::Expr&) {
  List result;
  for (const ast::Expr* item : list.items) {
    if (item->as<ast::Rest>()) {
      if (!frame().rest) {
        error(Code::misplaced_rest, item->range, "no `..` is bound by the signature here");
        return {};
      }
      for (const Dim& dim : *frame().rest) result.items.push_back(operand_of(dim));
      continue;
    }
    Operand value = evaluate(*item);
    if (value.poisoned()) return {};
    result.items.push_back(std::move(value));
  }
  return result;
}

Operand Elaborator::on(const ast::Unary& unary, const ast::Expr& expr) {
  const Placed operand{evaluate(*unary.operand), unary.operand->range};
  if (operand.operand.poisoned()) return {};
  if (unary.op == ast::UnaryOp::negate) {
    if (const auto* whole = operand.operand.as<Whole>()) {
      Whole result{0, whole->inexact};
      if (__builtin_sub_overflow(int64_t{0}, whole->value, &result.value))
        return overflow(expr.range);
      return result;
    }
    if (const auto* real = operand.operand.as<Real>()) return Real{-real->value};
    return apply(Function::neg, {operand}, expr.range);
  }
  if (const auto* truth = operand.operand.as<Truth>()) return Truth{!truth->value};
  return apply(Function::logical_not, {operand}, expr.range);
}

Operand Elaborator::on(const ast::Binary& binary, const ast::Expr& expr) {
  const Operand left = evaluate(*binary.left);
  if (const auto* truth = left.as<Truth>()) {
    // What is decided by the left side is not elaborated any further.
    if (binary.op == ast::BinaryOp::logical_and && !truth->value) return *truth;
    if (binary.op == ast::BinaryOp::logical_or && truth->value) return *truth;
  }
  const Operand right = evaluate(*binary.right);
  if (left.poisoned() || right.poisoned()) return {};
  const Operation operation{
      expr.range, binary.op_range, {left, binary.left->range}, {right, binary.right->range}};
  if (binary.op == ast::BinaryOp::matmul) return matmul(operation);
  return arithmetic(binary.op, operation);
}

Operand Elaborator::on(const ast::Conditional& conditional, const ast::Expr&) {
  const Placed condition{evaluate(*conditional.condition), conditional.condition->range};
  if (condition.operand.poisoned()) return {};
  if (const auto* truth = condition.operand.as<Truth>())
    return evaluate(truth->value ? *conditional.then_value : *conditional.else_value);
  const auto* element = condition.operand.as<Element>();
  if (!element || element->dtype != DType::boolean) {
    error(Code::wrong_type, condition.range, "a condition is a bool, not {}",
          describe(condition.operand));
    return {};
  }
  const Placed then_value{evaluate(*conditional.then_value), conditional.then_value->range};
  const Placed else_value{evaluate(*conditional.else_value), conditional.else_value->range};
  return select(condition, then_value, else_value);
}

Operand Elaborator::on(const ast::Range&, const ast::Expr& expr) {
  error(Code::wrong_type, expr.range, "a range stands after `in` of a `for` and after `part:`");
  return {};
}

Operand Elaborator::on(const ast::Field& field, const ast::Expr& expr) {
  Instance* instance = find_instance(*field.base, true);
  if (!instance) return {};
  const auto found = instance->params.find(field.name.text);
  if (found != instance->params.end()) return tensors_.of(found->second);
  if (const auto state = instance->states.find(field.name.text); state != instance->states.end())
    return current_state(state->second);
  if (!instance->applied) {
    error(Code::unapplied_instance, expr.range,
          "`{}` has no parameters yet: its first application fixes their shapes", instance->path)
        .note(instance->range, "it is made here");
    return {};
  }
  std::vector<std::string> candidates;
  for (const auto& [name, value] : instance->params) candidates.push_back(name);
  auto& report = error(Code::unknown_name, field.name.range, "`{}` has no parameter `{}`",
                       instance->path, field.name.text);
  if (const std::string near = nearest(field.name.text, candidates); !near.empty())
    report.help("did you mean `{}`?", near);
  return {};
}

}  // namespace netc::elaboration
