// The number of parts depends on shapes alone, so that sums are the same on any number of threads.
#include "passes/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "passes/ownership.h"

namespace netc {

namespace {

constexpr int64_t least_rows = 64;  ///< of the weights in one part

class Partitioner {
 public:
  Partitioner(Graph& graph, const Target& target, Remarks* remarks)
      : graph_(graph), target_(target), remarks_(remarks) {}

  void run() {
    std::vector<std::optional<Cut>> cuts;
    for (const Op& op : graph_.ops) cuts.push_back(find_cut(op));
    std::vector<Op> ops;
    ops.swap(graph_.ops);
    for (size_t i = 0; i < ops.size(); ++i) {
      if (cuts[i]) cut(std::get<Definition>(ops[i].what), ops[i], *cuts[i]);
      for (ValueId result : ops[i].results)
        graph_[result].producer = OpId{static_cast<uint32_t>(graph_.ops.size())};
      graph_.ops.push_back(std::move(ops[i]));
    }
  }

 private:
  struct Cut {
    IndexId rows;
    int64_t parts;
  };

  /// The index of the weights' rows and how to cut it, where that helps.
  std::optional<Cut> find_cut(const Op& op) const {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || op.scan || definition->reduction != Reduction::sum) return {};
    if (!definition->has_identity_target()) return {};
    const Expr& body = definition->dag[definition->body];
    if (body.kind != ExprKind::apply || body.function != Function::mul) return {};
    for (ExprId factor : body.args)
      if (auto found = find_cut(*definition, definition->dag[factor])) return found;
    return {};
  }

  std::optional<Cut> find_cut(const Definition& definition, const Expr& weights) const {
    if (weights.kind != ExprKind::read || weights.otherwise) return {};
    double products = products_of(definition);
    if (products < least_products() ||
        !stays_with_its_thread(graph_, weights.tensor, products, target_))
      return {};
    const Subscript& first = weights.subscripts[0];
    std::optional<IndexId> rows = first.data ? std::nullopt : first.affine.single();
    if (!rows || definition.is_free(*rows)) return {};
    Dim extent = definition.indices[rows->index].extent;
    if (extent.batch) return {};
    for (int64_t parts : {4, 2}) {
      bool worth_a_thread = products / static_cast<double>(parts) >= least_products() / 2;
      if (worth_a_thread && extent.factor % parts == 0 && extent.factor / parts >= least_rows)
        return Cut{*rows, parts};
    }
    return {};
  }

  double products_of(const Definition& definition) const {
    double products = 1;
    for (const Index& index : definition.indices)
      products *= static_cast<double>(index.extent.at(graph_.capacity));
    return products;
  }

  /// Two vectors of f32 a cycle.
  double least_products() const {
    return target_.least_parallel_cycles() * 2 * static_cast<double>(target_.unit_bytes) / 4;
  }

  /// Appends the parts; the definition becomes their sum.
  void cut(Definition& sum, const Op& op, Cut cut) {
    Definition parts;
    parts.free_count = sum.free_count + 1;
    parts.reduction = Reduction::sum;
    parts.indices = {{part_name(sum), {cut.parts, false}}};
    parts.indices.insert(parts.indices.end(), sum.indices.begin(), sum.indices.end());
    int64_t& rows = parts.indices[cut.rows.index + 1].extent.factor;
    rows /= cut.parts;
    for (uint32_t i = 0; i < parts.free_count; ++i)
      parts.target.push_back({Affine::of(IndexId{i}), {}});
    ExprBuilder builder(parts.dag);
    parts.body = copy_expr(sum.dag, sum.body, [&](Expr expr) {
      return builder.reindexed(std::move(expr), [&](IndexId index) {
        Affine moved = Affine::of(IndexId{index.index + 1});
        return index == cut.rows ? moved.add(Affine::of(IndexId{0}, rows)) : moved;
      });
    });
    Index part = parts.indices[0];
    const Value& result = graph_[op.results[0]];
    TensorType type = natural_type(parts);
    ValueId value = graph_.add_op(std::move(parts), type, result.name + ".parts", op.range);
    if (remarks_)
      remarks_->push_back({"partition", false, op.range,
                           fmt::format("{}.{}, `{}`: {} parts of the weights' rows", graph_.model,
                                       graph_.entry, graph_[op.results[0]].name, cut.parts)});

    std::vector<Subscript> subscripts = {{Affine::of(IndexId{sum.free_count}), {}}};
    for (uint32_t i = 0; i < sum.free_count; ++i)
      subscripts.push_back({Affine::of(IndexId{i}), {}});
    sum.indices.resize(sum.free_count);
    sum.indices.push_back(part);
    sum.body = ExprBuilder(sum.dag).read(value, type.dtype, std::move(subscripts));
  }

  /// A name that no index of the definition has.
  static std::string part_name(const Definition& sum) {
    std::string name = "p";
    auto taken = [&](const Index& index) { return index.name == name; };
    while (std::any_of(sum.indices.begin(), sum.indices.end(), taken)) name += "p";
    return name;
  }

  Graph& graph_;
  const Target& target_;
  Remarks* remarks_;
};

}  // namespace

void partition(Graph& graph, const Target& target, Remarks* remarks) {
  Partitioner(graph, target, remarks).run();
}

}  // namespace netc
