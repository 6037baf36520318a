// Element-wise arithmetic: operands take one element type and broadcast to one shape.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Function function_of(ast::BinaryOp op) {
  switch (op) {
    case ast::BinaryOp::logical_or:
      return Function::logical_or;
    case ast::BinaryOp::logical_and:
      return Function::logical_and;
    case ast::BinaryOp::equal:
      return Function::equal;
    case ast::BinaryOp::not_equal:
      return Function::not_equal;
    case ast::BinaryOp::less:
      return Function::less;
    case ast::BinaryOp::less_equal:
      return Function::less_equal;
    case ast::BinaryOp::greater:
      return Function::greater;
    case ast::BinaryOp::greater_equal:
      return Function::greater_equal;
    case ast::BinaryOp::add:
      return Function::add;
    case ast::BinaryOp::subtract:
      return Function::sub;
    case ast::BinaryOp::multiply:
    case ast::BinaryOp::matmul:
      return Function::mul;
    case ast::BinaryOp::divide:
      return Function::div;
    case ast::BinaryOp::modulo:
      return Function::mod;
    case ast::BinaryOp::power:
      return Function::pow;
  }
  return Function::add;
}

std::string Elaborator::intermediate(std::string_view what) const {
  const std::string& base = naming_.root.empty() ? frame().prefix : naming_.root;
  return base.empty() ? std::string(what) : base + "." + std::string(what);
}

Naming Elaborator::argument_naming(std::string_view parameter) const {
  Naming naming(intermediate(parameter));
  if (!naming_.root.empty()) naming.root = naming_.root;
  return naming;
}

Element Elaborator::settled(const Element& element, SourceRange range) {
  if (!element.reduction) return element;
  return tensors_.define(element, intermediate(name(element.reduction->kind)), range);
}

Element Elaborator::converted(const Element& element, DType type, SourceRange range) {
  Element result = settled(element, range);
  if (result.dtype == type) {
    result.adaptive = false;
    return result;
  }
  // A scalar of the running program is computed in f64, once, and converted where it is used.
  if (result.adaptive && !result.local && tensors_.computes(result.node)) {
    const auto [known, fresh] = scalars_.try_emplace(result.node);
    if (fresh) known->second = tensors_.define(result, "scalar", range);
    result = known->second;
  }
  result.node = build().convert(result.node, type);
  result.dtype = type;
  result.adaptive = false;
  return result;
}

std::optional<Element> Elaborator::number_as(const Placed& placed, DType type) {
  const Operand& operand = placed.operand;
  Element element{.dtype = type};
  if (const auto* size = operand.as<Size>()) {
    const ExprId batch = build().convert(build().batch(), type);
    element.node =
        size->factor == 1 ? batch : build().mul(batch, build().integer(size->factor, type));
    return element;
  }
  if (const auto* truth = operand.as<Truth>()) {
    element.node = build().boolean(truth->value);
    element.dtype = DType::boolean;
    return element;
  }
  if (const auto* whole = operand.as<Whole>(); whole && !is_float(type)) {
    element.node = build().integer(whole->value, type);
    return element;
  }
  const auto value = to_real(placed);
  if (!value) return std::nullopt;
  element.node = build().number(*value, type);
  return element;
}

std::optional<Element> Elaborator::as_element(const Placed& placed, SourceRange range) {
  if (placed.operand.poisoned()) return std::nullopt;
  if (const auto* element = placed.operand.as<Element>()) {
    if (!element->adaptive || element->dtype == DType::boolean) return *element;
    return converted(*element, frame().float_type, range);
  }
  if (placed.operand.is_number() || placed.operand.as<Truth>())
    return number_as(placed, frame().float_type);
  error(Code::wrong_type, placed.range, "a tensor or a number is needed here, not {}",
        describe(placed.operand));
  return std::nullopt;
}

namespace {

/// Whether only indices and numbers went into it, so that it may be as wide as an i64.
bool made_of_indices(const Tensors& tensors, ExprId root) {
  const Expr& expr = tensors.node(root);
  if (expr.kind == ExprKind::read || expr.kind == ExprKind::convert) return false;
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [&](ExprId arg) { return made_of_indices(tensors, arg); });
}

bool fits(int64_t value, DType type) { return wrap_to(type, value) == value; }

}  // namespace

std::optional<DType> Elaborator::common_type(const std::vector<Placed>& operands, bool comparison) {
  const Placed* typed = nullptr;
  DType type{};
  for (const Placed& operand : operands) {
    const auto* element = operand.operand.as<Element>();
    if (!element || (element->adaptive && element->dtype != DType::boolean)) continue;
    if (!typed || element->dtype == type) {
      typed = &operand;
      type = element->dtype;
      continue;
    }
    const auto* other = typed->operand.as<Element>();
    if (is_integer(type) && is_integer(element->dtype)) {
      // The value of an index takes in any integer.
      if ((element->dtype == DType::i64 && element->node.valid() &&
           made_of_indices(tensors_, element->node)) ||
          (type == DType::i64 && other->node.valid() && made_of_indices(tensors_, other->node))) {
        type = DType::i64;
        continue;
      }
    }
    report_types(*typed, type, operand, element->dtype);
    return std::nullopt;
  }
  bool real = false;
  bool number = false;
  const Placed* offender = nullptr;
  for (const Placed& operand : operands) {
    const auto* element = operand.operand.as<Element>();
    const bool adaptive = element && element->adaptive && element->dtype != DType::boolean;
    if (operand.operand.as<Real>() || adaptive) {
      real = true;
      if (!offender) offender = &operand;
    }
    number = number || adaptive || operand.operand.is_number();
  }
  if (!typed && !number) return DType::boolean;
  if (!typed) type = DType::f64;
  if (typed && is_integer(type) && real) {
    error(Code::integer_in_float_arithmetic, typed->range,
          "an integer tensor ({}) in float arithmetic", name(type))
        .label(offender->range, "{}", describe(offender->operand))
        .help("convert it: `{}(...)`", name(frame().float_type));
    return std::nullopt;
  }
  if (typed && type == DType::boolean && number) {
    error(Code::element_type_mismatch, typed->range, "a bool in arithmetic with numbers")
        .help("convert it: `{}(...)`", name(frame().float_type));
    return std::nullopt;
  }
  for (const Placed& operand : operands) {
    if (operand.operand.as<Truth>() && type != DType::boolean) {
      error(Code::element_type_mismatch, operand.range, "a bool where {} is needed", name(type));
      return std::nullopt;
    }
    // A number that the type cannot hold still compares as what it is.
    const auto* whole = operand.operand.as<Whole>();
    if (!whole || !is_integer(type) || fits(whole->value, type)) continue;
    if (!comparison) {
      error(Code::integer_overflow, operand.range, "{} does not fit {}", whole->value, name(type))
          .label(typed->range, "{}", describe(typed->operand))
          .help("convert the tensor to a wider type, as in `i32(...)`");
      return std::nullopt;
    }
    type = DType::i64;
  }
  return type;
}

void Elaborator::report_types(const Placed& a, DType a_type, const Placed& b, DType b_type) {
  if (is_integer(a_type) && is_float(b_type)) return report_types(b, b_type, a, a_type);
  if (is_float(a_type) && is_integer(b_type)) {
    error(Code::integer_in_float_arithmetic, b.range, "an integer tensor ({}) in float arithmetic",
          name(b_type))
        .label(a.range, "{}", name(a_type))
        .help("convert it: `{}(...)`", name(a_type));
    return;
  }
  auto& report = error(Code::element_type_mismatch, b.range, "the element types differ: {} and {}",
                       name(a_type), name(b_type))
                     .label(a.range, "{}", name(a_type))
                     .label(b.range, "{}", name(b_type));
  const DType wanted = a_type == DType::boolean ? b_type : a_type;
  report.help("convert one of them: `{}(...)`", name(wanted));
}

std::optional<std::vector<Dim>> broadcast(const std::vector<Dim>& a, const std::vector<Dim>& b) {
  const std::vector<Dim>& longer = a.size() >= b.size() ? a : b;
  const std::vector<Dim>& shorter = a.size() >= b.size() ? b : a;
  std::vector<Dim> result = longer;
  const size_t offset = longer.size() - shorter.size();
  constexpr Dim one{1, false};
  for (size_t i = 0; i < shorter.size(); ++i) {
    Dim& dim = result[offset + i];
    if (dim == shorter[i] || shorter[i] == one) continue;
    if (dim != one) return std::nullopt;
    dim = shorter[i];
  }
  return result;
}

std::optional<std::vector<Element>> Elaborator::unify(const std::vector<Placed>& operands,
                                                      bool comparison) {
  for (const Placed& operand : operands) {
    if (operand.operand.poisoned()) return std::nullopt;
    if (operand.operand.as<Element>() || operand.operand.is_number() || operand.operand.as<Truth>())
      continue;
    error(Code::wrong_type, operand.range, "a tensor or a number is needed here, not {}",
          describe(operand.operand));
    return std::nullopt;
  }
  const auto type = common_type(operands, comparison);
  if (!type) return std::nullopt;
  const bool all_adaptive = std::none_of(operands.begin(), operands.end(), [](const Placed& p) {
    const auto* element = p.operand.as<Element>();
    return element && !element->adaptive;
  });
  std::vector<Element> elements;
  for (const Placed& operand : operands) {
    if (const auto* element = operand.operand.as<Element>()) {
      const bool keep = all_adaptive || element->dtype == *type;
      elements.push_back(keep ? *element : converted(*element, *type, operand.range));
      elements.back().adaptive = all_adaptive;
    } else {
      auto number = number_as(operand, *type);
      if (!number) return std::nullopt;
      number->adaptive = all_adaptive;
      elements.push_back(std::move(*number));
    }
  }
  return elements;
}

std::optional<std::vector<Dim>> Elaborator::joined_dims(const std::vector<Placed>& operands,
                                                        std::vector<Element>& elements) {
  std::vector<Dim> dims;
  for (size_t i = 0; i < elements.size(); ++i) {
    const auto joined = broadcast(dims, elements[i].dims);
    if (!joined) {
      auto& report = error(Code::broadcast_mismatch, cover(operands[0].range, operands[i].range),
                           "the shapes {} and {} do not broadcast", to_string(dims),
                           to_string(elements[i].dims));
      for (size_t k = 0; k <= i; ++k)
        report.label(operands[k].range, "{}", to_string(elements[k].dims));
      report.help("dimensions are aligned from the last one; each pair must be equal or have a 1");
      return std::nullopt;
    }
    dims = *joined;
  }
  for (size_t i = 0; i < elements.size(); ++i) {
    Element& element = elements[i];
    // What is repeated along an axis is computed once.
    if (element.dims != dims && !element.reduction && !element.local && !element.adaptive &&
        tensors_.costly(element.node))
      element = tensors_.define(element, intermediate("part"), operands[i].range);
  }
  return dims;
}

Operand Elaborator::combine(Function function, const std::vector<Placed>& operands,
                            std::vector<Element> elements) {
  const auto dims = joined_dims(operands, elements);
  if (!dims) return {};
  Element result{.dims = *dims, .adaptive = true};
  std::vector<ExprId> nodes;
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] = settled(elements[i], operands[i].range);
    nodes.push_back(elements[i].node);
    result.local = result.local || elements[i].local;
    result.adaptive = result.adaptive && elements[i].adaptive;
  }
  result.node = build().apply(function, std::move(nodes));
  result.dtype = build().type(result.node);
  return result;
}

Operand Elaborator::apply(Function function, const std::vector<Placed>& operands,
                          SourceRange range) {
  if (std::none_of(operands.begin(), operands.end(), [](const Placed& operand) {
        return operand.operand.as<Element>() || operand.operand.as<Size>() ||
               operand.operand.poisoned();
      }))
    return fold_function(function, operands, range);
  const FunctionInfo& row = info(function);
  auto elements = unify(operands, row.kind == FunctionClass::comparison);
  if (!elements) return {};
  const DType type = elements->front().dtype;
  const bool logic = row.kind == FunctionClass::logic;
  if (logic != (type == DType::boolean) && row.kind != FunctionClass::comparison &&
      function != Function::stop_gradient) {
    auto& report =
        error(logic ? Code::wrong_type : Code::element_type_mismatch, operands[0].range,
              "`{}` takes {}, not {}", row.syntax.symbol.empty() ? row.name : row.syntax.symbol,
              logic ? "bools" : "numbers", describe(operands[0].operand));
    if (logic)
      report.help("compare it: `x != 0`");
    else
      report.help("convert it: `{}(...)`", name(frame().float_type));
    return {};
  }
  if (is_integer(type) && !row.evaluate_integer) {
    if (function == Function::floor || function == Function::ceil || function == Function::round ||
        function == Function::stop_gradient)
      return operands[0].operand;
    error(Code::integer_in_float_arithmetic, operands[0].range,
          "`{}` takes floats, and this is an integer tensor ({})", row.name, name(type))
        .help("convert it: `{}(...)`", name(frame().float_type));
    return {};
  }
  return combine(function, operands, std::move(*elements));
}

Operand Elaborator::arithmetic(ast::BinaryOp op, const Operation& operation) {
  const Operand& a = operation.left.operand;
  const Operand& b = operation.right.operand;
  if (const auto* truth = a.as<Truth>(); truth && b.as<Element>()) {
    // The other outcomes of these are decided without looking at the right side.
    if (op == ast::BinaryOp::logical_and || op == ast::BinaryOp::logical_or) return b;
  }
  if (const auto size = size_arithmetic(op, operation)) return *size;
  if (!a.as<Element>() && !b.as<Element>() && !a.as<Size>() && !b.as<Size>())
    return fold(op, operation);
  if (op == ast::BinaryOp::add)
    if (const auto joined = add_to_sum(operation)) return *joined;
  return apply(function_of(op), {operation.left, operation.right}, operation.range);
}

std::optional<Operand> Elaborator::size_arithmetic(ast::BinaryOp op, const Operation& operation) {
  const auto* size = operation.left.operand.as<Size>();
  const auto* other = operation.right.operand.as<Size>();
  const auto* whole = operation.right.operand.as<Whole>();
  if (op == ast::BinaryOp::multiply && !size && other) {
    size = other;
    whole = operation.left.operand.as<Whole>();
  }
  if (size && other && size != other) {
    if (op == ast::BinaryOp::add) return Size{size->factor + other->factor};
    if (op == ast::BinaryOp::equal) return Truth{size->factor == other->factor};
    if (op == ast::BinaryOp::not_equal) return Truth{size->factor != other->factor};
    if (op == ast::BinaryOp::divide && size->factor % other->factor == 0)
      return Whole{size->factor / other->factor, {}};
    return std::nullopt;
  }
  if (!size || !whole) return std::nullopt;
  if (op == ast::BinaryOp::multiply && whole->value > 0) {
    Size result;
    if (__builtin_mul_overflow(size->factor, whole->value, &result.factor))
      return overflow(operation.range);
    return result;
  }
  if (op == ast::BinaryOp::divide && whole->value > 0 && size->factor % whole->value == 0)
    return Size{size->factor / whole->value};
  return std::nullopt;
}

std::optional<Operand> Elaborator::add_to_sum(const Operation& operation) {
  const auto is_sum = [](const Placed& placed) {
    const auto* element = placed.operand.as<Element>();
    return element && element->reduction && element->reduction->kind == Reduction::sum &&
           !element->reduction->base.valid();
  };
  bool right = is_sum(operation.right);
  if (!right && !is_sum(operation.left)) return std::nullopt;
  // Of two sums, one that a scan has to compute step by step takes in the other: `h @ wh + xt @ wx`
  // leaves `xt @ wx` free to be computed before, as `xt @ wx + h @ wh` does.
  if (right && is_sum(operation.left))
    right = tensors_.runs_in_steps(operation.right.operand.as<Element>()->reduction->body) ||
            !tensors_.runs_in_steps(operation.left.operand.as<Element>()->reduction->body);
  const std::vector<Placed> operands = {operation.left, operation.right};
  auto elements = unify(operands, false);
  if (!elements) return Operand{};
  const auto dims = joined_dims(operands, *elements);
  if (!dims) return Operand{};
  Element sum = (*elements)[right ? 1 : 0];
  const Element base = settled((*elements)[right ? 0 : 1], operands[right ? 0 : 1].range);
  if (!sum.reduction || sum.dims != *dims) return std::nullopt;
  auto reduction = std::make_shared<PendingReduction>(*sum.reduction);
  reduction->base = base.node;
  sum.local = sum.local || base.local;
  sum.reduction = std::move(reduction);
  return Operand(std::move(sum));
}

Operand Elaborator::select(const Placed& condition, const Placed& then_value,
                           const Placed& else_value) {
  const std::vector<Placed> sides = {then_value, else_value};
  auto elements = unify(sides, false);
  if (!elements) return {};
  const Element& chooser = *condition.operand.as<Element>();
  // Two numbers take the float type, unless they are scalars of the running program.
  const bool numbers = (*elements)[0].adaptive && (*elements)[1].adaptive;
  if (numbers && !chooser.adaptive && (*elements)[0].dtype != DType::boolean) {
    for (size_t i = 0; i < 2; ++i) {
      const auto number = as_element(sides[i], sides[i].range);
      if (!number) return {};
      (*elements)[i] = *number;
    }
  }
  elements->insert(elements->begin(), chooser);
  return combine(Function::select, {condition, then_value, else_value}, std::move(*elements));
}

}  // namespace netc::elaboration
