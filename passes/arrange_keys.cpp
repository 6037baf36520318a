// A key is made of hashes: of what something is, and of the hashes of its operands. Sums are hashed
// as the sum of their terms' hashes, whichever way they are grouped, and a read of a whole
// definition that nothing else reads as that definition. What scans carry is read before it is
// known: in the parts of a key that tell all, the part before stands for it.
#include "passes/arrange_keys.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include "ir/support/hash.h"
#include "passes/nest.h"

namespace netc {

namespace {

using Terms = std::vector<uint64_t>;

constexpr size_t whole = Key().size() - 1;  ///< the table of the part that tells all
constexpr size_t placed = whole + 1;        ///< with places

/// The hash of a sum of terms, or of what is no sum.
uint64_t finished(uint64_t terms) { return Hash().mix(terms).value(); }

void mix(Hash& hash, Dim dim) { hash.mix(dim.factor).mix(uint64_t{dim.batch}); }

/// Hashes what is made of values whose own hashes are known.
class Hashing {
 public:
  /// By value, `far` hashes what is read, `near` what is read once and as a whole. Only what tells
  /// all has sizes and other numbers in it: without them, layers of many widths look alike.
  Hashing(const Graph& graph, const std::vector<bool>& once, const Terms& far, const Terms& near,
          bool with_numbers)
      : graph_(graph), once_(once), far_(far), near_(near), with_numbers_(with_numbers) {}

  Terms nodes(const Definition& definition) const {
    Terms terms(definition.dag.size());
    for (const ExprId node : reachable(definition))
      terms[node.index] = node_of(definition.dag[node], definition.free_count, terms);
    return terms;
  }

  uint64_t reduction(const Definition& definition, const Terms& nodes) const {
    Hash hash;
    hash.mix(definition.reduction).mix(definition.free_count).mix(uint64_t{definition.accumulate});
    if (with_numbers_)
      for (const Index& index : definition.indices) mix(hash, index.extent);
    if (!definition.has_identity_target())
      for (const Subscript& subscript : definition.target) mix_subscript(hash, subscript, nodes);
    return hash.mix(finished(nodes[definition.body.index])).value();
  }

  uint64_t of(const Definition& definition) const {
    const Terms terms = nodes(definition);
    const bool plain = definition.has_identity_target() && !definition.accumulate;
    if (plain && definition.reduction == Reduction::none) return terms[definition.body.index];
    const uint64_t base = definition.base.valid() ? terms[definition.base.index] : 0;
    return base + reduction(definition, terms);
  }

  /// Results that are not defined in index notation, by what their operation is.
  uint64_t of_result(uint64_t operation, size_t position, const Value& result) const {
    Hash hash;
    hash.mix(operation).mix(alone(result));
    if (with_numbers_) hash.mix(uint64_t{position});
    return hash.value();
  }

  uint64_t of(const Reshape& reshape) const { return Hash().mix(value(reshape.operand)).value(); }

  uint64_t of(const Concat& concat) const {
    Hash hash;
    hash.mix(concat.axis);
    for (const ValueId operand : concat.operands) hash.mix(value(operand));
    return hash.value();
  }

  uint64_t of(const Gradient& gradient) const { return Hash().mix(value(gradient.of)).value(); }
  uint64_t of(const Update&) const { return 0; }

  /// What is known of a value by itself.
  uint64_t alone(const Value& value) const {
    Hash hash;
    hash.mix(value.kind).mix(value.type.dtype);
    if (value.kind == ValueKind::variable) hash.mix(value.role);
    if (!with_numbers_) return hash.value();
    for (const Dim dim : value.type.dims) mix(hash, dim);
    hash.mix(std::bit_cast<uint64_t>(value.setting));
    hash.mix(std::string_view(value.initializer.kind));
    for (const double number : value.initializer.arguments)
      hash.mix(std::bit_cast<uint64_t>(number));
    return hash.value();
  }

 private:
  uint64_t value(ValueId id) const { return finished(far_[id.index]); }

  uint64_t node_of(const Expr& expr, uint32_t free_count, const Terms& nodes) const {
    if (expr.kind == ExprKind::apply && expr.function == Function::add)
      return nodes[expr.args[0].index] + nodes[expr.args[1].index];
    if (expr.kind == ExprKind::read && is_whole(expr)) return near_[expr.tensor.index];
    Hash hash;
    hash.mix(expr.kind).mix(expr.type);
    if (with_numbers_) hash.mix(expr.integer).mix(std::bit_cast<uint64_t>(expr.number));
    if (expr.kind == ExprKind::index) hash.mix(expr.index.index);
    if (expr.kind == ExprKind::apply) hash.mix(expr.function);
    Terms args;
    for (const ExprId arg : expr.args) args.push_back(finished(nodes[arg.index]));
    if (expr.kind == ExprKind::apply && info(expr.function).commutative)
      std::sort(args.begin(), args.end());
    for (const uint64_t arg : args) hash.mix(arg);
    if (expr.kind == ExprKind::read) hash.mix(value(expr.tensor));
    // A map from element to element looks alike for tensors of any number of dimensions.
    if (with_numbers_ || !is_identity(expr.subscripts, free_count))
      for (const Subscript& subscript : expr.subscripts) mix_subscript(hash, subscript, nodes);
    if (expr.otherwise.valid()) hash.mix(finished(nodes[expr.otherwise.index]));
    return hash.value();
  }

  void mix_subscript(Hash& hash, const Subscript& subscript, const Terms& nodes) const {
    const Affine& affine = subscript.affine;
    for (const Affine::Term& term : affine.terms) hash.mix(term.index.index);
    if (subscript.data.valid()) hash.mix(finished(nodes[subscript.data.index]));
    if (!with_numbers_) return;
    hash.mix(affine.constant).mix(affine.batch);
    for (const Affine::Term& term : affine.terms) hash.mix(term.coefficient);
  }

  /// Whether a read gives the elements of a definition at their own places, and no other does.
  bool is_whole(const Expr& read) const {
    const Value& tensor = graph_[read.tensor];
    if (!once_[read.tensor.index] || read.otherwise.valid() || tensor.kind != ValueKind::result)
      return false;
    const auto* definition = std::get_if<Definition>(&graph_[tensor.producer].what);
    const auto rank = static_cast<uint32_t>(read.subscripts.size());
    return definition && definition->has_identity_target() && is_identity(read.subscripts, rank);
  }

  const Graph& graph_;
  const std::vector<bool>& once_;
  const Terms &far_, &near_;
  bool with_numbers_;
};

/// Hashes the results of operations into `near`, by what `hashing` sees.
void define(const Graph& graph, const Hashing& hashing, Terms& near) {
  for (const Op& op : graph.ops) {
    const uint64_t all = std::visit([&](const auto& what) { return hashing.of(what); }, op.what);
    const bool is_definition = std::holds_alternative<Definition>(op.what);
    for (size_t k = 0; k < op.results.size(); ++k)
      near[op.results[k].index] =
          is_definition ? all : hashing.of_result(all, k, graph[op.results[k]]);
  }
}

Hashing hashing(const Graph& graph, const std::vector<bool>& once, const Terms* tables,
                size_t table) {
  const bool tells_all = table >= whole;
  return {graph, once, tables[tells_all ? table : table - 1], tables[table], tells_all};
}

}  // namespace

Keys::Keys(const Graph& graph) : graph_(graph) {
  for (const uint32_t reads : reads_of_values(graph)) once_.push_back(reads == 1);
  terms_[0].resize(graph.values.size());
  for (size_t table = 1; table <= placed; ++table) {
    Terms& terms = terms_[table];
    const Hashing seen = hashing(graph, once_, terms_.data(), table);
    terms = terms_[std::min(table, whole) - 1];
    const auto start = [&](ValueId value, size_t place) {
      Hash hash;
      hash.mix(seen.alone(graph[value])).mix(uint64_t{table == placed ? place : 0});
      terms[value.index] = hash.value();
    };
    for (const auto* list : {&graph.inputs, &graph.settings, &graph.variables})
      for (size_t place = 0; place < list->size(); ++place) start((*list)[place], place);
    define(graph, seen, terms);
  }
}

Key Keys::of(ValueId value) const {
  Key key;
  for (size_t part = 0; part < key.size(); ++part)
    key[part] = finished(terms_[part + 1][value.index]);
  return key;
}

std::vector<Key> Keys::of_nodes(const Definition& definition) const {
  std::vector<Key> keys(definition.dag.size());
  for (size_t part = 0; part < Key().size(); ++part) {
    const Terms nodes = hashing(graph_, once_, terms_.data(), part + 1).nodes(definition);
    for (size_t i = 0; i < keys.size(); ++i) keys[i][part] = finished(nodes[i]);
  }
  return keys;
}

Key Keys::of_reduction(const Definition& definition) const {
  Key key;
  for (size_t part = 0; part < key.size(); ++part) {
    const Hashing seen = hashing(graph_, once_, terms_.data(), part + 1);
    key[part] = finished(seen.reduction(definition, seen.nodes(definition)));
  }
  return key;
}

std::vector<uint32_t> reads_of_values(const Graph& graph) {
  constexpr uint32_t other_use = 2;
  std::vector<uint32_t> reads(graph.values.size());
  for (const GraphResult& result : graph.results) reads[result.value.index] += other_use;
  for (const Op& op : graph.ops) {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (definition == nullptr)
      for (const ValueId operand : operands(op)) reads[operand.index] += other_use;
    else
      for (const ExprId node : reachable(*definition))
        if (definition->dag[node].kind == ExprKind::read)
          ++reads[definition->dag[node].tensor.index];
  }
  return reads;
}

}  // namespace netc
