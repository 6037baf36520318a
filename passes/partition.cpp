// The number of parts depends on shapes alone, so that sums are the same on any number of threads.
#include "passes/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "passes/ownership.h"

namespace netc {

namespace {

constexpr int64_t least_rows = 64;    ///< of the weights in one part
constexpr int64_t least_terms = 64;   ///< of each result in a part for a row of the batch
constexpr int64_t most_vectors = 16;  ///< of results that threads do not share out
constexpr int64_t rows_of_part = 8;   ///< of a sum over rows, which divides the rows of most tiles
constexpr int64_t most_vectors_of_rows = 64;  ///< of its results

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
    graph_.put_behind(sums_of_rows_);
  }

 private:
  /// An index of the sum, and how many parts it is taken in.
  struct CutIndex {
    IndexId index;
    Dim parts;
  };
  struct Cut {
    std::vector<CutIndex> indices;
    const char* of;        ///< what the parts are, in words
    bool of_rows = false;  ///< which a kernel that makes them may sum
  };

  /// The index to cut and how, where that helps.
  std::optional<Cut> find_cut(const Op& op) const {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || op.scan || definition->reduction != Reduction::sum) return {};
    if (!definition->has_identity_target()) return {};
    if (auto found = find_rows(*definition)) return found;
    if (auto found = find_batch(*definition)) return found;
    const Expr& body = definition->dag[definition->body];
    if (body.kind != ExprKind::apply || body.function != Function::mul) return {};
    for (ExprId factor : body.args)
      if (auto found = find_cut(*definition, definition->dag[factor])) return found;
    return {};
  }

  /// The batch and the rows of each of its elements, where the sum has few results and goes row by
  /// row through what the step has made, more than the first cache holds: the kernels that make
  /// those rows, a few at a time, can then sum them as well.
  std::optional<Cut> find_rows(const Definition& definition) const {
    const uint32_t free = definition.free_count;
    const bool has_vectors = results_of(definition) >= target_.lanes(type_of(definition));
    if (definition.indices.size() != free + 2 ||
        !has_few_results(definition, most_vectors_of_rows) || !has_vectors)
      return {};
    const IndexId batch{free}, rows{free + 1};
    const Dim extent = definition.indices[rows.index].extent;
    if (definition.indices[batch.index].extent != Dim{1, true} || extent.batch) return {};
    if (extent.factor % rows_of_part != 0) return {};
    int64_t made = 0;
    for (ExprId id : reachable(definition.dag, definition.body)) {
      const Expr& expr = definition.dag[id];
      if (expr.kind != ExprKind::read) continue;
      if (!is_outermost(expr, batch, 0) || !is_outermost(expr, rows, 1)) return {};
      const Value& tensor = graph_[expr.tensor];
      if (tensor.kind == ValueKind::result)
        made = std::max(made, tensor.type.elements(graph_.capacity));
    }
    const bool is_whole = made >= extent.factor * graph_.capacity * results_of(definition);
    if (!is_whole || made * byte_size(type_of(definition)) <= target_.l1_bytes) return {};
    return Cut{
        {{batch, {1, true}}, {rows, {extent.factor / rows_of_part, false}}}, "the rows", true};
  }

  /// Whether a read takes all values of an index as that axis, or does not depend on it.
  static bool is_outermost(const Expr& read, IndexId index, size_t axis) {
    for (size_t k = 0; k < read.subscripts.size(); ++k) {
      const Subscript& subscript = read.subscripts[k];
      if (subscript.data) return false;
      const std::vector<Affine::Term>& terms = subscript.affine.terms;
      const bool is_there = std::any_of(terms.begin(), terms.end(), [&](const Affine::Term& term) {
        return term.index == index;
      });
      if (is_there && (k != axis || subscript.affine != Affine::of(index))) return false;
    }
    return true;
  }

  static DType type_of(const Definition& definition) {
    return definition.dag[definition.body].type;
  }

  int64_t results_of(const Definition& definition) const {
    int64_t results = 1;
    for (uint32_t i = 0; i < definition.free_count; ++i)
      results *= definition.indices[i].extent.at(graph_.capacity);
    return results;
  }

  bool has_few_results(const Definition& definition, int64_t vectors) const {
    const DType type = type_of(definition);
    return is_float(type) && results_of(definition) <= vectors * target_.lanes(type);
  }

  /// The batch, where the sum has few results and computes much, or goes through tensors that are
  /// too large for a core's own caches.
  std::optional<Cut> find_batch(const Definition& definition) const {
    int64_t points = 1;
    std::optional<IndexId> batch;
    for (uint32_t i = 0; i < definition.indices.size(); ++i) {
      const Dim extent = definition.indices[i].extent;
      points *= extent.at(graph_.capacity);
      if (!definition.is_free(IndexId{i}) && extent == Dim{1, true}) batch = IndexId{i};
    }
    if (!batch || !has_few_results(definition, most_vectors)) return {};
    if (graph_.capacity < 2 || points / graph_.capacity < least_terms * results_of(definition))
      return {};
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
    return Cut{{{*batch, {1, true}}}, "the batch"};
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
        return Cut{{{*rows, {parts, false}}}, "the weights' rows"};
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

  /// Appends the parts; the definition becomes their sum. Where each value of an index is a part,
  /// no index within the parts is left of it.
  void cut(Definition& sum, const Op& op, const Cut& cut) {
    Definition parts = parts_of(sum, cut);
    const auto first = parts.indices.begin();
    const std::vector<Index> part_indices(first, first + std::ssize(cut.indices));
    const TensorType type = natural_type(parts);
    const std::string name = graph_[op.results[0]].name + ".parts";
    const ValueId value = graph_.add_op(std::move(parts), type, name, op.range);
    if (cut.of_rows) put_behind_rows(graph_[value].producer);
    if (remarks_) remark(op, part_indices, cut.of);

    std::vector<Subscript> subscripts;
    const auto add_subscript = [&](uint32_t index) {
      subscripts.push_back({Affine::of(IndexId{index}), {}});
    };
    for (uint32_t k = 0; k < part_indices.size(); ++k) add_subscript(sum.free_count + k);
    for (uint32_t i = 0; i < sum.free_count; ++i) add_subscript(i);
    sum.indices.resize(sum.free_count);
    sum.indices.insert(sum.indices.end(), part_indices.begin(), part_indices.end());
    ExprDag left;
    ExprBuilder rest(left);
    if (sum.base.valid()) sum.base = copy_expr(sum.dag, sum.base, rest);
    sum.body = rest.read(value, type.dtype, std::move(subscripts));
    sum.dag = std::move(left);
  }

  /// A sum of rows is best taken while they are in the cache.
  void put_behind_rows(OpId sum) {
    OpId last;
    for (const ValueId operand : operands(graph_[sum]))
      if (graph_[operand].kind == ValueKind::result &&
          (!last.valid() || last < graph_[operand].producer))
        last = graph_[operand].producer;
    if (!graph_[last].scan.valid()) sums_of_rows_[last].push_back(sum);
  }

  /// The sum of each part: the parts' numbers are the first indices.
  static Definition parts_of(const Definition& sum, const Cut& cut) {
    Definition parts;
    parts.free_count = sum.free_count + static_cast<uint32_t>(cut.indices.size());
    parts.reduction = Reduction::sum;
    std::string name;
    for (const CutIndex& each : cut.indices) {
      name = free_name(sum, name + "p");
      parts.indices.push_back({name, each.parts});
    }
    std::vector<Affine> moved;
    for (uint32_t i = 0; i < sum.indices.size(); ++i) {
      Index index = sum.indices[i];
      Affine to;
      const auto found =
          std::find_if(cut.indices.begin(), cut.indices.end(),
                       [&](const CutIndex& each) { return each.index == IndexId{i}; });
      const bool is_cut = found != cut.indices.end();
      const bool is_part = is_cut && index.extent == found->parts;
      if (is_cut && !is_part) index.extent.factor /= found->parts.factor;
      if (is_cut)
        to = Affine::of(IndexId{static_cast<uint32_t>(found - cut.indices.begin())},
                        is_part ? 1 : index.extent.factor);
      if (!is_part) {
        to.add(Affine::of(IndexId{static_cast<uint32_t>(parts.indices.size())}));
        parts.indices.push_back(std::move(index));
      }
      moved.push_back(std::move(to));
    }
    for (uint32_t i = 0; i < parts.free_count; ++i)
      parts.target.push_back({Affine::of(IndexId{i}), {}});
    ExprBuilder builder(parts.dag);
    parts.body = copy_expr(sum.dag, sum.body, [&](Expr expr) {
      return builder.reindexed(std::move(expr), [&](IndexId index) { return moved[index.index]; });
    });
    return parts;
  }

  void remark(const Op& op, const std::vector<Index>& parts, const char* of) const {
    std::vector<std::string> counts;
    for (const Index& index : parts) counts.push_back(to_string(index.extent));
    remarks_->push_back({"partition", false, op.range,
                         fmt::format("{}.{}, `{}`: {} parts of {}", graph_.model, graph_.entry,
                                     graph_[op.results[0]].name, fmt::join(counts, " * "), of)});
  }

  /// A name that no index of the definition has, of this and perhaps more letters.
  static std::string free_name(const Definition& sum, std::string name) {
    auto taken = [&](const Index& index) { return index.name == name; };
    while (std::any_of(sum.indices.begin(), sum.indices.end(), taken)) name += "p";
    return name;
  }

  Graph& graph_;
  const Target& target_;
  Remarks* remarks_;
  std::map<OpId, std::vector<OpId>> sums_of_rows_;  ///< by what makes the last of the rows
};

}  // namespace

void partition(Graph& graph, const Target& target, Remarks* remarks) {
  Partitioner(graph, target, remarks).run();
}

}  // namespace netc
