// An expression is worth reading from memory if it takes more than a product. Products of operands
// that do not have all indices are left alone: they are contractions, and reuse what they load.
#include "passes/simplify_shared.h"

#include <algorithm>

#include "passes/reindex.h"

namespace netc {

namespace {

bool is_contraction(const Definition& definition) {
  bool partial = false;
  for (const ExprId node : reachable(definition.dag, definition.body)) {
    const Expr& expr = definition.dag[node];
    const bool is_product = expr.kind == ExprKind::apply &&
                            (expr.function == Function::mul || expr.function == Function::neg);
    if (expr.kind == ExprKind::apply && !is_product) return false;
    if (expr.kind != ExprKind::read) continue;
    const std::vector<bool> used = used_indices(definition, node);
    partial |= std::find(used.begin(), used.end(), false) != used.end();
  }
  return partial;
}

}  // namespace

void SharedMaps::add(const Definition& map, ValueId value) {
  if (!map.is_map() || map.dag[map.body].kind != ExprKind::apply) return;
  Entry entry{value, {}, {}};
  const int64_t number = numbering_.number_of(map.dag, map.body, &entry.order);
  if (entry.order.size() != map.free_count) return;
  for (const Index& index : map.indices) entry.extents.push_back(index.extent);
  maps_.emplace(number, std::move(entry));
}

Definition SharedMaps::shared(Definition definition) {
  if (definition.reduction != Reduction::sum) return definition;
  IndexOrder order;
  const auto found = maps_.find(numbering_.number_of(definition.dag, definition.body, &order));
  if (found == maps_.end() || is_contraction(definition)) return definition;
  const Entry& map = found->second;
  std::vector<Subscript> subscripts(map.order.size());
  for (size_t place = 0; place < map.order.size(); ++place) {
    const IndexId there = map.order[place], here = order[place];
    if (map.extents[there.index] != definition.indices[here.index].extent) return definition;
    subscripts[there.index] = {Affine::of(here), {}};
  }
  ExprBuilder b(definition.dag);
  definition.body = b.read(map.value, b.type(definition.body), std::move(subscripts));
  return definition;
}

}  // namespace netc
