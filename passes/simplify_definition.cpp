// 1. Expressions are rebuilt by the algebra; reads of constant tensors become constants, reads of
//    tensors that only rearrange others become reads of those; comparisons of indices that always
//    or never hold are decided.
// 2. A sum over an index that one element alone is selected by reads that element.
// 3. Reduced indices of one value become 0, those that a sum does not depend on a factor, and a
//    reduction without indices a map.
#include "passes/simplify_definition.h"

#include <algorithm>
#include <limits>
#include <map>

#include "ir/support/check.h"
#include "passes/algebra.h"
#include "passes/reindex.h"
#include "passes/simplify_collapse.h"
#include "passes/simplify_softmax.h"

namespace netc {

namespace {

/// Whether an affine value is at least 0 over the whole domain, for every N.
bool is_never_negative(const Affine& affine, const std::vector<Index>& indices) {
  return within(affine, indices, {std::numeric_limits<int64_t>::max() / 4, true});
}

/// Rebuilds expressions of one definition into another of the same indices.
class Rebuilding {
 public:
  Rebuilding(const Definition& from, Definition& to, const KnownTensors& known)
      : from_(from), to_(to), known_(known), b(to.dag) {}

  ExprId operator()(ExprId root) {
    if (!root.valid()) return {};
    return rewrite(
        from_.dag, root, b, [this](Expr expr) { return leaf(std::move(expr)); },
        [this](ExprId node) { return application(node); });
  }

 private:
  ExprId leaf(Expr expr) {
    if (expr.kind != ExprKind::read) return to_.dag.add(std::move(expr));
    expr.tensor = known_.read_as[expr.tensor.index];
    drop_needless_otherwise(expr);
    const Definition* source = known_.map(expr.tensor);
    if (source == nullptr) return to_.dag.add(std::move(expr));
    if (const ExprId constant = constant_element(*source); constant.valid()) {
      const ExprId value = to_.dag.add(source->dag[constant]);
      if (!expr.otherwise.valid() || expr.otherwise == value) return value;
    }
    if (known_.gradients_are_taken && !expr.otherwise.valid() && rearranges(*source))
      return read_through(*source, expr);
    return to_.dag.add(std::move(expr));
  }

  void drop_needless_otherwise(Expr& read) const {
    const TensorType& type = (*known_.graph)[read.tensor].type;
    for (size_t d = 0; d < read.subscripts.size(); ++d)
      if (read.subscripts[d].data.valid() ||
          !within(read.subscripts[d].affine, to_.indices, type.dims[d]))
        return;
    read.otherwise = {};
  }

  /// Whether each element of a map is just one element of another tensor, at an affine place, or
  /// its negative.
  static bool rearranges(const Definition& map) { return read_in(map).is_plain_read(); }

  static bool is_negative(const Definition& map) {
    const Expr& body = map.dag[map.body];
    return body.kind == ExprKind::apply && body.function == Function::neg;
  }

  static const Expr& read_in(const Definition& map) {
    return map.dag[is_negative(map) ? map.dag[map.body].args[0] : map.body];
  }

  /// y[S] -> x[A(S)] for y[i] = x[A(i)].
  ExprId read_through(const Definition& source, const Expr& read) {
    const Expr& inner = read_in(source);
    std::vector<Subscript> subscripts;
    for (const Subscript& subscript : inner.subscripts) {
      Subscript place{Affine::of_constant(subscript.affine.constant), {}};
      place.affine.batch = subscript.affine.batch;
      for (const Affine::Term& term : subscript.affine.terms) {
        const Subscript& by = read.subscripts[term.index.index];
        if (by.data.valid() && (term.coefficient != 1 || place.data.valid()))
          return to_.dag.add(read);
        if (by.data.valid()) place.data = by.data;
        place.affine.add(by.affine, term.coefficient);
      }
      subscripts.push_back(std::move(place));
    }
    const ExprId value = b.read(inner.tensor, inner.type, std::move(subscripts));
    return is_negative(source) ? b.neg(value) : value;
  }

  ExprId application(ExprId node) {
    const Expr& expr = to_.dag[node];
    if (expr.kind != ExprKind::apply) return node;
    if (expr.function == Function::stop_gradient && known_.gradients_are_taken) return expr.args[0];
    if (info(expr.function).kind == FunctionClass::comparison) return decided(node);
    if (expr.function == Function::div) return quotient(node);
    const auto value_of = [&](ExprId arg) { return affine_value(arg); };
    if (const auto affine = affine_application(expr, value_of))
      affine_values_.emplace(node, *affine);
    return node;
  }

  /// x[.., c] / total[..] -> x[.., c] * (1 / total[..]) for the total of a softmax: one division
  /// for a row in place of one for each element.
  ExprId quotient(ExprId node) {
    const Expr expr = to_.dag[node];
    const Expr& divisor = to_.dag[expr.args[1]];
    const bool is_total = known_.gradients_are_taken && divisor.kind == ExprKind::read &&
                          !divisor.otherwise.valid() &&
                          is_total_of_softmax(*known_.graph, divisor.tensor);
    if (!is_total) return node;
    const std::vector<bool> here = used_indices(to_, expr.args[0]);
    const std::vector<bool> there = used_indices(to_, expr.args[1]);
    bool varies_more = false;
    for (size_t k = 0; k < here.size(); ++k) varies_more |= here[k] && !there[k];
    if (!varies_more) return node;
    return b.mul(expr.args[0], b.div(b.constant_like(node, 1), expr.args[1]));
  }

  /// An integer expression as an affine one, if it is that.
  std::optional<Affine> affine_value(ExprId node) const {
    if (const auto leaf = affine_leaf(to_.dag[node])) return leaf;
    const auto found = affine_values_.find(node);
    return found == affine_values_.end() ? std::nullopt : std::optional(found->second);
  }

  /// A comparison of affine values, or what it always is over the whole domain.
  ExprId decided(ExprId node) {
    const Expr expr = to_.dag[node];
    if (b.type(expr.args[0]) != DType::i64) return node;
    const auto x = affine_value(expr.args[0]), y = affine_value(expr.args[1]);
    if (!x || !y || is_huge(*x) || is_huge(*y)) return node;
    Affine rise = *y, fall = *x;
    rise.add(*x, -1);
    fall.add(*y, -1);
    const bool at_most = is_never_negative(rise, to_.indices);
    const bool at_least = is_never_negative(fall, to_.indices);
    rise.constant -= 1;
    fall.constant -= 1;
    const bool below = is_never_negative(rise, to_.indices);
    const bool above = is_never_negative(fall, to_.indices);
    switch (expr.function) {
      case Function::less:
        return below ? b.boolean(true) : at_least ? b.boolean(false) : node;
      case Function::less_equal:
        return at_most ? b.boolean(true) : above ? b.boolean(false) : node;
      case Function::greater:
        return above ? b.boolean(true) : at_most ? b.boolean(false) : node;
      case Function::greater_equal:
        return at_least ? b.boolean(true) : below ? b.boolean(false) : node;
      case Function::equal:
        return at_most && at_least ? b.boolean(true) : below || above ? b.boolean(false) : node;
      case Function::not_equal:
        return at_most && at_least ? b.boolean(false) : below || above ? b.boolean(true) : node;
      default:
        return node;
    }
  }

  const Definition& from_;
  Definition& to_;
  const KnownTensors& known_;
  ExprBuilder b;
  std::map<ExprId, Affine> affine_values_;  ///< of applications in the new DAG
};

/// Step 3.
Definition without_single_values(Definition definition) {
  if (definition.reduction == Reduction::argmax) return definition;
  std::vector<bool> dropped(definition.indices.size());
  for (size_t k = definition.free_count; k < dropped.size(); ++k)
    dropped[k] = definition.indices[k].extent == Dim{1, false};
  if (std::find(dropped.begin(), dropped.end(), true) == dropped.end()) return definition;
  return without_indices(definition, dropped);
}

/// sum[i] 0 -> 0
Definition without_empty_sum(Definition definition) {
  const bool empty =
      definition.reduction == Reduction::sum && is_zero(definition.dag, definition.body);
  if (!empty || !definition.has_identity_target()) return definition;
  std::vector<bool> dropped(definition.indices.size());
  std::fill(dropped.begin() + definition.free_count, dropped.end(), true);
  if (definition.base.valid()) definition.body = definition.base;
  definition.base = {};
  return without_indices(definition, dropped);
}

}  // namespace

const Definition* KnownTensors::map(ValueId value) const {
  const Value& about = (*graph)[value];
  // Without a producer: read before its definition, which is still to come.
  if (about.kind != ValueKind::result || !about.producer.valid() || opaque.contains(value))
    return nullptr;
  const auto* definition = std::get_if<Definition>(&(*graph)[about.producer].what);
  return definition != nullptr && definition->is_map() ? definition : nullptr;
}

const Definition* plain_definition(const Graph& graph, ValueId value, Reduction reduction) {
  const Value& about = graph[value];
  if (about.kind != ValueKind::result || !about.producer.valid()) return nullptr;
  const Op& op = graph[about.producer];
  const auto* definition = std::get_if<Definition>(&op.what);
  const bool is_plain = definition != nullptr && !definition->accumulate && !op.scan.valid() &&
                        definition->reduction == reduction && !definition->base.valid() &&
                        definition->has_identity_target();
  return is_plain ? definition : nullptr;
}

ExprId constant_element(const Definition& definition) {
  const bool is_constant = definition.dag[definition.body].kind == ExprKind::constant;
  return is_constant ? definition.body : ExprId{};
}

std::optional<ValueId> copied_value(const Graph& graph, const Definition& definition) {
  const Expr& body = definition.dag[definition.body];
  if (!definition.is_map() || body.kind != ExprKind::read) return std::nullopt;
  if (graph[body.tensor].type != natural_type(definition)) return std::nullopt;
  if (body.subscripts != definition.target) return std::nullopt;
  return body.tensor;
}

Definition simplified(const Definition& definition, const KnownTensors& known) {
  Definition result;
  result.indices = definition.indices;
  result.free_count = definition.free_count;
  result.reduction = definition.reduction;
  result.accumulate = definition.accumulate;
  Rebuilding rebuilt(definition, result, known);
  for (const Subscript& subscript : definition.target)
    result.target.push_back({subscript.affine, rebuilt(subscript.data)});
  result.body = rebuilt(definition.body);
  result.base = rebuilt(definition.base);
  if (known.gradients_are_taken) result = collapsed(std::move(result), known);
  result = without_unused_indices(without_single_values(std::move(result)));
  return without_empty_sum(std::move(result));
}

}  // namespace netc
