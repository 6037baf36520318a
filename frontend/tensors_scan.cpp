// Scans: which values are stacked along which steps, and what is carried from one to the next.
#include <algorithm>
#include <set>

#include "frontend/tensors.h"
#include "ir/scan_partition.h"
#include "ir/support/check.h"

namespace netc::elaboration {

std::vector<IndexId> Tensors::scan_indices() const {
  std::vector<IndexId> indices;
  for (const OpenScan& scan : scans_) indices.push_back(scan.index);
  return indices;
}

bool Tensors::is_scan_index(IndexId id) const {
  return std::any_of(scans_.begin(), scans_.end(),
                     [&](const OpenScan& scan) { return scan.index == id; });
}

std::vector<IndexId> Tensors::leading(ValueId value) const {
  const auto found = leading_.find(value);
  return found == leading_.end() ? std::vector<IndexId>{} : found->second;
}

std::vector<Dim> Tensors::stacked_dims(size_t depth, const std::vector<Dim>& dims) const {
  std::vector<Dim> all;
  for (size_t i = 0; i < depth; ++i) all.push_back(extent(scans_[i].index));
  all.insert(all.end(), dims.begin(), dims.end());
  return all;
}

size_t Tensors::scan_depth(ExprId root) const {
  if (scans_.empty()) return 0;
  size_t depth = 0;
  const auto depend = [&](IndexId id) {
    for (size_t i = depth; i < scans_.size(); ++i)
      if (scans_[i].index == id) depth = i + 1;
  };
  for (ExprId id : nodes_below(root)) {
    const Expr& expr = scratch_[id];
    if (expr.kind == ExprKind::index) depend(expr.index);
    for (const Subscript& subscript : expr.subscripts)
      for (const Affine::Term& term : subscript.affine.terms) depend(term.index);
  }
  return depth;
}

size_t Tensors::scan_depth(const Element& element) const {
  if (!element.reduction) return scan_depth(element.node);
  const size_t body = scan_depth(element.reduction->body);
  return element.reduction->base.valid() ? std::max(body, scan_depth(element.reduction->base))
                                         : body;
}

ValueId Tensors::add_op(decltype(Op::what) what, TensorType type, size_t depth,
                        const std::string& name, SourceRange range) {
  const ValueId value = graph_->add_op(std::move(what), std::move(type), name, range);
  if (depth == 0) return value;
  (*graph_)[(*graph_)[value].producer].scan = scans_[depth - 1].scan;
  std::vector<IndexId> indices = scan_indices();
  indices.resize(depth);
  leading_[value] = std::move(indices);
  return value;
}

ValueId Tensors::with_depth(ValueId value, size_t depth) {
  if (leading(value).size() == depth) return value;
  const Element element = of(value);
  std::vector<IndexId> axes;
  for (size_t i = 0; i < element.dims.size(); ++i) axes.push_back(axis(i, element.dims.size()));
  return define_at(depth, axes, element, (*graph_)[value].name, (*graph_)[value].range);
}

IndexId Tensors::enter_scan(std::string name, int64_t extent) {
  const IndexId index = new_variable(name, {extent, false});
  const ScanId scan{static_cast<uint32_t>(graph_->scans.size())};
  const ScanId outer = scans_.empty() ? ScanId{} : scans_.back().scan;
  graph_->scans.push_back({.index = {std::move(name), {extent, false}}, .outer = outer});
  scans_.push_back({index, scan, graph_->ops.size()});
  return index;
}

Element Tensors::promise(TensorType type, size_t depth, const std::string& name,
                         SourceRange range) {
  type.dims = stacked_dims(depth, type.dims);
  const ValueId value = graph_->add_value(
      {.name = graph_->unique_name(name), .type = std::move(type), .range = range});
  std::vector<IndexId> indices = scan_indices();
  indices.resize(depth);
  leading_[value] = std::move(indices);
  return of(value);
}

void Tensors::fulfil(const Element& promised, ValueId value, const Element& initial,
                     SourceRange range) {
  const size_t depth = scans_.size();
  const ValueId result = scratch_[promised.node].tensor;
  std::vector<Subscript> before = scratch_[of(value).node].subscripts;
  before[depth - 1].affine.constant = -1;
  Element previous = promised;
  previous.node = build_.read(value, promised.dtype, std::move(before), initial.node);
  std::vector<IndexId> axes;
  for (size_t i = 0; i < promised.dims.size(); ++i) axes.push_back(axis(i, promised.dims.size()));
  Op op{.what = definition_at(depth, axes, previous),
        .results = {result},
        .range = range,
        .scan = scans_.back().scan};
  graph_->ops.insert(graph_->ops.begin() + static_cast<long>(scans_.back().first_op),
                     std::move(op));
}

ValueId Tensors::stacked(const Element& element, const std::string& name, SourceRange range) {
  const Element defined = define(element, name, range);
  return with_depth(*whole(defined), scans_.size());
}

bool Tensors::runs_in_steps(ExprId root) const {
  if (scans_.empty()) return false;
  std::set<ValueId> carried;  // and what depends on it, in the order of the operations
  const auto reads_carried = [&](const ExprDag& dag, std::span<const ExprId> nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [&](ExprId node) {
      const Expr& expr = dag[node];
      if (expr.kind != ExprKind::read) return false;
      const Value& value = (*graph_)[expr.tensor];
      const bool promised = value.kind == ValueKind::result && !value.producer.valid();
      return promised || carried.contains(expr.tensor);
    });
  };
  for (size_t i = scans_.front().first_op; i < graph_->ops.size(); ++i) {
    const Op& op = graph_->ops[i];
    bool depends = false;
    if (const auto* definition = std::get_if<Definition>(&op.what))
      depends = reads_carried(definition->dag, reachable(*definition));
    else
      for (const ValueId operand : operands(op)) depends |= carried.contains(operand);
    if (depends) carried.insert(op.results.begin(), op.results.end());
  }
  return reads_carried(scratch_, nodes_below(root));
}

std::optional<Element> Tensors::gradient(ValueId of, ValueId by, const std::string& name,
                                         SourceRange range) {
  const size_t depth = leading(by).size();
  if (leading(of).size() > depth) return std::nullopt;
  const TensorType type = (*graph_)[by].type;
  Gradient gradient{with_depth(of, depth), {by}, static_cast<uint32_t>(depth)};
  return this->of(add_op(std::move(gradient), type, depth, name, range));
}

void Tensors::leave_scan() {
  partition_scan(*graph_, scans_.back().scan);
  scans_.pop_back();
}

Element Tensors::steps(ValueId value, size_t position) {
  const TensorType& type = (*graph_)[value].type;
  const size_t depth = leading(value).size() - 1;
  const size_t rank = type.rank() - depth;
  position = std::min(position, rank - 1);
  Element element{.dtype = type.dtype};
  std::vector<Subscript> subscripts;
  for (size_t i = 0; i < depth; ++i) subscripts.push_back({Affine::of(leading_[value][i]), {}});
  subscripts.push_back({Affine::of(axis(position, rank)), {}});
  for (size_t i = 0; i + 1 < rank; ++i) {
    if (i == position) element.dims.push_back(type.dims[depth]);
    const size_t place = i < position ? i : i + 1;
    subscripts.push_back({Affine::of(axis(place, rank)), {}});
    element.dims.push_back(type.dims[depth + 1 + i]);
  }
  if (position + 1 == rank) element.dims.push_back(type.dims[depth]);
  element.node = build_.read(value, type.dtype, std::move(subscripts));
  return element;
}

Element Tensors::step(ValueId value, int64_t step) {
  Element element = of(value);
  const IndexId index = leading_[value].back();
  element.node = substitute(element.node, {{index, Affine::of_constant(step)}});
  return element;
}

}  // namespace netc::elaboration
