// Each node's key is made of what it is and the numbers of its operands, so that equal expressions
// of different definitions get one number without being compared as trees.
#include "passes/simplify_numbering.h"

#include <algorithm>
#include <bit>

namespace netc {

namespace {

using Key = std::vector<int64_t>;

/// The number of an index: its own, or its place in the order of first appearance.
int64_t number_of(IndexId index, IndexOrder* order) {
  if (order == nullptr) return index.index;
  const auto place = std::find(order->begin(), order->end(), index);
  const int64_t number = place - order->begin();
  if (place == order->end()) order->push_back(index);
  return number;
}

void append(Key& key, const Affine& affine, IndexOrder* order = nullptr) {
  key.insert(key.end(), {affine.constant, affine.batch, static_cast<int64_t>(affine.terms.size())});
  for (const Affine::Term& term : affine.terms)
    key.insert(key.end(), {number_of(term.index, order), term.coefficient});
}

void append(Key& key, Dim dim) { key.insert(key.end(), {dim.factor, dim.batch}); }

void append(Key& key, const TensorType& type) {
  key.push_back(static_cast<int64_t>(type.dtype));
  for (const Dim dim : type.dims) append(key, dim);
}

}  // namespace

int64_t ValueNumbering::number_of(const ExprDag& dag, ExprId root, IndexOrder* order) {
  if (!root.valid()) return -1;
  std::vector<int64_t> numbers(dag.size(), -1);
  const auto number = [&](ExprId node) { return node.valid() ? numbers[node.index] : -1; };
  for (const ExprId node : reachable(dag, root)) {
    const Expr& e = dag[node];
    Key key = {static_cast<int64_t>(e.kind), static_cast<int64_t>(e.type), e.integer,
               std::bit_cast<int64_t>(e.number)};
    if (e.kind == ExprKind::index) key.push_back(netc::number_of(e.index, order));
    if (e.kind == ExprKind::apply) key.push_back(static_cast<int64_t>(e.function));
    const size_t first = key.size();
    for (const ExprId arg : e.args) key.push_back(number(arg));
    if (e.kind == ExprKind::apply && info(e.function).commutative)
      std::sort(key.begin() + static_cast<std::ptrdiff_t>(first), key.end());
    if (e.kind == ExprKind::read) key.push_back(e.tensor.index);
    for (const Subscript& subscript : e.subscripts) {
      append(key, subscript.affine, order);
      key.push_back(number(subscript.data));
    }
    key.push_back(number(e.otherwise));
    const auto next = static_cast<int64_t>(expressions_.size());
    numbers[node.index] = expressions_.emplace(std::move(key), next).first->second;
  }
  return numbers[root.index];
}

ValueId ValueNumbering::first_of(const Op& op, const TensorType& type, ValueId result) {
  Key key = {static_cast<int64_t>(op.what.index())};
  append(key, type);
  if (const auto* definition = std::get_if<Definition>(&op.what)) {
    key.insert(key.end(), {definition->free_count, static_cast<int64_t>(definition->reduction),
                           definition->accumulate});
    for (const Index& index : definition->indices) append(key, index.extent);
    for (const Subscript& subscript : definition->target) {
      append(key, subscript.affine);
      key.push_back(number_of(definition->dag, subscript.data));
    }
    key.push_back(number_of(definition->dag, definition->body));
    key.push_back(number_of(definition->dag, definition->base));
  } else if (const auto* reshape = std::get_if<Reshape>(&op.what)) {
    key.push_back(reshape->operand.index);
  } else if (const auto* concat = std::get_if<Concat>(&op.what)) {
    key.push_back(concat->axis);
    for (const ValueId operand : concat->operands) key.push_back(operand.index);
  } else {
    return result;
  }
  return operations_.emplace(std::move(key), result).first->second;
}

}  // namespace netc
