// Reads in index notation: subscripts become affine forms and gathers, and every read is proved to
// stay inside its tensor.
#include <algorithm>
#include <cmath>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

/// As far as positions go: far beyond any tensor, and sums of a few of them still fit 64 bits.
constexpr double farthest = 281474976710656.0;  // 2^48

}  // namespace

double Elaborator::reach(const Affine& affine) {
  const double batch = static_cast<double>(graph().capacity);
  double result = std::abs(static_cast<double>(affine.constant)) +
                  std::abs(static_cast<double>(affine.batch)) * batch;
  for (const Affine::Term& term : affine.terms) {
    const Dim extent = tensors_.extent(term.index);
    result += std::abs(static_cast<double>(term.coefficient)) * static_cast<double>(extent.factor) *
              (extent.batch ? batch : 1.0);
  }
  return result;
}

bool Elaborator::within_reach(double reach, SourceRange range) {
  if (reach <= farthest) return true;
  error(Code::too_large, range, "this subscript goes beyond 2^48");
  return false;
}

std::optional<Subscript> Elaborator::subscript(const ast::Expr& expr) {
  auto result = unbounded_subscript(expr);
  if (result && !within_reach(reach(result->affine), expr.range)) return std::nullopt;
  return result;
}

std::optional<Subscript> Elaborator::unbounded_subscript(const ast::Expr& expr) {
  if (const auto* name = expr.as<ast::NameRef>())
    if (const auto index = find_index(name->text)) return Subscript{Affine::of(*index), {}};
  if (const auto* unary = expr.as<ast::Unary>(); unary && unary->op == ast::UnaryOp::negate) {
    const auto inner = subscript(*unary->operand);
    if (!inner) return std::nullopt;
    return scaled(*inner, -1);
  }
  if (const auto* binary = expr.as<ast::Binary>()) {
    const bool sum = binary->op == ast::BinaryOp::add || binary->op == ast::BinaryOp::subtract;
    if (sum || binary->op == ast::BinaryOp::multiply) {
      const auto left = subscript(*binary->left);
      const auto right = subscript(*binary->right);
      if (!left || !right) return std::nullopt;
      if (sum) return added(*left, scaled(*right, binary->op == ast::BinaryOp::add ? 1 : -1));
      if (!within_reach(reach(left->affine) * reach(right->affine), expr.range))
        return std::nullopt;
      const auto constant = [](const Subscript& s) {
        return s.affine.is_constant() && s.affine.batch == 0 && !s.data.valid();
      };
      if (constant(*left)) return scaled(*right, left->affine.constant);
      if (constant(*right)) return scaled(*left, right->affine.constant);
      if (!left->data.valid() && !right->data.valid()) return not_affine(expr, "multiplies two");
      return Subscript{{}, build().mul(as_data(*left), as_data(*right))};
    }
    if (binary->op == ast::BinaryOp::power && subscript_of_indices(*binary->left))
      return not_affine(expr, "is a power of one");
  }
  const Operand value = evaluate(expr);
  if (const auto* whole = value.as<Whole>())
    return Subscript{Affine::of_constant(whole->value), {}};
  if (const auto* size = value.as<Size>()) {
    Affine affine;
    affine.batch = size->factor;
    return Subscript{affine, {}};
  }
  const auto* element = value.as<Element>();
  if (element && !element->adaptive && element->dims.empty() && netc::is_integer(element->dtype))
    return Subscript{{}, settled(*element, expr.range).node};
  if (!value.poisoned()) {
    auto& report = error(Code::wrong_subscript, expr.range,
                         "a subscript is an integer, and this is {}", describe(value));
    if (element && is_float(element->dtype)) report.help("convert it: `i32(...)`");
  }
  return std::nullopt;
}

bool Elaborator::subscript_of_indices(const ast::Expr& expr) const {
  const auto* name = expr.as<ast::NameRef>();
  return name && find_index(name->text);
}

std::optional<Subscript> Elaborator::not_affine(const ast::Expr& expr, std::string_view what) {
  error(Code::wrong_subscript, expr.range, "a subscript is affine in the indices, and this {}",
        what)
      .help("indices are added, and multiplied by numbers: `2 * p + a - 1`");
  return std::nullopt;
}

ExprId Elaborator::as_data(const Subscript& value) {
  const ExprId affine = build().affine(value.affine);
  if (!value.data.valid()) return affine;
  const ExprId data = build().convert(value.data, DType::i64);
  const bool plain =
      value.affine.is_constant() && value.affine.constant == 0 && value.affine.batch == 0;
  return plain ? data : build().add(affine, data);
}

Subscript Elaborator::scaled(const Subscript& value, int64_t times) {
  if (times == 1) return value;
  Subscript result;
  if (times != 0) result.affine.add(value.affine, times);
  if (value.data.valid() && times != 0) {
    const ExprId wide = build().convert(value.data, DType::i64);
    result.data =
        times == -1 ? build().neg(wide) : build().mul(wide, build().integer(times, DType::i64));
  }
  return result;
}

Subscript Elaborator::added(const Subscript& a, const Subscript& b) {
  Subscript result = a;
  result.affine.add(b.affine);
  if (!a.data.valid()) result.data = b.data;
  if (a.data.valid() && b.data.valid())
    result.data =
        build().add(build().convert(a.data, DType::i64), build().convert(b.data, DType::i64));
  return result;
}

bool Elaborator::inside(const Subscript& subscript, Dim size, bool mark_inputs) {
  Linear low{static_cast<double>(subscript.affine.constant),
             static_cast<double>(subscript.affine.batch)};
  Linear high = low;
  for (const Affine::Term& term : subscript.affine.terms) {
    const Dim extent = tensors_.extent(term.index);
    Linear& end = term.coefficient > 0 ? high : low;
    const double coefficient = static_cast<double>(term.coefficient);
    (extent.batch ? end.batch : end.constant) += coefficient * static_cast<double>(extent.factor);
    end.constant -= coefficient;
  }
  if (subscript.data.valid()) {
    auto known = tensors_.range(subscript.data, {});
    const auto holds = [&] {
      if (!known) return false;
      Linear above{-(high.constant + known->high) - 1, -(high.batch + known->batch)};
      (size.batch ? above.batch : above.constant) += static_cast<double>(size.factor);
      return Linear{low.constant + known->low, low.batch}.never_negative() &&
             above.never_negative();
    };
    if (holds()) return true;
    if (!mark_inputs || low.batch != 0 || high.batch != 0 || size.batch) return false;
    return tensors_.check_input(subscript.data, static_cast<int64_t>(-low.constant),
                                size.factor - static_cast<int64_t>(high.constant));
  }
  Linear above{-high.constant - 1, -high.batch};
  (size.batch ? above.batch : above.constant) += static_cast<double>(size.factor);
  return low.never_negative() && above.never_negative();
}

Operand Elaborator::on(const ast::Otherwise& otherwise, const ast::Expr& expr) {
  const auto* index = otherwise.read->as<ast::Index>();
  if (!frame().indices || !index) {
    error(Code::misplaced_else, expr.range, "`(x[...] else v)` stands in index notation only");
    return {};
  }
  return read(*index, otherwise.read->range, otherwise.value);
}

Operand Elaborator::read(const ast::Index& index, SourceRange range, const ast::Expr* outside) {
  Operand base;
  if (const auto* name = index.base->as<ast::NameRef>()) {
    if (const Binding* binding = frame().find(name->text)) base = read_binding(*binding);
  } else if (index.base->as<ast::Field>()) {
    base = evaluate(*index.base);
    if (base.poisoned()) return {};
  }
  if (base.as<List>()) return list_item(*base.as<List>(), index, range);
  const auto* element = base.as<Element>();
  if (!element) {
    if (base.poisoned() && index.base->as<ast::NameRef>() &&
        frame().find(index.base->as<ast::NameRef>()->text))
      return {};
    const Restore<const IndexScope*> outside_indices(frame().indices, nullptr);
    base = index.base->as<ast::NameRef>() ? evaluate(*index.base) : Operand{};
    if (!index.base->as<ast::NameRef>() || !base.poisoned())
      error(Code::wrong_subscript, index.base->range,
            "in index notation a tensor stands by name with its subscripts")
          .help("bind it to a name before");
    return {};
  }
  // The dimensions of a value may be more than those of the element: a local one stands at
  // indices of its own.
  const Element value = tensors_.define(*element, intermediate("part"), index.base->range);
  const Expr node = tensors_.node(value.node);
  std::vector<Subscript> subscripts(
      node.subscripts.begin(), node.subscripts.end() - static_cast<int64_t>(value.dims.size()));
  const auto own = own_subscripts(index, value, range);
  if (!own) return {};
  bool proved = true;
  bool good = true;
  for (size_t i = 0; i < own->size(); ++i) {
    const Subscript& subscript = (*own)[i].first;
    subscripts.push_back(subscript);
    if (inside(subscript, value.dims[i], outside == nullptr)) continue;
    proved = false;
    if (outside) continue;
    good = false;
    report_outside(*element, subscript, i, (*own)[i].second, index);
  }
  if (!good) return {};
  ExprId otherwise;
  if (outside && !proved) {
    const Placed placed{evaluate(*outside), outside->range};
    const auto sides =
        unify({{Element{.node = value.node, .dtype = value.dtype}, range}, placed}, false);
    if (!sides) return {};
    if ((*sides)[0].dtype != value.dtype || !(*sides)[1].dims.empty()) {
      error(Code::element_type_mismatch, outside->range, "the value outside is {}, not {}",
            describe(placed.operand), name(value.dtype));
      return {};
    }
    otherwise = settled((*sides)[1], outside->range).node;
  }
  return Element{.node = build().read(node.tensor, value.dtype, std::move(subscripts), otherwise),
                 .dtype = value.dtype,
                 .local = true};
}

std::optional<std::vector<std::pair<Subscript, SourceRange>>> Elaborator::own_subscripts(
    const ast::Index& index, const Element& value, SourceRange range) {
  std::vector<std::pair<Subscript, SourceRange>> result;
  const size_t explicit_count = index.subscripts.size();
  for (size_t i = 0; i < explicit_count; ++i) {
    const ast::Subscript& written = index.subscripts[i];
    if (written.kind == ast::Subscript::Kind::rest) {
      const IndexScope* scope = frame().indices;
      while (scope && !scope->rest) scope = scope->outer;
      if (!scope) {
        error(Code::misplaced_rest, written.range,
              "no `..` stands on the left or after the reduction");
        return std::nullopt;
      }
      for (IndexId id : *scope->rest) result.push_back({{Affine::of(id), {}}, written.range});
      continue;
    }
    if (written.kind == ast::Subscript::Kind::slice) {
      error(Code::wrong_subscript, written.range, "a slice cannot stand in index notation")
          .help("bind the slice to a name before");
      return std::nullopt;
    }
    const auto value_of = subscript(*written.value);
    if (!value_of) return std::nullopt;
    result.push_back({*value_of, written.range});
  }
  if (result.size() != value.dims.size()) {
    report_count(result.size(), value.dims, range);
    return std::nullopt;
  }
  return result;
}

void Elaborator::report_outside(const Element& base, const Subscript& subscript, size_t position,
                                SourceRange range, const ast::Index& index) {
  const std::string size = netc::to_string(base.dims[position]);
  const auto* name = index.base->as<ast::NameRef>();
  const std::string tensor = name ? fmt::format("`{}`", name->text) : "the tensor";
  if (subscript.data.valid()) {
    error(Code::subscript_unproved, range, "nothing shows that this subscript stays below {}", size)
        .label(range, "computed from data")
        .help("bound it with `clamp` or `%`, or say what stands outside: `({}[...] else 0)`",
              name ? name->text : "x");
    return;
  }
  std::string reach;
  int64_t low = subscript.affine.constant;
  int64_t high = low;
  bool constant = subscript.affine.batch == 0 && base.dims[position].is_constant();
  for (const Affine::Term& term : subscript.affine.terms) {
    const Dim extent = tensors_.extent(term.index);
    constant = constant && extent.is_constant();
    (term.coefficient > 0 ? high : low) += term.coefficient * (extent.factor - 1);
  }
  if (constant)
    reach = low == high ? fmt::format("is {}", low) : fmt::format("goes from {} to {}", low, high);
  else
    reach = "can leave it";
  auto& report = error(Code::subscript_out_of_bounds, range,
                       "this subscript {}, outside of dimension {} of {}", reach, position, tensor);
  report.label(range, "the dimension has {} elements", size);
  if (name)
    if (const Binding* binding = frame().find(name->text))
      report.note(binding->range, "`{}` is {}", name->text, to_string(base.type()));
  report.help("`({}[...] else 0)` says what stands outside", name ? name->text : "x");
}

}  // namespace netc::elaboration
