// Functions that the compiler knows: element functions and conversions, and the table of all those
// that work on whole tensors (elaborate_shape.cpp, elaborate_axes.cpp).
#include <algorithm>
#include <array>

#include "frontend/elaborator.h"

namespace netc::elaboration {

/// A function on whole tensors: its parameters in order, of which the first `required` are needed.
struct Elaborator::Builtin {
  std::string_view name;
  std::vector<std::string_view> parameters;
  size_t required;
  Operand (Elaborator::*call)(const Matched& arguments);
};

const std::vector<Elaborator::Builtin>& Elaborator::builtins() {
  static const std::vector<Builtin> table = {
      {"reshape", {"x", "shape"}, 2, &Elaborator::call_reshape},
      {"flatten", {"x"}, 1, &Elaborator::call_flatten},
      {"transpose", {"x"}, 1, &Elaborator::call_transpose},
      {"permute", {"x", "axes"}, 2, &Elaborator::call_permute},
      {"concat", {"tensors", "axis"}, 1, &Elaborator::call_concat},
      {"stack", {"tensors", "axis"}, 1, &Elaborator::call_stack},
      {"split", {"x", "parts", "axis"}, 2, &Elaborator::call_split},
      {"reverse", {"x", "axis"}, 1, &Elaborator::call_reverse},
      {"pad", {"x", "widths", "value"}, 2, &Elaborator::call_pad},
      {"zeros", {"shape"}, 1, &Elaborator::call_zeros},
      {"ones", {"shape"}, 1, &Elaborator::call_ones},
      {"fill", {"shape", "value"}, 2, &Elaborator::call_fill},
      {"one_hot", {"x", "classes"}, 2, &Elaborator::call_one_hot},
      {"iota", {"size"}, 1, &Elaborator::call_iota},
      {"sum", {"x", "axis", "keep"}, 1, &Elaborator::call_sum},
      {"mean", {"x", "axis", "keep"}, 1, &Elaborator::call_mean},
      {"max", {"x", "axis", "keep"}, 1, &Elaborator::call_max},
      {"min", {"x", "axis", "keep"}, 1, &Elaborator::call_min},
      {"prod", {"x", "axis", "keep"}, 1, &Elaborator::call_prod},
      {"argmax", {"x", "axis", "keep"}, 1, &Elaborator::call_argmax},
      {"grad", {"y", "x"}, 2, &Elaborator::call_grad},
      {"integer", {"x"}, 1, &Elaborator::call_integer},
      {"uniform", {"shape"}, 1, &Elaborator::call_draw},
      {"normal", {"shape"}, 1, &Elaborator::call_draw},
      {"bernoulli", {"p"}, 1, &Elaborator::call_draw},
  };
  return table;
}

std::vector<Placed> Elaborator::evaluated(const ast::Call& call, bool& good) {
  std::vector<Placed> positional;
  if (call.piped) positional.push_back({evaluate(*call.piped), call.piped->range});
  for (const ast::Argument& argument : call.arguments)
    if (!argument.name) positional.push_back({evaluate(*argument.value), argument.value->range});
  for (const Placed& placed : positional) good = good && !placed.operand.poisoned();
  return positional;
}

Operand Elaborator::call_builtin(const ast::NameRef& name, const ast::Call& call,
                                 const ast::Expr& expr) {
  const size_t positional = call.arguments.size() + (call.piped ? 1 : 0);
  const bool any_named = std::any_of(call.arguments.begin(), call.arguments.end(),
                                     [](const ast::Argument& a) { return a.name.has_value(); });
  const bool extremum = name.text == "max" || name.text == "min";
  auto function = find_function(name.text);
  if (function && info(*function).kind == FunctionClass::draw) function.reset();
  if (name.text == "pow") function = Function::pow;
  if (function && (!extremum || (positional == 2 && !any_named)))
    return call_element_function(*function, call, expr, name.text);
  if (const auto type = parse_dtype(name.text)) return call_conversion(*type, call, expr);
  const auto& table = builtins();
  const auto builtin = std::find_if(table.begin(), table.end(),
                                    [&](const Builtin& b) { return b.name == name.text; });
  if (builtin == table.end()) {
    std::vector<std::string> candidates = names_in_sight();
    for (const Builtin& candidate : table) candidates.emplace_back(candidate.name);
    for (size_t i = 0; i < function_count; ++i)
      candidates.emplace_back(info(static_cast<netc::Function>(i)).name);
    auto& report = error(Code::unknown_function, call.callee->range,
                         "there is no function or layer `{}`", name.text);
    if (const std::string near = nearest(name.text, candidates); !near.empty())
      report.help("did you mean `{}`?", near);
    return {};
  }
  return call_table(*builtin, call, expr);
}

Operand Elaborator::call_element_function(netc::Function function, const ast::Call& call,
                                          const ast::Expr& expr, std::string_view name) {
  bool good = true;
  const std::vector<Placed> operands = evaluated(call, good);
  const size_t arity = info(function).arity;
  for (const ast::Argument& argument : call.arguments) {
    if (!argument.name) continue;
    error(Code::unknown_argument, argument.name->range, "the arguments of `{}` have no names",
          name);
    return {};
  }
  if (operands.size() != arity) {
    error(operands.size() < arity ? Code::missing_argument : Code::too_many_arguments, expr.range,
          "`{}` takes {} {}, not {}", name, arity, arity == 1 ? "argument" : "arguments",
          operands.size());
    return {};
  }
  if (!good) return {};
  return apply(function, operands, expr.range);
}

Operand Elaborator::call_conversion(DType type, const ast::Call& call, const ast::Expr& expr) {
  bool good = true;
  const std::vector<Placed> operands = evaluated(call, good);
  if (!good) return {};
  if (operands.size() != 1 || operands.size() != call.arguments.size() + (call.piped ? 1 : 0)) {
    error(Code::missing_argument, expr.range, "`{}(x)` takes one argument", name(type));
    return {};
  }
  type = read_type(type);
  const Placed& operand = operands[0];
  if (const auto* element = operand.operand.as<Element>())
    return converted(*element, type, operand.range);
  if (operand.operand.as<Size>()) {
    const auto number = number_as(operand, type);
    return number ? Operand(*number) : Operand{};
  }
  return converted_constant(operand, type);
}

Operand Elaborator::converted_constant(const Placed& operand, DType type) {
  if (const auto* truth = operand.operand.as<Truth>()) {
    if (type == DType::boolean) return *truth;
    if (is_float(type)) return Real{truth->value ? 1.0 : 0.0};
    return Whole{truth->value ? 1 : 0, {}};
  }
  if (const auto* whole = operand.operand.as<Whole>(); whole && !is_float(type)) {
    if (type == DType::boolean) return Truth{whole->value != 0};
    return Whole{wrap_to(type, whole->value), {}};
  }
  if (!operand.operand.is_number()) {
    error(Code::wrong_type, operand.range, "{} cannot become {}", describe(operand.operand),
          name(type));
    return {};
  }
  const auto value = to_real(operand);
  if (!value) return {};
  if (type == DType::boolean) return Truth{*value != 0};
  if (is_float(type)) return Real{round_to(type, *value)};
  return Whole{saturate_to(type, *value), {}};
}

Operand Elaborator::call_table(const Builtin& builtin, const ast::Call& call,
                               const ast::Expr& expr) {
  // Asking what a tensor is needs no subscripts.
  const bool asks = builtin.call == &Elaborator::call_integer;
  if (frame().indices && !asks) {
    error(Code::whole_tensor_function, expr.range,
          "`{}` works on whole tensors: it cannot stand in index notation", builtin.name)
        .help("bind its result to a name before");
    return {};
  }
  const Restore<const IndexScope*> no_indices(frame().indices, asks ? nullptr : frame().indices);
  Matched matched{builtin.name, expr.range, {}};
  matched.arguments.resize(builtin.parameters.size());
  size_t next = 0;
  const auto place = [&](size_t slot, const ast::Expr& value) {
    if (slot >= matched.arguments.size()) {
      error(Code::too_many_arguments, value.range, "`{}` takes at most {} arguments", builtin.name,
            builtin.parameters.size());
      return false;
    }
    if (matched.arguments[slot]) {
      error(Code::duplicate_argument, value.range, "`{}` is given twice", builtin.parameters[slot]);
      return false;
    }
    const Restore<Naming> naming(naming_, argument_naming(builtin.parameters[slot]));
    matched.arguments[slot] = Placed{evaluate(value), value.range};
    return !matched.arguments[slot]->operand.poisoned();
  };
  if (call.piped && !place(next++, *call.piped)) return {};
  for (const ast::Argument& argument : call.arguments) {
    size_t slot = next;
    if (argument.name) {
      const auto found =
          std::find(builtin.parameters.begin(), builtin.parameters.end(), argument.name->text);
      if (found == builtin.parameters.end()) {
        error(Code::unknown_argument, argument.name->range, "`{}` has no parameter `{}`",
              builtin.name, argument.name->text)
            .help("it has: {}", fmt::join(builtin.parameters, ", "));
        return {};
      }
      slot = static_cast<size_t>(found - builtin.parameters.begin());
    } else {
      ++next;
    }
    if (!place(slot, *argument.value)) return {};
  }
  for (size_t i = 0; i < builtin.required; ++i) {
    if (matched.arguments[i]) continue;
    error(Code::missing_argument, expr.range, "`{}` needs an argument for `{}`", builtin.name,
          builtin.parameters[i]);
    return {};
  }
  return (this->*builtin.call)(matched);
}

Operand Elaborator::call_integer(const Matched& arguments) {
  const Operand& operand = arguments[0].operand;
  const auto* element = operand.as<Element>();
  return Truth{operand.as<Whole>() || (element && netc::is_integer(element->dtype))};
}

Operand Elaborator::call_grad(const Matched& arguments) {
  const auto y = as_element(arguments[0], arguments[0].range);
  const auto x = as_element(arguments[1], arguments[1].range);
  if (!y || !x) return {};
  const auto by = tensors_.whole(*x);
  if (!y->dims.empty() || !is_float(y->dtype)) {
    error(Code::not_a_scalar, arguments[0].range,
          "`grad` takes the gradient of a float scalar, not {}", to_string(y->type()));
    return {};
  }
  if (!by || !is_float(x->dtype)) {
    error(Code::wrong_argument, arguments[1].range,
          "`grad` is taken with respect to a float tensor that has a name")
        .help("bind it to a name before `y` is computed from it");
    return {};
  }
  const auto of = tensors_.whole(tensors_.define(*y, intermediate("y"), arguments[0].range));
  if (!of) return {};
  const auto gradient = tensors_.gradient(*of, *by, intermediate("grad"), arguments.range);
  if (!gradient) {
    error(Code::misplaced_statement, arguments.range,
          "within a scan `grad` is taken with respect to a tensor of the same step")
        .label(arguments[1].range, "comes from outside of the scan")
        .help("carry it through the scan, or take the gradient after the scan");
    return {};
  }
  return *gradient;
}

}  // namespace netc::elaboration
