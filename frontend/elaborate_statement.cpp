// Statements: bindings and updates, control flow that is settled while compiling, results.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Elaborator::Nested::Nested(Elaborator& elaborator, SourceRange range) : elaborator_(elaborator) {
  if (++elaborator_.depth_ <= max_depth || elaborator_.stopped_) return;
  elaborator_.stopped_ = true;
  // The calls around would fill pages.
  elaborator_.context_.diagnostics.error(Code::nesting_too_deep, range,
                                         "calls and expressions nest deeper than the limit of {}",
                                         max_depth);
}

void Elaborator::run(const ast::Block& block) {
  const Nested nested(*this, block.range);
  frame().scopes.emplace_back();
  run_statements(block);
  frame().scopes.pop_back();
}

void Elaborator::run_statements(const ast::Block& block) {
  for (const ast::Stmt& stmt : block.statements) {
    if (frame().returned || stopped_) return;
    std::visit([&](const auto& node) { run(node, stmt); }, stmt.node);
    if (graph().ops.size() > max_operations && !stopped_) {
      error(Code::too_many_operations, stmt.range,
            "the program has more than a million operations after `for` is unrolled");
      stopped_ = true;
    }
  }
}

Binding* Elaborator::bind(const ast::Name& name, Operand operand, Binding::Kind kind) {
  Scope& scope = frame().scopes.back();
  const Binding* present = nullptr;
  if (const auto found = scope.find(name.text); found != scope.end()) present = &found->second;
  if (!present && frame().scopes.size() == 2) {
    // The body of a function shares its scope with the parameters.
    const auto found = frame().scopes.front().find(name.text);
    if (found != frame().scopes.front().end() && (found->second.kind == Binding::Kind::argument ||
                                                  found->second.kind == Binding::Kind::slot))
      present = &found->second;
  }
  if (present) {
    error(Code::duplicate_name, name.range, "`{}` is bound already", name.text)
        .label(present->range, "first here")
        .help("`{} <- ...` gives a variable a new value", name.text);
    return nullptr;
  }
  Binding& binding = scope[std::string(name.text)];
  binding = {kind, std::move(operand), name.range, nullptr};
  return &binding;
}

Operand Elaborator::finished(Operand value, const std::string& wanted, SourceRange range,
                             size_t known_values) {
  auto* element = std::get_if<Element>(&value.what);
  if (!element) return value;
  if (element->local && !element->reduction) return value;  // stays in its index notation
  if (element->adaptive && !tensors_.costly(element->node)) return value;
  const auto before = tensors_.whole(*element);
  if (!before) {
    if (!check_size(element->type(), range)) return {};
    return tensors_.define(*element, wanted, range);
  }
  // What was made for this name carries it.
  if (before->index >= known_values && graph()[*before].kind == ValueKind::result)
    tensors_.rename(*before, wanted);
  return value;
}

std::string Elaborator::qualified(std::string_view name) const {
  return frame().prefix.empty() ? std::string(name) : frame().prefix + "." + std::string(name);
}

void Elaborator::run(const ast::Bind& statement, const ast::Stmt& stmt) {
  const size_t known = graph().values.size();
  const Restore<Naming> naming(naming_, Naming(qualified(statement.names.front().text)));
  Operand value = evaluate(*statement.value);
  if (statement.names.size() == 1) {
    if (value.as<Tuple>()) {
      error(Code::result_mismatch, statement.value->range, "{} cannot be bound to one name",
            describe(value))
          .help("`(a, b) = ...` binds several");
      value = {};
    }
    value = finished(std::move(value), naming_.name, stmt.range, known);
    bind(statement.names.front(), std::move(value));
    return;
  }
  const auto* tuple = value.as<Tuple>();
  if (!value.poisoned() && (!tuple || tuple->items.size() != statement.names.size())) {
    error(Code::result_mismatch, statement.value->range, "{} cannot be bound to {} names",
          describe(value), statement.names.size());
    tuple = nullptr;
  }
  for (size_t i = 0; i < statement.names.size(); ++i) {
    Operand item = tuple ? tuple->items[i] : Operand{};
    bind(statement.names[i],
         finished(std::move(item), qualified(statement.names[i].text), stmt.range, known));
  }
}

void Elaborator::run(const ast::Update& update, const ast::Stmt& stmt) {
  Binding* binding = frame().find(update.name.text);
  const size_t known = graph().values.size();
  const Restore<Naming> naming(naming_, Naming(qualified(update.name.text)));
  Operand value = evaluate(*update.value);
  if (!binding) {
    auto& report = error(Code::unknown_name, update.name.range, "nothing is called `{}` here",
                         update.name.text);
    if (const std::string near = nearest(update.name.text, names_in_sight()); !near.empty())
      report.help("did you mean `{}`?", near);
    return;
  }
  if (binding->kind != Binding::Kind::variable && binding->kind != Binding::Kind::state &&
      binding->kind != Binding::Kind::slot) {
    error(Code::not_updatable, update.name.range, "`{}` cannot be updated", update.name.text)
        .label(binding->range, "only a state, or a name bound with `=`, can")
        .help("bind it to another name first: `new_{} = {}`", update.name.text, update.name.text);
    return;
  }
  if (binding->kind == Binding::Kind::variable) {
    if (value.as<Tuple>()) {
      error(Code::result_mismatch, update.value->range, "{} cannot be bound to one name",
            describe(value));
      value = {};
    }
    binding->operand = finished(std::move(value), naming_.name, stmt.range, known);
    return;
  }
  if (value.poisoned() || read_binding(*binding).poisoned()) return;
  update_variable(*binding, {value, update.value->range}, update.name);
}

void Elaborator::update_variable(Binding& binding, const Placed& value, const ast::Name& name) {
  Element& current =
      binding.state ? binding.state->current : *std::get_if<Element>(&binding.operand.what);
  Operand given = value.operand;
  // A number fills the whole of it.
  bool fills = given.is_number();
  if (const auto* element = given.as<Element>(); element && element->adaptive) {
    fills = true;
    given = converted(*element, current.dtype, value.range);
  }
  if (given.is_number()) {
    const auto number = number_as(value, current.dtype);
    if (!number) return;
    given = *number;
  }
  const auto* element = given.as<Element>();
  if (!element || element->dtype != current.dtype || (!fills && element->dims != current.dims)) {
    error(Code::state_reshaped, value.range, "`{}` keeps its type {}, and this is {}", name.text,
          to_string(current.type()), describe(given))
        .note(binding.range, "`{}` comes from here", name.text);
    return;
  }
  Element next = settled(*element, value.range);
  next.dims = current.dims;
  // No gradient flows through the update of a state.
  if (!optimizer_ && is_float(next.dtype))
    next.node = build().apply(netc::Function::stop_gradient, {next.node});
  const std::string next_name =
      (binding.state ? graph()[binding.state->variable].name : optimizer_->parameter) + ".next";
  current = tensors_.define(next, next_name, value.range);
}

void Elaborator::run(const ast::Const& constant, const ast::Stmt&) {
  Operand value = evaluate(*constant.value);
  if (!value.poisoned() && !known_while_compiling(value) && !value.as<Size>()) {
    error(Code::not_constant, constant.value->range,
          "a constant is known while compiling, and this is {}", describe(value));
    value = {};
  }
  bind(constant.name, std::move(value), Binding::Kind::constant);
}

std::optional<bool> Elaborator::condition(const ast::Expr& expr) {
  const Operand value = evaluate(expr);
  if (const auto* truth = value.as<Truth>()) return truth->value;
  if (value.poisoned()) return std::nullopt;
  const auto* element = value.as<Element>();
  auto& report =
      error(Code::not_constant, expr.range,
            "this condition must be known while compiling, and it is {}", describe(value));
  if (element && element->dtype == DType::boolean)
    report.help("`if c then a else b` chooses element by element when the program runs");
  return std::nullopt;
}

void Elaborator::run(const ast::If& statement, const ast::Stmt&) {
  for (const ast::If::Branch& branch : statement.branches) {
    const auto holds = condition(*branch.condition);
    if (!holds) return;
    if (*holds) return run(branch.body);
  }
  if (statement.otherwise) run(*statement.otherwise);
}

void Elaborator::run(const ast::For& loop, const ast::Stmt& stmt) {
  std::vector<Operand> values;
  if (const auto* range = loop.range->as<ast::Range>()) {
    const auto from = integer(*range->from, "the start of a range");
    const auto to = integer(*range->to, "the end of a range");
    if (!from || !to) return;
    const int64_t rounds = *to > *from ? *to - *from : 0;
    if (rounds > max_operations) {
      error(Code::too_many_operations, stmt.range, "{} rounds: more than a million operations",
            rounds);
      stopped_ = true;
      return;
    }
    for (int64_t i = *from; i < *to; ++i) values.push_back(Whole{i, {}});
  } else {
    const Operand list = evaluate(*loop.range);
    if (list.poisoned()) return;
    if (!list.as<List>()) {
      error(Code::wrong_type, loop.range->range, "`for` runs over a range or a list, not {}",
            describe(list))
          .help("`for {} in 0..20`", loop.name.text);
      return;
    }
    values = list.as<List>()->items;
  }
  const size_t before = graph().ops.size();
  const Restore<double> rounds(rounds_, rounds_ * static_cast<double>(values.size()));
  if (rounds_ > static_cast<double>(max_operations)) {
    error(Code::too_many_operations, stmt.range,
          "the loops around this come to more than a million rounds");
    stopped_ = true;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (frame().returned || stopped_) return;
    frame().scopes.emplace_back();
    bind(loop.name, values[i], Binding::Kind::constant);
    run_statements(loop.body);
    frame().scopes.pop_back();
    // The first round tells what all of them come to.
    const size_t made = graph().ops.size() - before;
    if (i == 0 && !stopped_ &&
        static_cast<double>(made) * static_cast<double>(values.size()) > max_operations) {
      error(Code::too_many_operations, stmt.range,
            "{} rounds of {} operations: more than a million", values.size(), made);
      stopped_ = true;
    }
  }
}

void Elaborator::run(const ast::Require& require, const ast::Stmt& stmt) {
  const auto holds = condition(*require.condition);
  if (!holds || *holds) return;
  if (!calls_.empty()) frame().returned.emplace().push_back(Poison{});
  frame().returned_ranges = {stmt.range};
  std::string message;
  for (const ast::MessagePart& part : require.message) {
    const Operand value = part.value ? evaluate(*part.value) : Operand{};
    if (part.value && value.poisoned()) return;
    message += part.value ? display(value) : std::string(part.text);
  }
  if (message.empty()) message = "a requirement does not hold";
  const SourceRange place = calls_.empty() ? stmt.range : calls_.back().range;
  auto& report = error(Code::requirement_failed, place, "{}", message);
  if (!calls_.empty())
    report.note(stmt.range, "`{}` requires it here",
                calls_.back().function->declaration->name.text);
}

void Elaborator::run(const ast::Return& statement, const ast::Stmt& stmt) {
  if (!frame().function) {
    error(Code::misplaced_statement, stmt.range, "`return` stands in a `fn` or `layer`");
    return;
  }
  const Restore<Naming> naming(naming_, Naming(frame().result_name));
  std::vector<Operand> values;
  for (const ast::Expr* value : statement.values) {
    Operand result = evaluate(*value);
    if (const auto* tuple = result.as<Tuple>(); tuple && statement.values.size() == 1) {
      for (const Operand& item : tuple->items) {
        values.push_back(item);
        frame().returned_ranges.push_back(value->range);
      }
      continue;
    }
    values.push_back(std::move(result));
    frame().returned_ranges.push_back(value->range);
  }
  frame().returned = std::move(values);
}

void Elaborator::run(const ast::ScanStatement& statement, const ast::Stmt&) {
  run_scan(*statement.scan->as<ast::Scan>(), *statement.scan);
}

}  // namespace netc::elaboration
