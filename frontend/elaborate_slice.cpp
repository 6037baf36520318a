// `x[...]` outside of index notation: slices, single elements of an axis, gathers, items of lists.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

Operand Elaborator::on(const ast::Index& index, const ast::Expr& expr) {
  Operand base;
  if (const auto* name = index.base->as<ast::NameRef>()) {
    if (const Binding* binding = frame().find(name->text)) base = read_binding(*binding);
  }
  if (frame().indices && !base.as<List>()) return read(index, expr.range, nullptr);
  if (!base.as<List>()) base = evaluate(*index.base);
  if (base.poisoned()) return {};
  if (const auto* list = base.as<List>()) return list_item(*list, index, expr.range);
  const auto* element = base.as<Element>();
  if (!element) {
    error(Code::wrong_subscript, index.base->range, "{} has no subscripts", describe(base));
    return {};
  }
  return slice(tensors_.define(*element, intermediate("x"), index.base->range), index, expr.range);
}

Operand Elaborator::list_item(const List& list, const ast::Index& index, SourceRange range) {
  if (index.subscripts.size() != 1 || index.subscripts[0].kind != ast::Subscript::Kind::value) {
    error(Code::subscript_count, range, "a list takes one subscript");
    return {};
  }
  const auto position = integer(*index.subscripts[0].value, "a position in a list");
  if (!position) return {};
  const auto size = static_cast<int64_t>(list.items.size());
  const int64_t place = *position < 0 ? *position + size : *position;
  if (place < 0 || place >= size) {
    error(Code::subscript_out_of_bounds, index.subscripts[0].range,
          "the list has {} items, and this asks for number {}", size, *position);
    return {};
  }
  return list.items[static_cast<size_t>(place)];
}

/// What one subscript of a slice does to its axis: a new axis of some size, or none.
struct Elaborator::SliceAxis {
  std::vector<Dim> dims;  ///< of the result
  int64_t start = 0;
  int64_t step = 1;
  bool from_end = false;  ///< start counts from the size of the batch
  std::optional<Element> gather;
};

std::optional<Elaborator::SliceAxis> Elaborator::slice_axis(const ast::Subscript& subscript,
                                                            Dim size) {
  SliceAxis axis;
  if (subscript.kind == ast::Subscript::Kind::value) {
    const Operand value = evaluate(*subscript.value);
    if (value.poisoned()) return std::nullopt;
    if (const auto* element = value.as<Element>();
        element && netc::is_integer(element->dtype) && !element->adaptive) {
      axis.gather = tensors_.define(*element, intermediate("index"), subscript.range);
      axis.dims = element->dims;
      return axis;
    }
    const auto* whole = value.as<Whole>();
    if (!whole) {
      error(Code::wrong_subscript, subscript.range,
            "a subscript is an int, a slice or an integer tensor, not {}", describe(value));
      return std::nullopt;
    }
    axis.from_end = whole->value < 0 && size.batch;
    axis.start = whole->value < 0 && !size.batch ? whole->value + size.factor : whole->value;
    // Of a batch only the first `factor` and the last ones are sure to be there.
    const bool outside =
        axis.from_end ? whole->value < -size.factor : axis.start < 0 || axis.start >= size.factor;
    if (outside) {
      error(Code::subscript_out_of_bounds, subscript.range, "{} is outside of a dimension of {}",
            whole->value, netc::to_string(size));
      return std::nullopt;
    }
    return axis;
  }
  const auto bound = [&](const ast::Expr* expr) -> std::optional<std::optional<int64_t>> {
    if (!expr) return std::optional<int64_t>{};
    const auto value = integer(*expr, "a bound of a slice");
    if (!value) return std::nullopt;
    return std::optional(*value);
  };
  const auto from = bound(subscript.value);
  const auto to = bound(subscript.to);
  const auto step = bound(subscript.step);
  if (!from || !to || !step) return std::nullopt;
  axis.step = step->value_or(1);
  if (axis.step == 0) {
    error(Code::wrong_subscript, subscript.range, "the step of a slice is 0");
    return std::nullopt;
  }
  if (size.batch) {
    if (from->has_value() || to->has_value() || (axis.step != 1 && axis.step != -1)) {
      error(Code::batch_misuse, subscript.range,
            "the batch, {}, is known only at run time: it cannot be sliced", netc::to_string(size));
      return std::nullopt;
    }
    axis.from_end = axis.step < 0;
    axis.start = axis.from_end ? -1 : 0;
    axis.dims = {size};
    return axis;
  }
  // As in NumPy: negative bounds count from the end, and bounds beyond an end stop there.
  const auto place = [&](std::optional<int64_t> value, int64_t missing, int64_t low, int64_t high) {
    if (!value) return missing;
    return std::clamp(*value < 0 ? *value + size.factor : *value, low, high);
  };
  int64_t count = 0;
  if (axis.step > 0) {
    axis.start = place(*from, 0, 0, size.factor);
    const int64_t end = place(*to, size.factor, 0, size.factor);
    count = end > axis.start ? (end - axis.start + axis.step - 1) / axis.step : 0;
  } else {
    axis.start = place(*from, size.factor - 1, -1, size.factor - 1);
    const int64_t end = place(*to, -1, -1, size.factor - 1);
    count = end < axis.start ? (axis.start - end - axis.step - 1) / -axis.step : 0;
  }
  if (count == 0) {
    error(Code::empty_tensor, subscript.range, "this slice of a dimension of {} is empty",
          size.factor);
    return std::nullopt;
  }
  axis.dims = {Dim{count, false}};
  return axis;
}

Operand Elaborator::slice(const Element& base, const ast::Index& index, SourceRange range) {
  std::vector<SliceAxis> axes;
  size_t given = 0;
  for (const ast::Subscript& subscript : index.subscripts)
    given += subscript.kind != ast::Subscript::Kind::rest;
  const auto whole_axis = [](Dim size) { return SliceAxis{.dims = {size}}; };
  for (const ast::Subscript& subscript : index.subscripts) {
    if (subscript.kind == ast::Subscript::Kind::rest) {
      for (size_t i = given; i < base.dims.size(); ++i)
        axes.push_back(whole_axis(base.dims[axes.size()]));
      continue;
    }
    if (axes.size() >= base.dims.size()) {
      report_count(given, base.dims, range);
      return {};
    }
    auto axis = slice_axis(subscript, base.dims[axes.size()]);
    if (!axis) return {};
    axes.push_back(std::move(*axis));
  }
  while (axes.size() < base.dims.size()) axes.push_back(whole_axis(base.dims[axes.size()]));

  Element result{.dtype = base.dtype, .local = base.local};
  for (const SliceAxis& axis : axes)
    result.dims.insert(result.dims.end(), axis.dims.begin(), axis.dims.end());
  const Expr node = tensors_.node(base.node);
  std::vector<Subscript> subscripts(node.subscripts.begin(),
                                    node.subscripts.end() - static_cast<int64_t>(axes.size()));
  size_t position = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const SliceAxis& axis = axes[i];
    Subscript subscript;
    if (axis.gather) {
      // The gathered tensor's axes stand where the subscript stands.
      std::map<IndexId, Affine> moved;
      const size_t rank = axis.gather->dims.size();
      for (size_t k = 0; k < rank; ++k)
        moved[Tensors::axis(k, rank)] = Affine::of(Tensors::axis(position + k, result.dims.size()));
      subscript.data = tensors_.substitute(axis.gather->node, moved);
      if (!gather_inside(*axis.gather, base.dims[i])) {
        report_outside(base, subscript, i,
                       index.subscripts[std::min(i, index.subscripts.size() - 1)].range, index);
        return {};
      }
      result.local = result.local || axis.gather->local;
    } else {
      subscript.affine.constant = axis.start;
      if (axis.from_end) subscript.affine.batch = base.dims[i].factor;
      if (!axis.dims.empty() && axis.dims[0] != Dim{1, false})
        subscript.affine.add(Affine::of(Tensors::axis(position, result.dims.size())), axis.step);
    }
    position += axis.dims.size();
    subscripts.push_back(std::move(subscript));
  }
  result.node = build().read(node.tensor, base.dtype, std::move(subscripts));
  return result;
}

bool Elaborator::gather_inside(const Element& index, Dim size) {
  const auto known = tensors_.range(index.node, index.dims);
  if (known && known->low >= 0) {
    Linear above{-known->high - 1, -known->batch};
    (size.batch ? above.batch : above.constant) += static_cast<double>(size.factor);
    if (above.never_negative()) return true;
  }
  return !size.batch && tensors_.check_input(index.node, 0, size.factor);
}

}  // namespace netc::elaboration
