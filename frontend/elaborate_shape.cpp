// Functions that arrange elements: reshape, transpose, concat, split, pad and constant tensors.
// Most of them are one read with other subscripts.
#include <algorithm>
#include <limits>
#include <set>

#include "frontend/elaborator.h"

namespace netc::elaboration {

std::optional<Element> Elaborator::tensor_argument(const Matched& arguments, size_t slot) {
  auto element = as_element(arguments[slot], arguments[slot].range);
  if (!element) return std::nullopt;
  return settled(*element, arguments[slot].range);
}

std::optional<ValueId> Elaborator::value_argument(const Placed& placed, std::string_view callee) {
  const auto element = as_element(placed, placed.range);
  if (!element) return std::nullopt;
  if (!check_size(element->type(), placed.range)) return std::nullopt;
  const auto value = tensors_.whole(tensors_.define(*element, intermediate("x"), placed.range));
  if (!value)
    error(Code::whole_tensor_function, placed.range,
          "`{}` works on whole tensors: it cannot depend on an index", callee);
  return value;
}

std::optional<std::vector<Dim>> Elaborator::shape_argument(const Placed& placed, bool one_open) {
  const auto* list = placed.operand.as<List>();
  if (!list) {
    error(Code::wrong_type, placed.range, "a shape is a list of dimensions, not {}",
          describe(placed.operand));
    return std::nullopt;
  }
  std::vector<Dim> dims;
  bool open = false;
  for (const Operand& item : list->items) {
    if (const auto* size = item.as<Size>()) {
      dims.push_back({size->factor, true});
      continue;
    }
    const auto* whole = item.as<Whole>();
    const bool is_open = whole && whole->value == -1 && one_open && !open;
    if (whole && whole->value == -1 && open) {
      error(Code::reshape_mismatch, placed.range, "only one size may be -1");
      return std::nullopt;
    }
    if (!whole || (whole->value < 1 && !is_open)) {
      error(whole ? Code::empty_tensor : Code::wrong_type, placed.range,
            "a dimension is a positive int, not {}", display(item));
      return std::nullopt;
    }
    open = open || is_open;
    dims.push_back({whole->value, false});
  }
  return dims;
}

Operand Elaborator::call_reshape(const Matched& arguments) {
  const auto dims = shape_argument(arguments[1], true);
  if (!dims) return {};
  return reshaped(arguments, *dims);
}

Operand Elaborator::call_flatten(const Matched& arguments) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  if (x->dims.empty()) {
    error(Code::rank_mismatch, arguments[0].range, "`flatten` needs at least one dimension");
    return {};
  }
  return reshaped(arguments, {x->dims.front(), Dim{-1, false}});
}

Operand Elaborator::reshaped(const Matched& arguments, std::vector<Dim> dims) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  struct Count {
    double elements = 1;
    int batches = 0;
    void add(Dim dim) {
      elements *= static_cast<double>(dim.factor);
      batches += dim.batch;
    }
    bool operator==(const Count&) const = default;
  };
  Count have;
  Count want;
  Dim* open = nullptr;
  for (const Dim& dim : x->dims) have.add(dim);
  for (Dim& dim : dims) {
    if (dim.factor == -1 && !dim.batch) {
      open = &dim;
    } else {
      want.add(dim);
    }
  }
  const std::string wanted = to_string(dims);
  if (open) {
    const int batches = have.batches - want.batches;
    const double size = have.elements / want.elements;
    if (batches == 0 || batches == 1) {
      *open = Dim{static_cast<int64_t>(size), batches == 1};
      want.add(*open);
    }
  }
  if (!(have == want)) {
    auto& report =
        error(Code::reshape_mismatch, arguments.range,
              "{} cannot become {}: the numbers of elements differ", to_string(x->type()), wanted);
    report.label(arguments[0].range, "{}", to_string(x->type()));
    note_origin(report, arguments[0]);
    return {};
  }
  if (dims == x->dims) return *x;
  if (!check_size({x->dtype, dims}, arguments.range)) return {};
  const std::string name = naming_.name.empty() ? intermediate(arguments.name) : naming_.name;
  const auto value = value_argument({*x, arguments[0].range}, arguments.name);
  if (!value) return {};
  return tensors_.reshape(*value, std::move(dims), name, arguments.range);
}

Operand Elaborator::permuted(const Element& x, const std::vector<size_t>& order) {
  Element result = x;
  std::map<IndexId, Affine> moved;
  for (size_t i = 0; i < order.size(); ++i) {
    result.dims[i] = x.dims[order[i]];
    moved[Tensors::axis(order[i], order.size())] = Affine::of(Tensors::axis(i, order.size()));
  }
  result.node = tensors_.substitute(x.node, moved);
  return result;
}

Operand Elaborator::call_transpose(const Matched& arguments) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  if (x->dims.size() < 2) {
    error(Code::rank_mismatch, arguments[0].range,
          "`transpose` swaps the last two dimensions, and this is {}", to_string(x->type()));
    return {};
  }
  std::vector<size_t> order(x->dims.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return permuted(*x, order);
}

Operand Elaborator::call_permute(const Matched& arguments) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  const auto* list = arguments[1].operand.as<List>();
  std::vector<size_t> order;
  std::set<size_t> seen;
  for (const Operand& item : list ? list->items : std::vector<Operand>{}) {
    const auto axis = axis_number({item, arguments[1].range}, x->dims.size());
    if (!axis) return {};
    order.push_back(*axis);
    seen.insert(*axis);
  }
  if (!list || order.size() != x->dims.size() || seen.size() != order.size()) {
    error(Code::wrong_axis, arguments[1].range, "`permute` takes each of the {} axes once",
          x->dims.size());
    return {};
  }
  return permuted(*x, order);
}

std::optional<std::vector<Placed>> Elaborator::tensor_list(const Matched& arguments) {
  const auto* list = arguments[0].operand.as<List>();
  if (!list || list->items.empty()) {
    error(Code::wrong_type, arguments[0].range, "`{}` takes a list of tensors, not {}",
          arguments.name, describe(arguments[0].operand));
    return std::nullopt;
  }
  std::vector<Placed> placed;
  for (const Operand& item : list->items) placed.push_back({item, arguments[0].range});
  const auto elements = unify(placed, false);
  if (!elements) return std::nullopt;
  for (size_t i = 0; i < placed.size(); ++i) placed[i].operand = (*elements)[i];
  return placed;
}

Operand Elaborator::join(const std::vector<Placed>& parts, size_t axis, const Matched& arguments) {
  TensorType type;
  std::vector<ValueId> values;
  for (const Placed& part : parts) {
    const Element& element = *part.operand.as<Element>();
    if (values.empty()) {
      type = element.type();
    } else {
      std::vector<Dim> expected = type.dims;
      std::vector<Dim> found = element.dims;
      if (found.size() == expected.size()) expected[axis] = found[axis];
      if (found != expected) {
        error(Code::shape_mismatch, arguments.range,
              "`{}` along axis {} of {} and {}: the other sizes differ", arguments.name, axis,
              to_string(TensorType{type.dtype, type.dims}), to_string(element.type()));
        return {};
      }
      Dim& total = type.dims[axis];
      if (total.batch != found[axis].batch) {
        error(Code::batch_misuse, arguments.range, "`{}` cannot put {} and {} into one dimension",
              arguments.name, netc::to_string(total), netc::to_string(found[axis]));
        return {};
      }
      total.factor += found[axis].factor;
    }
    const auto value = value_argument(part, arguments.name);
    if (!value) return {};
    values.push_back(*value);
  }
  if (values.size() == 1) return tensors_.of(values.front());
  if (!check_size(type, arguments.range)) return {};
  const std::string name = naming_.name.empty() ? intermediate(arguments.name) : naming_.name;
  return tensors_.concat(values, static_cast<uint32_t>(axis), type, name, arguments.range);
}

Operand Elaborator::call_concat(const Matched& arguments) {
  const auto parts = tensor_list(arguments);
  if (!parts) return {};
  const size_t rank = parts->front().operand.as<Element>()->dims.size();
  const auto axis = axis_number(arguments.value_or(1, Whole{-1, {}}), rank);
  if (!axis) return {};
  return join(*parts, *axis, arguments);
}

Operand Elaborator::call_stack(const Matched& arguments) {
  auto parts = tensor_list(arguments);
  if (!parts) return {};
  const size_t rank = parts->front().operand.as<Element>()->dims.size() + 1;
  const auto axis = axis_number(arguments.value_or(1, Whole{-1, {}}), rank);
  if (!axis) return {};
  for (Placed& part : *parts) {
    const Element& element = *part.operand.as<Element>();
    std::vector<Dim> dims = element.dims;
    dims.insert(dims.begin() + static_cast<int64_t>(std::min(*axis, dims.size())), Dim{});
    const auto value = value_argument(part, arguments.name);
    if (!value) return {};
    part.operand = tensors_.reshape(*value, std::move(dims), intermediate("part"), part.range);
  }
  return join(*parts, *axis, arguments);
}

Operand Elaborator::call_split(const Matched& arguments) {
  auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  const auto axis = axis_number(arguments.value_or(2, Whole{-1, {}}), x->dims.size());
  if (!axis) return {};
  const auto* parts = arguments[1].operand.as<Whole>();
  const Dim size = x->dims[*axis];
  if (!parts || parts->value < 1 || size.batch || size.factor % parts->value != 0) {
    error(Code::split_mismatch, arguments[1].range, "{} cannot be split into {} equal parts",
          netc::to_string(size), display(arguments[1].operand));
    return {};
  }
  if (tensors_.costly(x->node)) *x = tensors_.define(*x, intermediate("x"), arguments[0].range);
  Tuple result;
  const int64_t each = size.factor / parts->value;
  const IndexId index = Tensors::axis(*axis, x->dims.size());
  for (int64_t i = 0; i < parts->value; ++i) {
    Element part = *x;
    part.dims[*axis] = Dim{each, false};
    Affine place = Affine::of_constant(i * each);
    if (each > 1) place.add(Affine::of(index));
    part.node = tensors_.substitute(x->node, {{index, place}});
    result.items.push_back(std::move(part));
  }
  return result;
}

Operand Elaborator::call_reverse(const Matched& arguments) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  const auto axis = axis_number(arguments.value_or(1, Whole{-1, {}}), x->dims.size());
  if (!axis) return {};
  const Dim size = x->dims[*axis];
  const IndexId index = Tensors::axis(*axis, x->dims.size());
  Affine place = Affine::of(index, -1);
  place.constant = -1;
  (size.batch ? place.batch : place.constant) += size.factor;
  Element result = *x;
  result.node = tensors_.substitute(x->node, {{index, place}});
  return result;
}

Operand Elaborator::call_pad(const Matched& arguments) {
  auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  const auto* widths = arguments[1].operand.as<List>();
  if (!widths || widths->items.size() != x->dims.size()) {
    error(Code::wrong_type, arguments[1].range,
          "`pad` takes a pair [before, after] for each of the {} dimensions", x->dims.size());
    return {};
  }
  *x = tensors_.define(*x, intermediate("x"), arguments[0].range);
  Element result = *x;
  const Expr node = tensors_.node(x->node);
  std::vector<Subscript> subscripts = node.subscripts;
  const size_t own = subscripts.size() - x->dims.size();
  bool any = false;
  for (size_t i = 0; i < x->dims.size(); ++i) {
    const auto* pair = widths->items[i].as<List>();
    const auto* before = pair && pair->items.size() == 2 ? pair->items[0].as<Whole>() : nullptr;
    const auto* after = before ? pair->items[1].as<Whole>() : nullptr;
    if (!after || before->value < 0 || after->value < 0) {
      error(Code::wrong_type, arguments[1].range,
            "the widths of dimension {} are no pair of ints from 0 up", i);
      return {};
    }
    if (before->value == 0 && after->value == 0) continue;
    if (x->dims[i].batch) {
      error(Code::batch_misuse, arguments[1].range, "the batch cannot be padded");
      return {};
    }
    any = true;
    int64_t& size = result.dims[i].factor;
    if (__builtin_add_overflow(size, before->value, &size) ||
        __builtin_add_overflow(size, after->value, &size))
      size = std::numeric_limits<int64_t>::max();
    subscripts[own + i].affine = Affine::of(Tensors::axis(i, x->dims.size()));
    subscripts[own + i].affine.constant = -before->value;
  }
  if (!any) return *x;
  if (!check_size(result.type(), arguments.range)) return {};
  const Placed value = arguments.value_or(2, Whole{0, {}});
  const auto sides = unify({{*x, arguments[0].range}, value}, false);
  if (!sides) return {};
  if ((*sides)[0].dtype != x->dtype || !(*sides)[1].dims.empty()) {
    error(Code::wrong_type, value.range, "the value of a padding is a number");
    return {};
  }
  result.node = build().read(node.tensor, x->dtype, std::move(subscripts), (*sides)[1].node);
  return result;
}

Operand Elaborator::filled(const Placed& shape, const Placed& value) {
  const auto dims = shape_argument(shape, false);
  if (!dims) return {};
  auto element = as_element(value, value.range);
  if (!element) return {};
  if (!element->dims.empty()) {
    error(Code::rank_mismatch, value.range, "a tensor is filled with a scalar, not {}",
          to_string(element->type()));
    return {};
  }
  *element = settled(*element, value.range);
  element->dims = *dims;
  if (!check_size(element->type(), shape.range)) return {};
  return *element;
}

Operand Elaborator::call_zeros(const Matched& arguments) {
  return filled(arguments[0], {Whole{0, {}}, arguments.range});
}
Operand Elaborator::call_ones(const Matched& arguments) {
  return filled(arguments[0], {Whole{1, {}}, arguments.range});
}
Operand Elaborator::call_fill(const Matched& arguments) {
  return filled(arguments[0], arguments[1]);
}

Operand Elaborator::call_one_hot(const Matched& arguments) {
  const auto x = tensor_argument(arguments, 0);
  if (!x) return {};
  const auto* classes = arguments[1].operand.as<Whole>();
  if (!netc::is_integer(x->dtype) || !classes || classes->value < 1) {
    error(Code::wrong_argument, arguments.range,
          "`one_hot` takes an integer tensor and a positive int, not {} and {}",
          describe(arguments[0].operand), describe(arguments[1].operand));
    return {};
  }
  Element result{.dtype = frame().float_type, .dims = x->dims, .local = x->local};
  result.dims.push_back(Dim{classes->value, false});
  std::map<IndexId, Affine> moved;
  for (uint32_t k = 0; k < x->dims.size(); ++k) moved[IndexId{k}] = Affine::of(IndexId{k + 1});
  const ExprId own = build().convert(tensors_.substitute(x->node, moved), DType::i64);
  const ExprId position =
      classes->value == 1 ? build().integer(0, DType::i64) : build().index(IndexId{0});
  result.node = build().select(build().apply(netc::Function::equal, {position, own}),
                               build().number(1, result.dtype), build().number(0, result.dtype));
  return result;
}

Operand Elaborator::call_iota(const Matched& arguments) {
  const auto dims = shape_argument({List{{arguments[0].operand}}, arguments[0].range}, false);
  if (!dims) return {};
  return Element{.node = build().index(IndexId{0}), .dtype = DType::i64, .dims = *dims};
}

}  // namespace netc::elaboration
