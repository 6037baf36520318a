// Positions are compared row-major over the reduced indices, as argmax counts them.
#include "passes/autodiff_reduction.h"

#include "passes/algebra.h"

namespace netc {

ExprId is_first_extremum(Graph& graph, ExprBuilder& b, const Definition& definition, ValueId y) {
  Definition found = definition;
  found.reduction = Reduction::argmax;
  found.base = {};
  if (definition.reduction == Reduction::min) found.body = ExprBuilder(found.dag).neg(found.body);
  TensorType type = graph[y].type;
  type.dtype = DType::i32;
  const std::string name = graph[y].name + ".at";
  const ValueId at = graph.add_op(std::move(found), type, name, graph[y].range);

  // The position of the point, row-major over the reduced indices.
  ExprId position = b.integer(0, DType::i64);
  for (IndexId k{definition.free_count}; k.index < definition.indices.size(); ++k.index) {
    const Dim extent = definition.indices[k.index].extent;
    Affine size;
    (extent.batch ? size.batch : size.constant) = extent.factor;
    position = apply_simplified(b, Function::mul, {position, b.affine(size)});
    position = apply_simplified(b, Function::add, {position, b.index(k)});
  }
  const ExprId first = b.convert(b.read(at, DType::i32, definition.target), DType::i64);
  return b.apply(Function::equal, {first, position});
}

// others[i] = prod[j] if j == i then 1 else f(j)
ExprId product_of_others(Graph& graph, ExprBuilder& b, const Definition& definition, ValueId y) {
  const auto count = static_cast<uint32_t>(definition.indices.size());
  Definition product;
  product.indices = definition.indices;
  product.free_count = count;
  product.reduction = Reduction::prod;
  std::vector<Subscript> here;
  for (IndexId k{0}; k.index < count; ++k.index) here.push_back({Affine::of(k), {}});
  product.target = here;

  const auto other = [&](IndexId k) {
    return definition.is_free(k) ? k : IndexId{k.index - definition.free_count + count};
  };
  for (uint32_t k = definition.free_count; k < count; ++k) {
    product.indices.push_back(definition.indices[k]);
    product.indices.back().name += "_other";
  }
  ExprBuilder p(product.dag);
  const ExprId factor = rewrite(definition.dag, definition.body, p, [&](Expr expr) {
    return p.reindexed(std::move(expr), [&](IndexId k) { return Affine::of(other(k)); });
  });
  ExprId same = p.boolean(true);
  for (IndexId k{definition.free_count}; k.index < count; ++k.index) {
    const ExprId equal = p.apply(Function::equal, {p.index(other(k)), p.index(k)});
    same = apply_simplified(p, Function::logical_and, {same, equal});
  }
  product.body = p.select(same, p.constant_like(factor, 1), factor);

  const TensorType type = natural_type(product);
  const std::string name = graph[y].name + ".others";
  const ValueId value = graph.add_op(std::move(product), type, name, graph[y].range);
  return b.read(value, type.dtype, here);
}

}  // namespace netc
