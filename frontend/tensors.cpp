// Elements and definitions: reading values, copying expressions out of the scratch DAG.
#include "frontend/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace netc::elaboration {

namespace {

/// An index name that is not in use yet: the wanted one, or with a number.
std::string free_name(const std::string& wanted, const std::vector<Index>& taken) {
  const auto is_taken = [&](const std::string& name) {
    return std::any_of(taken.begin(), taken.end(),
                       [&](const Index& index) { return index.name == name; });
  };
  std::string name = wanted;
  for (int i = 2; is_taken(name); ++i) name = fmt::format("{}{}", wanted, i);
  return name;
}

/// A name for an axis that the program does not name.
std::string axis_name(Dim dim, const std::vector<Index>& taken,
                      const std::set<std::string>& reserved) {
  constexpr std::array<const char*, 17> letters = {"i", "j", "k", "l", "m", "o", "p", "q", "r",
                                                   "s", "t", "u", "v", "w", "x", "y", "z"};
  if (dim.batch && free_name("n", taken) == "n" && !reserved.contains("n")) return "n";
  for (const char* letter : letters)
    if (free_name(letter, taken) == letter && !reserved.contains(letter)) return letter;
  return free_name("i", taken);
}

}  // namespace

Element Tensors::of(ValueId value) {
  const TensorType& type = (*graph_)[value].type;
  std::vector<Subscript> subscripts;
  for (IndexId id : leading(value)) subscripts.push_back({Affine::of(id), {}});
  const std::vector<Dim> dims(type.dims.begin() + static_cast<long>(subscripts.size()),
                              type.dims.end());
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool single = dims[i] == Dim{1, false};
    subscripts.push_back({single ? Affine{} : Affine::of(axis(i, dims.size())), {}});
  }
  return {.node = build_.read(value, type.dtype, std::move(subscripts)),
          .dtype = type.dtype,
          .dims = dims};
}

std::optional<ValueId> Tensors::whole(const Element& element) {
  if (element.reduction) return std::nullopt;
  const Expr& expr = scratch_[element.node];
  if (expr.kind != ExprKind::read || expr.otherwise.valid()) return std::nullopt;
  const ValueId value = expr.tensor;
  if (expr.subscripts.size() != leading(value).size() + element.dims.size()) return std::nullopt;
  const Element own = of(value);
  return own.node == element.node && own.dims == element.dims ? std::optional(value) : std::nullopt;
}

IndexId Tensors::new_variable(std::string name, Dim extent) {
  variables_.push_back({std::move(name), extent});
  return IndexId{first_variable + static_cast<uint32_t>(variables_.size()) - 1};
}

std::vector<ExprId> Tensors::nodes_below(ExprId root) const {
  // A stack, not recursion: chains may be as long as a program is. Operands have smaller ids, so
  // sorting puts them before their users.
  std::set<ExprId> seen;
  std::vector<ExprId> stack;
  const auto visit = [&](ExprId id) {
    if (id.valid() && seen.insert(id).second) stack.push_back(id);
  };
  visit(root);
  while (!stack.empty()) {
    const Expr& expr = scratch_[stack.back()];
    stack.pop_back();
    for (ExprId arg : expr.args) visit(arg);
    for (const Subscript& subscript : expr.subscripts) visit(subscript.data);
    visit(expr.otherwise);
  }
  return {seen.begin(), seen.end()};
}

std::vector<IndexId> Tensors::variables(ExprId root) const {
  std::set<IndexId> found;
  for (ExprId id : nodes_below(root)) {
    const Expr& expr = scratch_[id];
    if (expr.kind == ExprKind::index) found.insert(expr.index);
    for (const Subscript& subscript : expr.subscripts)
      for (const Affine::Term& term : subscript.affine.terms) found.insert(term.index);
  }
  std::vector<IndexId> result;
  for (IndexId id : found)
    if (id.index >= first_variable && !is_scan_index(id)) result.push_back(id);
  return result;
}

ExprId Tensors::copy(ExprId root, const std::map<IndexId, Affine>& by, ExprBuilder& to) {
  const auto position = [&](IndexId index) {
    const auto found = by.find(index);
    return found == by.end() ? Affine::of(index) : found->second;
  };
  return copy_expr(scratch_, nodes_below(root),
                   [&](Expr expr) { return to.reindexed(std::move(expr), position); });
}

ExprId Tensors::substitute(ExprId root, const std::map<IndexId, Affine>& by) {
  return copy(root, by, build_);
}

ValueId Tensors::define_over(const std::vector<IndexId>& indices, const Element& element,
                             const std::string& name, SourceRange range) {
  return define_at(scan_depth(element), indices, element, name, range);
}

ValueId Tensors::define_at(size_t depth, const std::vector<IndexId>& indices,
                           const Element& element, const std::string& name, SourceRange range) {
  Definition definition = definition_at(depth, indices, element);
  const TensorType type = natural_type(definition);
  const ValueId value = add_op(std::move(definition), type, depth, name, range);
  learn(value, element);
  return value;
}

Definition Tensors::definition_at(size_t depth, const std::vector<IndexId>& indices,
                                  const Element& element) {
  std::vector<IndexId> free;
  for (size_t i = 0; i < depth; ++i) free.push_back(scans_[i].index);
  free.insert(free.end(), indices.begin(), indices.end());
  Definition definition;
  std::map<IndexId, Affine> positions;
  std::set<std::string> reserved;  // names that the program gives
  const auto reserve = [&](const std::vector<IndexId>& ids) {
    for (IndexId id : ids)
      if (id.index >= first_variable) reserved.insert(variables_[id.index - first_variable].name);
  };
  reserve(free);
  if (element.reduction) reserve(element.reduction->reduced);
  const auto add_index = [&](IndexId id) {
    const bool variable = id.index >= first_variable;
    const Dim dim = variable ? extent(id) : element.dims[element.dims.size() - 1 - id.index];
    std::string wanted = variable ? variables_[id.index - first_variable].name : "";
    if (wanted.empty()) wanted = axis_name(dim, definition.indices, reserved);
    const IndexId position{static_cast<uint32_t>(definition.indices.size())};
    positions[id] = Affine::of(position);
    definition.indices.push_back({free_name(wanted, definition.indices), dim});
    return position;
  };
  for (IndexId id : free) definition.target.push_back({Affine::of(add_index(id)), {}});
  definition.free_count = static_cast<uint32_t>(free.size());

  ExprBuilder to(definition.dag);
  if (const PendingReduction* reduction = element.reduction.get()) {
    definition.reduction = reduction->kind;
    for (IndexId id : reduction->reduced) add_index(id);
    if (reduction->base.valid()) definition.base = copy(reduction->base, positions, to);
    definition.body = copy(reduction->body, positions, to);
  } else {
    definition.body = copy(element.node, positions, to);
  }
  return definition;
}

Element Tensors::define(const Element& element, const std::string& name, SourceRange range) {
  if (whole(element)) return element;
  std::vector<IndexId> free;
  std::vector<Subscript> subscripts;
  for (size_t i = 0; i < scan_depth(element); ++i)
    subscripts.push_back({Affine::of(scans_[i].index), {}});
  if (element.local) {
    const ExprId body = element.reduction ? element.reduction->body : element.node;
    std::set<IndexId> used;
    for (IndexId id : variables(body)) used.insert(id);
    if (element.reduction) {
      if (element.reduction->base.valid())
        for (IndexId id : variables(element.reduction->base)) used.insert(id);
      for (IndexId id : element.reduction->reduced) used.erase(id);
    }
    for (IndexId id : used) {
      free.push_back(id);
      subscripts.push_back({Affine::of(id), {}});
    }
  }
  for (size_t i = 0; i < element.dims.size(); ++i) {
    free.push_back(axis(i, element.dims.size()));
    subscripts.push_back({Affine::of(free.back()), {}});
  }
  const ValueId value = define_over(free, element, name, range);
  if (!element.local) {
    Element result = of(value);
    result.adaptive = element.adaptive;
    return result;
  }
  const DType dtype = (*graph_)[value].type.dtype;
  return {.node = build_.read(value, dtype, std::move(subscripts)),
          .dtype = dtype,
          .dims = element.dims,
          .local = true};
}

Element Tensors::reshape(ValueId value, std::vector<Dim> dims, const std::string& name,
                         SourceRange range) {
  const DType dtype = (*graph_)[value].type.dtype;
  const size_t depth = leading(value).size();
  const ValueId result =
      add_op(Reshape{value}, TensorType{dtype, stacked_dims(depth, dims)}, depth, name, range);
  if (const auto known = ranges_.find(value); known != ranges_.end())
    ranges_[result] = known->second;
  if (const auto input = input_of(of(value).node)) inputs_[result] = *input;
  return of(result);
}

Element Tensors::concat(const std::vector<ValueId>& values, uint32_t axis, TensorType type,
                        const std::string& name, SourceRange range) {
  std::optional<ValueRange> known;
  for (size_t i = 0; i < values.size(); ++i) {
    const Element part = of(values[i]);
    const auto found = this->range(part.node, part.dims);
    known = i == 0 ? found : joined(known, found);
  }
  size_t depth = 0;
  for (ValueId value : values) depth = std::max(depth, leading(value).size());
  Concat concat{{}, axis + static_cast<uint32_t>(depth)};
  for (ValueId value : values) concat.operands.push_back(with_depth(value, depth));
  type.dims = stacked_dims(depth, type.dims);
  const ValueId result = add_op(std::move(concat), std::move(type), depth, name, range);
  if (known) ranges_[result] = *known;
  return of(result);
}

bool Tensors::costly(ExprId root) const {
  const std::vector<ExprId> nodes = nodes_below(root);
  const bool reads = std::any_of(nodes.begin(), nodes.end(),
                                 [&](ExprId id) { return scratch_[id].kind == ExprKind::read; });
  return reads && std::any_of(nodes.begin(), nodes.end(),
                              [&](ExprId id) { return scratch_[id].kind == ExprKind::apply; });
}

void Tensors::rename(ValueId value, const std::string& name) {
  if ((*graph_)[value].name == name) return;
  graph_->rename(value, name);
}

}  // namespace netc::elaboration
