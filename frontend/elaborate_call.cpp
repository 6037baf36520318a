// Calls: which function a name stands for, how arguments meet parameters, and bodies.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Operand Elaborator::on(const ast::Call& call, const ast::Expr& expr) {
  if (Instance* instance = find_instance(*call.callee, false)) {
    if (call.as)
      error(Code::misplaced_as, call.as->range, "this instance already has a name, `{}`",
            instance->path);
    return call_function(*instance->layer, call, expr.range, instance);
  }
  const auto* name = call.callee->as<ast::NameRef>();
  if (!name) {
    if (find_instance(*call.callee, true))
      error(Code::not_callable, call.callee->range, "only a function or an instance can be called");
    return {};
  }
  if (const Callable* function = context_.program.find_function(*frame().file, name->text)) {
    if (function->declaration->kind == ast::Function::Kind::optimizer) {
      error(Code::not_callable, call.callee->range,
            "`{}` is an optimizer: it stands in a train block", name->text);
      return {};
    }
    return call_function(*function, call, expr.range, nullptr);
  }
  if (call.as) {
    error(Code::misplaced_as, call.as->range, "only a layer has parameters that `as` can name");
  }
  return call_builtin(*name, call, expr);
}

std::optional<std::vector<const ast::Expr*>> Elaborator::match_arguments(const Callable& function,
                                                                         const ast::Call& call,
                                                                         SourceRange range,
                                                                         bool tensors_only) {
  const ast::Function& declaration = *function.declaration;
  std::vector<const ast::Expr*> matched(declaration.parameters.size());
  std::vector<size_t> open;  // the parameters that positional arguments meet, in order
  for (size_t i = 0; i < declaration.parameters.size(); ++i)
    if (!tensors_only || is_tensor(declaration.parameters[i].type)) open.push_back(i);
  size_t next = 0;
  bool good = true;
  const auto positional = [&](const ast::Expr* value) {
    if (next >= open.size()) {
      if (good)
        error(Code::too_many_arguments, value->range, "`{}` takes {} {}, not more",
              declaration.name.text, open.size(), open.size() == 1 ? "argument" : "arguments")
            .note(declaration.name.range, "it is declared here");
      good = false;
      return;
    }
    matched[open[next++]] = value;
  };
  if (call.piped) positional(call.piped);
  for (const ast::Argument& argument : call.arguments) {
    if (!argument.name) {
      positional(argument.value);
      continue;
    }
    const auto found = std::find_if(open.begin(), open.end(), [&](size_t i) {
      return declaration.parameters[i].name.text == argument.name->text;
    });
    if (found == open.end()) {
      std::vector<std::string> candidates;
      for (size_t i : open) candidates.emplace_back(declaration.parameters[i].name.text);
      auto& report = error(Code::unknown_argument, argument.name->range,
                           "`{}` has no parameter `{}`{}", declaration.name.text,
                           argument.name->text, tensors_only ? " that is still open" : "");
      if (const std::string near = nearest(argument.name->text, candidates); !near.empty())
        report.help("did you mean `{}`?", near);
      good = false;
    } else if (matched[*found]) {
      error(Code::duplicate_argument, argument.name->range, "`{}` is given twice",
            argument.name->text)
          .label(matched[*found]->range, "first here");
      good = false;
    } else {
      matched[*found] = argument.value;
    }
  }
  for (size_t i : open) {
    const ast::Parameter& parameter = declaration.parameters[i];
    if (matched[i] || parameter.default_value || !good) continue;
    report_missing(declaration, parameter, range);
    good = false;
  }
  if (!good) return std::nullopt;
  return matched;
}

void Elaborator::report_missing(const ast::Function& function, const ast::Parameter& parameter,
                                SourceRange range) {
  error(Code::missing_argument, range, "`{}` needs an argument for `{}`", function.name.text,
        parameter.name.text)
      .note(parameter.name.range, "`{}` is declared here", parameter.name.text);
}

bool Elaborator::check_recursion(const Callable& function, SourceRange range) {
  for (const CallSite& site : calls_) {
    if (site.function->declaration != function.declaration) continue;
    error(Code::recursion, range, "`{}` calls itself", function.declaration->name.text)
        .note(site.range, "the outer call is here");
    return false;
  }
  return true;
}

Operand Elaborator::call_function(const Callable& function, const ast::Call& call,
                                  SourceRange range, Instance* instance) {
  const ast::Function& declaration = *function.declaration;
  const bool is_layer = declaration.kind == ast::Function::Kind::layer;
  if (!check_recursion(function, range)) return {};
  if (is_layer && !instance && !may_apply_layers(range, declaration.name.text)) return {};
  if (call.as && !is_layer)
    error(Code::misplaced_as, call.as->range, "`{}` is no layer: it has no parameters to name",
          declaration.name.text);

  const auto matched = match_arguments(function, call, range, instance != nullptr);
  if (!matched) return {};
  std::vector<Placed> arguments(matched->size());
  std::vector<size_t> order;
  for (size_t i = 0; i < matched->size(); ++i)
    if ((*matched)[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return (*matched)[a] != call.piped && (*matched)[b] != call.piped
               ? (*matched)[a]->range.begin < (*matched)[b]->range.begin
               : (*matched)[a] == call.piped && (*matched)[b] != call.piped;
  });
  for (size_t i : order) {
    const Restore<Naming> naming(naming_, argument_naming(declaration.parameters[i].name.text));
    arguments[i] = {evaluate(*(*matched)[i]), (*matched)[i]->range};
    if (arguments[i].operand.poisoned()) return poisoned_call(function, call, instance);
  }
  if (instance) {
    for (size_t i = 0; i < matched->size(); ++i) {
      const auto found = instance->given.find(std::string(declaration.parameters[i].name.text));
      if (found == instance->given.end()) continue;
      if (found->second.poisoned()) return {};
      arguments[i] = {found->second, instance->given_ranges[found->first]};
    }
  } else if (is_layer) {
    instance = make_instance(function, call.as, range);
    if (!instance) return {};
  }
  return run_function(function, arguments, range, is_layer ? instance : nullptr);
}

Operand Elaborator::poisoned_call(const Callable& function, const ast::Call& call,
                                  Instance* instance) {
  // The instance is made all the same, so that the names of later ones stay what they are.
  if (function.declaration->kind == ast::Function::Kind::layer && !instance)
    make_instance(function, call.as, call.callee->range);
  return {};
}

Operand Elaborator::run_function(const Callable& function, std::vector<Placed>& arguments,
                                 SourceRange range, Instance* instance) {
  const ast::Function& declaration = *function.declaration;
  Frame inner;
  inner.file = function.file;
  inner.function = &function;
  inner.instance = instance;
  inner.float_type = frame().float_type;
  inner.prefix = instance ? instance->path : naming_.name.empty() ? frame().prefix : naming_.name;
  inner.result_name = instance ? instance->path : inner.prefix;
  inner.scopes.emplace_back();
  if (instance) {
    instance->counts.clear();
    instance->taken.clear();
  }
  Operand result;
  {
    const InCall in_call(*this, {&function, range}, inner);
    if (!bind_arguments(function, arguments)) return {};
    const size_t errors = context_.diagnostics.error_count();
    const Restore<Naming> naming(naming_, Naming());
    run(declaration.body);
    if (instance) instance->applied = true;
    if (!inner.returned) {
      if (context_.diagnostics.error_count() == errors)
        error(Code::missing_return, declaration.name.range, "`{}` ends without `return`",
              declaration.name.text);
      return {};
    }
    result = checked_result(function, inner);
  }
  return result;
}

}  // namespace netc::elaboration
