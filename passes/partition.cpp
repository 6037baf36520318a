// The number of parts depends on shapes alone, so that sums are the same on any number of threads.
#include "passes/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "passes/ownership.h"

namespace netc {

namespace {

constexpr int64_t least_rows = 64;    ///< of the weights in one part
constexpr int64_t least_terms = 64;   ///< of each result in a part for a row of the batch
constexpr int64_t most_vectors = 16;  ///< of results that threads do not share out

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
    IndexId index;  ///< of the sum
    Dim parts;
    const char* of;  ///< what the parts are, in words
  };

  /// The index to cut and how, where that helps.
  std::optional<Cut> find_cut(const Op& op) const {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || op.scan || definition->reduction != Reduction::sum) return {};
    if (!definition->has_identity_target()) return {};
    if (auto found = find_batch(*definition)) return found;
    const Expr& body = definition->dag[definition->body];
    if (body.kind != ExprKind::apply || body.function != Function::mul) return {};
    for (ExprId factor : body.args)
      if (auto found = find_cut(*definition, definition->dag[factor])) return found;
    return {};
  }

  /// The batch, where the sum has few results and computes much, or goes through tensors that are
  /// too large for a core's own caches.
  std::optional<Cut> find_batch(const Definition& definition) const {
    int64_t points = 1, results = 1;
    std::optional<IndexId> batch;
    for (uint32_t i = 0; i < definition.indices.size(); ++i) {
      const Dim extent = definition.indices[i].extent;
      points *= extent.at(graph_.capacity);
      if (definition.is_free(IndexId{i})) results *= extent.at(graph_.capacity);
      if (!definition.is_free(IndexId{i}) && extent == Dim{1, true}) batch = IndexId{i};
    }
    const DType type = definition.dag[definition.body].type;
    if (!batch || !is_float(type) || results > most_vectors * target_.lanes(type)) return {};
    if (graph_.capacity < 2 || points / graph_.capacity < least_terms * results) return {};
    int64_t read = 0, largest = 0;
    for (ExprId id : reachable(definition.dag, definition.body)) {
      const Expr& expr = definition.dag[id];
      if (expr.kind != ExprKind::read) continue;
      const int64_t elements = graph_[expr.tensor].type.elements(graph_.capacity);
      largest = std::max(largest, elements);
      read += elements * byte_size(expr.type);
    }
    const double cycles = static_cast<double>(read) / target_.bytes_a_cycle;
    const bool waits = largest >= points && cycles >= target_.least_parallel_cycles();
    if (!waits && products_of(definition) < least_products()) return {};
    return Cut{*batch, {1, true}, "the batch"};
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
        return Cut{*rows, {parts, false}, "the weights' rows"};
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

  /// Appends the parts; the definition becomes their sum. Where each value of the index is a part,
  /// no index within the parts is left of it.
  void cut(Definition& sum, const Op& op, Cut cut) {
    Definition parts;
    parts.free_count = sum.free_count + 1;
    parts.reduction = Reduction::sum;
    parts.indices = {{part_name(sum), cut.parts}};
    std::vector<Affine> moved;
    for (uint32_t i = 0; i < sum.indices.size(); ++i) {
      Index index = sum.indices[i];
      Affine to = Affine::of(IndexId{static_cast<uint32_t>(parts.indices.size())});
      if (cut.index == IndexId{i} && index.extent == cut.parts) {
        moved.push_back(Affine::of(IndexId{0}));
        continue;
      }
      if (cut.index == IndexId{i}) {
        index.extent.factor /= cut.parts.factor;
        to = to.add(Affine::of(IndexId{0}, index.extent.factor));
      }
      moved.push_back(std::move(to));
      parts.indices.push_back(std::move(index));
    }
    for (uint32_t i = 0; i < parts.free_count; ++i)
      parts.target.push_back({Affine::of(IndexId{i}), {}});
    ExprBuilder builder(parts.dag);
    parts.body = copy_expr(sum.dag, sum.body, [&](Expr expr) {
      return builder.reindexed(std::move(expr), [&](IndexId index) { return moved[index.index]; });
    });
    Index part = parts.indices[0];
    const Value& result = graph_[op.results[0]];
    TensorType type = natural_type(parts);
    ValueId value = graph_.add_op(std::move(parts), type, result.name + ".parts", op.range);
    if (remarks_)
      remarks_->push_back({"partition", false, op.range,
                           fmt::format("{}.{}, `{}`: {} parts of {}", graph_.model, graph_.entry,
                                       graph_[op.results[0]].name, to_string(cut.parts), cut.of)});

    std::vector<Subscript> subscripts = {{Affine::of(IndexId{sum.free_count}), {}}};
    for (uint32_t i = 0; i < sum.free_count; ++i)
      subscripts.push_back({Affine::of(IndexId{i}), {}});
    sum.indices.resize(sum.free_count);
    sum.indices.push_back(part);
    ExprDag left;
    ExprBuilder rest(left);
    if (sum.base.valid()) sum.base = copy_expr(sum.dag, sum.base, rest);
    sum.body = rest.read(value, type.dtype, std::move(subscripts));
    sum.dag = std::move(left);
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
