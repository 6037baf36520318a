// Signatures: arguments meet the types of parameters, names of dimensions are bound or must agree,
// and what is returned meets the types of results.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

using Kind = ast::TypeAlternative::Kind;

std::string type_words(const ast::TypeAlternative& alternative) {
  switch (alternative.kind) {
    case Kind::integer:
      return "an int";
    case Kind::floating:
      return "a float";
    case Kind::boolean:
      return "a bool";
    case Kind::string:
      return "a string";
    case Kind::list:
      return "a list";
    case Kind::tensor:
      break;
  }
  if (alternative.any_integer) return "an integer tensor";
  if (alternative.element) return std::string(name(*alternative.element)) + " elements";
  return "a float tensor";
}

std::string type_words(const ast::Type& type) {
  std::string text;
  for (const auto& alternative : type.alternatives)
    text += (text.empty() ? "" : " or ") + type_words(alternative);
  return text;
}

}  // namespace

bool Elaborator::is_tensor(const ast::Type& type) {
  return std::any_of(type.alternatives.begin(), type.alternatives.end(),
                     [](const auto& alternative) { return alternative.kind == Kind::tensor; });
}

DType Elaborator::read_type(DType written) const {
  return written == DType::f32 && context_.options.double_precision ? DType::f64 : written;
}

bool Elaborator::accepts(const ast::TypeAlternative& alternative, const Operand& operand) const {
  switch (alternative.kind) {
    case Kind::integer:
      return operand.as<Whole>() || operand.as<Size>();
    case Kind::floating: {
      const auto* element = operand.as<Element>();
      return operand.is_number() || (element && element->adaptive);
    }
    case Kind::boolean:
      return operand.as<Truth>();
    case Kind::string:
      return operand.as<Text>();
    case Kind::list:
      return operand.as<List>();
    case Kind::tensor:
      break;
  }
  const bool integers =
      alternative.any_integer || (alternative.element && netc::is_integer(*alternative.element));
  if (operand.as<Real>() || operand.as<Size>())
    return !integers && alternative.element != DType::boolean;
  if (operand.as<Whole>()) return alternative.element != DType::boolean;
  if (operand.as<Truth>()) return alternative.element == DType::boolean;
  const auto* element = operand.as<Element>();
  if (!element) return false;
  if (element->adaptive && element->dtype != DType::boolean)
    return !integers && alternative.element != DType::boolean;
  if (alternative.any_integer) return netc::is_integer(element->dtype);
  if (alternative.element) return element->dtype == read_type(*alternative.element);
  return is_float(element->dtype);
}

const ast::TypeAlternative* Elaborator::choose(const ast::Type& type,
                                               const Operand& operand) const {
  // What a value is comes before what it may become: an int is an int in `[C] | float | int`.
  const auto first = [&](const auto& good) -> const ast::TypeAlternative* {
    const auto found = std::find_if(type.alternatives.begin(), type.alternatives.end(),
                                    [&](const ast::TypeAlternative& alternative) {
                                      return good(alternative) && accepts(alternative, operand);
                                    });
    return found == type.alternatives.end() ? nullptr : &*found;
  };
  if (!operand.as<Element>()) {
    if (const auto* exact = first([](const auto& alternative) {
          return alternative.kind == Kind::integer || alternative.kind == Kind::boolean;
        }))
      return exact;
    if (const auto* value = first([](const auto& each) { return each.kind != Kind::tensor; }))
      return value;
  }
  return first([](const auto&) { return true; });
}

Operand Elaborator::fitted(const ast::TypeAlternative& alternative, const Placed& placed) {
  const Operand& operand = placed.operand;
  if (alternative.kind == Kind::floating) {
    if (const auto* size = operand.as<Size>()) {
      auto element = number_as(placed, DType::f64);
      element->adaptive = true;
      (void)size;
      return *element;
    }
    if (operand.as<Element>()) return operand;
    const auto value = to_real(placed);
    return value ? Operand(Real{*value}) : Operand{};
  }
  if (alternative.kind != Kind::tensor) return operand;
  DType type = frame().call_float.value_or(frame().float_type);
  if (alternative.element) type = read_type(*alternative.element);
  if (alternative.any_integer) type = DType::i32;
  if (const auto* element = operand.as<Element>()) {
    return element->adaptive ? converted(*element, type, placed.range) : *element;
  }
  const auto number = number_as(placed, type);
  return number ? Operand(*number) : Operand{};
}

/// A dimension of a signature that is a name which nothing has bound yet.
bool Elaborator::binds(const ast::Expr& dim, const std::set<std::string>& bound) const {
  const auto* name = dim.as<ast::NameRef>();
  return name && !bound.contains(std::string(name->text)) &&
         !context_.program.find_constant(*frame().file, name->text);
}

bool Elaborator::match_dims(const ast::TypeAlternative& alternative, const Element& element,
                            const DimMatch& match) {
  const auto& wanted = alternative.dims;
  const auto rest = std::find_if(wanted.begin(), wanted.end(),
                                 [](const ast::Expr* dim) { return dim->as<ast::Rest>(); });
  const size_t lead = static_cast<size_t>(rest - wanted.begin());
  const bool open = rest != wanted.end();
  const size_t needed = wanted.size() - (open ? 1 : 0);
  const size_t rank = element.dims.size();
  if (open ? rank < needed : rank != needed) {
    error(Code::rank_mismatch, match.range, "{} is {}, but {}{} {} needed", match.subject,
          to_string(element.type()), open ? "at least " : "", needed,
          needed == 1 ? "dimension is" : "dimensions are")
        .note(alternative.range, "the type stands here");
    return false;
  }
  bool good = true;
  const size_t tail = open ? wanted.size() - lead - 1 : 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (open && i == lead) continue;
    const size_t position = i < lead ? i : rank - (wanted.size() - i);
    const Dim found = element.dims[position];
    if (binds(*wanted[i], match.bound)) {
      const std::string dim_name(wanted[i]->as<ast::NameRef>()->text);
      match.bound.insert(dim_name);
      (*match.scope)[dim_name] = {Binding::Kind::size, operand_of(found), match.range, nullptr};
      continue;
    }
    match.deferred->push_back(
        {wanted[i], found, match.range, match.subject, to_string(element.type()), position});
  }
  if (open) {
    const std::vector<Dim> found(element.dims.begin() + static_cast<int64_t>(lead),
                                 element.dims.end() - static_cast<int64_t>(tail));
    if (!frame().rest) {
      frame().rest = found;
      frame().rest_range = match.range;
    } else if (*frame().rest != found) {
      error(Code::shape_mismatch, match.range, "`..` is {} here, but {} elsewhere in this call",
            to_string(found), to_string(*frame().rest))
          .label(frame().rest_range, "{}", to_string(*frame().rest))
          .label(match.range, "{}", to_string(found))
          .note(alternative.range, "all `..` of a signature agree");
      good = false;
    }
  }
  return good;
}

bool Elaborator::check_deferred(const std::vector<DeferredDim>& deferred) {
  bool good = true;
  for (const DeferredDim& dim : deferred) {
    const auto expected = dimension(*dim.expr);
    if (!expected) {
      good = false;
      continue;
    }
    if (*expected == dim.found) continue;
    auto& report = error(Code::shape_mismatch, dim.range,
                         "{} is {}: its dimension {} is {}, not {}", dim.subject, dim.type,
                         dim.position, netc::to_string(dim.found), netc::to_string(*expected));
    report.label(dim.range, "{}", dim.type);
    const auto* name = dim.expr->as<ast::NameRef>();
    const Binding* binding = name ? frame().find(name->text) : nullptr;
    if (binding && binding->kind == Binding::Kind::size && binding->range != dim.range)
      report.note(binding->range, "`{}` is {} because of this", name->text,
                  netc::to_string(*expected));
    else
      report.note(dim.expr->range, "{} is what the signature says", netc::to_string(*expected));
    good = false;
  }
  return good;
}

bool Elaborator::bind_arguments(const Callable& function, std::vector<Placed>& arguments) {
  const ast::Function& declaration = *function.declaration;
  Scope& scope = frame().scopes.front();
  std::set<std::string> bound;
  for (const ast::Parameter& parameter : declaration.parameters)
    bound.insert(std::string(parameter.name.text));
  std::vector<DeferredDim> deferred;
  std::vector<const ast::TypeAlternative*> chosen(arguments.size());
  const auto bind_one = [&](size_t i) {
    const ast::Parameter& parameter = declaration.parameters[i];
    Operand value = fitted(*chosen[i], arguments[i]);
    if (value.poisoned()) return false;
    if (const auto* element = value.as<Element>(); element && !element->adaptive) {
      if (!match_dims(*chosen[i], *element,
                      {arguments[i].range, fmt::format("`{}`", parameter.name.text), bound, &scope,
                       &deferred}))
        return false;
      if (!element->local)
        value = tensors_.define(*element, intermediate(parameter.name.text), arguments[i].range);
    }
    scope[std::string(parameter.name.text)] = {Binding::Kind::argument, std::move(value),
                                               arguments[i].range, nullptr};
    return true;
  };

  // The float type of the call is that of its first float tensor without a written type.
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].operand.poisoned()) continue;
    const ast::Parameter& parameter = declaration.parameters[i];
    chosen[i] = choose(parameter.type, arguments[i].operand);
    if (!chosen[i]) {
      report_argument(declaration, parameter, arguments[i]);
      return false;
    }
    const auto* element = arguments[i].operand.as<Element>();
    if (!element || element->adaptive || chosen[i]->kind != Kind::tensor || chosen[i]->element ||
        chosen[i]->any_integer)
      continue;
    if (!frame().call_float) {
      frame().call_float = element->dtype;
      frame().float_type = element->dtype;
    } else if (*frame().call_float != element->dtype) {
      error(Code::element_type_mismatch, arguments[i].range,
            "`{}` is {}, but the call's other tensors are {}", parameter.name.text,
            name(element->dtype), name(*frame().call_float));
      return false;
    }
  }
  // Values before tensors, so that `[.., units]` means the argument `units`.
  for (const bool tensors : {false, true})
    for (size_t i = 0; i < arguments.size(); ++i)
      if (chosen[i] && (chosen[i]->kind == Kind::tensor) == tensors && !bind_one(i)) return false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (chosen[i]) continue;
    const ast::Parameter& parameter = declaration.parameters[i];
    arguments[i] = {evaluate(*parameter.default_value), parameter.default_value->range};
    if (arguments[i].operand.poisoned()) return false;
    chosen[i] = choose(parameter.type, arguments[i].operand);
    if (!chosen[i]) {
      report_argument(declaration, parameter, arguments[i]);
      return false;
    }
    if (!bind_one(i)) return false;
  }
  return check_deferred(deferred);
}

void Elaborator::report_argument(const ast::Function& function, const ast::Parameter& parameter,
                                 const Placed& argument) {
  auto& report =
      error(Code::wrong_argument, argument.range, "`{}` of `{}` is {}, not {}", parameter.name.text,
            function.name.text, type_words(parameter.type), describe(argument.operand));
  report.note(parameter.type.range, "its type stands here");
  const auto* element = argument.operand.as<Element>();
  if (element && !is_float(element->dtype) && is_tensor(parameter.type))
    report.help("convert it: `{}(...)`", name(frame().float_type));
}

Operand Elaborator::checked_result(const Callable& function, Frame& inner) {
  const ast::Function& declaration = *function.declaration;
  const std::vector<Operand>& values = *inner.returned;
  if (values.size() != declaration.results.size()) {
    error(Code::result_mismatch,
          inner.returned_ranges.empty() ? declaration.name.range : inner.returned_ranges.front(),
          "`{}` returns {} {}, but its type says {}", declaration.name.text, values.size(),
          values.size() == 1 ? "value" : "values", declaration.results.size());
    return {};
  }
  // Result types see the signature, not the names of the body; names they bind are their own.
  inner.scopes.resize(1);
  Scope& scope = inner.scopes.front();
  std::set<std::string> bound;
  for (const auto& [name, binding] : scope) bound.insert(name);
  std::vector<DeferredDim> deferred;
  std::vector<Operand> results;
  for (size_t i = 0; i < values.size(); ++i) {
    const Placed placed{values[i], inner.returned_ranges[i]};
    if (placed.operand.poisoned()) return {};
    const ast::TypeAlternative* chosen = choose(declaration.results[i], placed.operand);
    if (!chosen) {
      error(Code::result_mismatch, placed.range, "`{}` returns {}, not {}", declaration.name.text,
            type_words(declaration.results[i]), describe(placed.operand))
          .note(declaration.results[i].range, "the type of the result stands here");
      return {};
    }
    Operand value = fitted(*chosen, placed);
    if (value.poisoned()) return {};
    if (const auto* element = value.as<Element>(); element && chosen->kind == Kind::tensor) {
      const bool typed = chosen->element || chosen->any_integer;
      if (!typed && inner.call_float && element->dtype != *inner.call_float) {
        error(Code::result_mismatch, placed.range, "`{}` returns {}, but its arguments are {}",
              declaration.name.text, name(element->dtype), name(*inner.call_float));
        return {};
      }
      if (!match_dims(*chosen, *element, {placed.range, "the result", bound, &scope, &deferred}))
        return {};
    }
    results.push_back(std::move(value));
  }
  if (!check_deferred(deferred)) return {};
  if (results.size() == 1) return std::move(results.front());
  return Tuple{std::move(results)};
}

}  // namespace netc::elaboration
