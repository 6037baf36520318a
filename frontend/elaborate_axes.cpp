// Reductions of whole axes and the matrix product: index notation whose indices are axes.
#include <algorithm>
#include <set>

#include "frontend/elaborator.h"

namespace netc::elaboration {

std::optional<size_t> Elaborator::axis_number(const Placed& placed, size_t rank) {
  const auto* whole = placed.operand.as<Whole>();
  if (!whole) {
    error(Code::wrong_type, placed.range, "an axis is an int, not {}", describe(placed.operand));
    return std::nullopt;
  }
  const int64_t size = static_cast<int64_t>(rank);
  if (whole->value < -size || whole->value >= size) {
    error(Code::wrong_axis, placed.range, "there is no axis {} in {} {}", whole->value, rank,
          rank == 1 ? "dimension" : "dimensions");
    return std::nullopt;
  }
  return static_cast<size_t>(whole->value < 0 ? whole->value + size : whole->value);
}

Operand Elaborator::reduce_axes(ast::ReductionOp op, const Matched& arguments) {
  auto x = as_element(arguments[0], arguments[0].range);
  if (!x) return {};
  *x = settled(*x, arguments[0].range);
  const size_t rank = x->dims.size();
  std::set<size_t> axes;
  if (arguments.has(1)) {
    std::vector<Operand> items = {arguments[1].operand};
    if (const auto* list = arguments[1].operand.as<List>()) items = list->items;
    for (const Operand& item : items) {
      const auto axis = axis_number({item, arguments[1].range}, rank);
      if (!axis) return {};
      axes.insert(*axis);
    }
  } else if (op == ast::ReductionOp::argmax && rank > 0) {
    axes.insert(rank - 1);  // a position within a row: over several axes it says little
  } else {
    for (size_t i = 0; i < rank; ++i) axes.insert(i);
  }
  bool keep = false;
  if (arguments.has(2)) {
    const auto* truth = arguments[2].operand.as<Truth>();
    if (!truth) {
      error(Code::wrong_type, arguments[2].range, "`keep` is a bool");
      return {};
    }
    keep = truth->value;
  }
  if (x->adaptive) *x = converted(*x, frame().float_type, arguments.range);
  Element body = *x;
  body.dims.clear();
  for (size_t i = 0; i < rank; ++i)
    if (!axes.contains(i) || keep) body.dims.push_back(axes.contains(i) ? Dim{} : x->dims[i]);
  std::map<IndexId, Affine> moved;
  std::vector<IndexId> over;
  size_t position = 0;
  for (size_t i = 0; i < rank; ++i) {
    if (axes.contains(i)) {
      over.push_back(tensors_.new_variable("", x->dims[i]));
      moved[Tensors::axis(i, rank)] = Affine::of(over.back());
      position += keep;
    } else {
      moved[Tensors::axis(i, rank)] = Affine::of(Tensors::axis(position++, body.dims.size()));
    }
  }
  body.node = tensors_.substitute(body.node, moved);
  return reduce(op, std::move(body), over, arguments.range);
}

Operand Elaborator::call_sum(const Matched& a) { return reduce_axes(ast::ReductionOp::sum, a); }
Operand Elaborator::call_mean(const Matched& a) { return reduce_axes(ast::ReductionOp::mean, a); }
Operand Elaborator::call_max(const Matched& a) { return reduce_axes(ast::ReductionOp::max, a); }
Operand Elaborator::call_min(const Matched& a) { return reduce_axes(ast::ReductionOp::min, a); }
Operand Elaborator::call_prod(const Matched& a) { return reduce_axes(ast::ReductionOp::prod, a); }
Operand Elaborator::call_argmax(const Matched& a) {
  return reduce_axes(ast::ReductionOp::argmax, a);
}

Operand Elaborator::matmul(const Operation& operation) {
  const std::vector<Placed> operands = {operation.left, operation.right};
  auto elements = unify(operands, false);
  if (!elements) return {};
  for (size_t i = 0; i < 2; ++i) {
    Element& element = (*elements)[i];
    if (element.dims.empty()) {
      error(Code::rank_mismatch, operands[i].range, "`@` takes tensors with dimensions, not {}",
            describe(operands[i].operand));
      return {};
    }
    if (element.dtype == DType::boolean) {
      error(Code::element_type_mismatch, operands[i].range, "`@` of bools");
      return {};
    }
    element = settled(element, operands[i].range);
    if (!element.local && tensors_.costly(element.node))
      element =
          tensors_.define(element, intermediate(i == 0 ? "left" : "right"), operands[i].range);
  }
  const Element& x = (*elements)[0];
  const Element& w = (*elements)[1];
  const Dim inner = x.dims.back();
  const Dim other = w.dims.size() > 1 ? w.dims[w.dims.size() - 2] : w.dims.back();
  if (inner != other) {
    auto& report = error(Code::inner_size_mismatch, operation.range,
                         "the inner sizes of `@` differ: {} and {}", netc::to_string(inner),
                         netc::to_string(other));
    report.label(operation.left.range, "{} columns", netc::to_string(inner));
    report.label(operation.right.range, "{} rows", netc::to_string(other));
    note_origin(report, operation.left);
    note_origin(report, operation.right);
    return {};
  }
  const std::vector<Dim> x_lead(x.dims.begin(), x.dims.end() - (x.dims.size() > 1 ? 2 : 1));
  const std::vector<Dim> w_lead(w.dims.begin(), w.dims.end() - (w.dims.size() > 1 ? 2 : 1));
  const auto lead = broadcast(x_lead, w_lead);
  if (!lead) {
    error(Code::broadcast_mismatch, operation.range,
          "the leading dimensions {} and {} of `@` do not broadcast", to_string(x_lead),
          to_string(w_lead))
        .label(operation.left.range, "{}", to_string(x.type()))
        .label(operation.right.range, "{}", to_string(w.type()));
    return {};
  }
  Element body{.dtype = x.dtype, .dims = *lead, .local = x.local || w.local};
  const bool rows = x.dims.size() > 1;
  const bool columns = w.dims.size() > 1;
  if (rows) body.dims.push_back(x.dims[x.dims.size() - 2]);
  if (columns) body.dims.push_back(w.dims.back());
  // Axes are counted from the last: the inner one goes, those before it move up.
  const IndexId over = tensors_.new_variable("", inner);
  std::map<IndexId, Affine> x_axes = {{IndexId{0}, Affine::of(over)}};
  std::map<IndexId, Affine> w_axes;
  for (uint32_t k = 1; k < x.dims.size(); ++k)
    x_axes[IndexId{k}] = Affine::of(IndexId{columns ? k : k - 1});
  w_axes[IndexId{columns ? 1u : 0u}] = Affine::of(over);
  for (uint32_t k = 2; k < w.dims.size(); ++k)
    w_axes[IndexId{k}] = Affine::of(IndexId{rows ? k : k - 1});
  body.node = build().mul(tensors_.substitute(x.node, x_axes), tensors_.substitute(w.node, w_axes));
  return reduce(ast::ReductionOp::sum, std::move(body), {over}, operation.range);
}

void Elaborator::note_origin(Diagnostic& report, const Placed& placed) {
  const auto* element = placed.operand.as<Element>();
  if (!element || element->reduction) return;
  const Expr& node = tensors_.node(element->node);
  if (node.kind != ExprKind::read) return;
  const Value& value = graph()[node.tensor];
  if (value.range.valid() && !(value.range == placed.range))
    report.note(value.range, "this is {}", to_string(element->type()));
}

}  // namespace netc::elaboration
