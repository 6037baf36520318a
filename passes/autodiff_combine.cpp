// Maps are added in one expression, and one sum takes it as its base, so that a tensor that is read
// twice still has a gradient of one definition:
//
//   d.x[n, i] = d.y[n, i] + sum[o] d.z[n, o] * w[i, o]
#include "passes/autodiff_combine.h"

#include <algorithm>

#include "ir/support/check.h"
#include "passes/algebra.h"
#include "passes/autodiff_factors.h"

namespace netc {

namespace {

/// Appends one operation under the name, into the waiting value if `final`.
ValueId append(Graph& graph, decltype(Op::what) what, const TensorType& type,
               const GradientName& name, bool final) {
  if (!final || !name.value.valid())
    return graph.add_op(std::move(what), type, final ? name.name : name.name + ".part", name.range);
  graph[name.value].producer = OpId{static_cast<uint32_t>(graph.ops.size())};
  graph.ops.push_back({.what = std::move(what), .results = {name.value}, .range = name.range});
  return name.value;
}

/// Indices for the dimensions of a tensor.
std::vector<Index> indices_for(const TensorType& type) {
  std::vector<Index> indices;
  for (size_t d = 0; d < type.dims.size(); ++d)
    indices.push_back({"i" + std::to_string(d), type.dims[d]});
  return indices;
}

Definition empty_map(std::vector<Index> indices) {
  Definition map;
  map.free_count = static_cast<uint32_t>(indices.size());
  map.indices = std::move(indices);
  for (IndexId k{0}; k.index < map.free_count; ++k.index) map.target.push_back({Affine::of(k), {}});
  return map;
}

std::vector<Subscript> whole(uint32_t rank) {
  std::vector<Subscript> subscripts;
  for (IndexId k{0}; k.index < rank; ++k.index) subscripts.push_back({Affine::of(k), {}});
  return subscripts;
}

std::vector<Index> free_indices(const Definition& definition) {
  return {definition.indices.begin(), definition.indices.begin() + definition.free_count};
}

bool is_sum(const Definition& d) {
  return d.reduction == Reduction::sum && !d.base.valid() && d.has_identity_target();
}

/// All parts as one expression that is added up from maps, and at most one sum beside it.
Definition joined(Graph& graph, const TensorType& type, std::vector<Contribution> parts,
                  const GradientName& name) {
  const auto is = [](bool (*kind)(const Definition&)) {
    return [kind](const Contribution& part) {
      const auto* definition = std::get_if<Definition>(&part);
      return definition != nullptr && kind(*definition);
    };
  };
  const auto last_sum = std::find_if(parts.rbegin(), parts.rend(), is(is_sum));
  const auto is_map = is([](const Definition& d) { return d.is_map(); });
  const auto first_map = std::find_if(parts.begin(), parts.end(), is_map);

  Definition result;
  if (last_sum != parts.rend()) {
    result = std::move(std::get<Definition>(*last_sum));
    parts.erase(std::next(last_sum).base());
  } else if (first_map != parts.end()) {
    result = empty_map(free_indices(std::get<Definition>(*first_map)));
  } else {
    result = empty_map(indices_for(type));
  }

  ExprBuilder b(result.dag);
  ExprId total;
  for (Contribution& part : parts) {
    const auto* map = std::get_if<Definition>(&part);
    ExprId term;
    if (map != nullptr && map->is_map()) {
      term = copy_expr(map->dag, map->body, b);
    } else {
      const ValueId value = std::visit(
          [&](auto& what) { return append(graph, std::move(what), type, name, false); }, part);
      term = b.read(value, type.dtype, whole(static_cast<uint32_t>(type.rank())));
    }
    total = total.valid() ? apply_simplified(b, Function::add, {total, term}) : term;
  }
  (result.body.valid() ? result.base : result.body) = total;
  return result;
}

}  // namespace

ValueId add_combined(Graph& graph, const TensorType& type, std::vector<Contribution> parts,
                     const GradientName& name) {
  if (parts.empty()) {
    Definition zeros = empty_map(indices_for(type));
    zeros.body = ExprBuilder(zeros.dag).number(0, type.dtype);
    parts.emplace_back(std::move(zeros));
  }
  for (Contribution& part : parts)
    if (auto* sum = std::get_if<Definition>(&part); sum != nullptr && is_sum(*sum))
      *sum = with_factors_taken_out(graph, type, std::move(*sum), name.name + ".sum", name.range);
  if (parts.size() == 1)
    return std::visit([&](auto& what) { return append(graph, std::move(what), type, name, true); },
                      parts[0]);
  Definition sum = joined(graph, type, std::move(parts), name);
  return append(graph, std::move(sum), type, name, true);
}

}  // namespace netc
