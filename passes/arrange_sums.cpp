// 1. From the last operation to the first, each addition is taken apart into its terms, through all
//    definitions that nothing else reads.
// 2. The terms are sorted, and each sum becomes the definition of a running total: its base is the
//    total so far, with those other terms that can be computed where it is.
// 3. What is left over, as it needs a step of a scan that the sums do not, is added where the
//    addition was.
#include "passes/arrange_sums.h"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "passes/nest.h"

namespace netc {

namespace {

/// A definition that is taken apart.
struct Source {
  Definition definition;
  std::vector<Key> keys;        ///< by node
  std::vector<size_t> parents;  ///< by node
};

/// What is added: an expression, or what a definition sums.
struct Term {
  size_t depth;  ///< how many of the scans around the addition it needs
  Key key;
  const Source* source;
  ExprId node;  ///< of an expression
  OpId op;      ///< of a sum
  friend bool operator<(const Term& a, const Term& b) {
    return std::tie(a.depth, a.key) < std::tie(b.depth, b.key);
  }
};

/// The terms of an addition.
struct Terms {
  std::vector<Term> sums, others;
};

class Arranger {
 public:
  Arranger(Graph& graph, const Keys& keys)
      : graph_(graph), keys_(keys), reads_(reads_of_values(graph)), done_(graph.ops.size()) {}

  /// Step 1.
  void run() {
    for (size_t i = graph_.ops.size(); i-- > 0;) {
      const OpId op{static_cast<uint32_t>(i)};
      const Definition* definition = plain(op);
      if (done_[i] || !definition) continue;
      if (definition->reduction == Reduction::none)
        arrange_map(op, source(op));
      else if (definition->base.valid())
        arrange_sum(op, source(op));
    }
  }

 private:
  /// A map or sum over its whole result.
  const Definition* plain(OpId op) const {
    const auto* definition = std::get_if<Definition>(&graph_[op].what);
    if (!definition || !definition->has_identity_target() || definition->accumulate) return nullptr;
    const Reduction reduction = definition->reduction;
    return reduction == Reduction::none || reduction == Reduction::sum ? definition : nullptr;
  }

  const Source& source(OpId op) {
    Source& source = sources_.emplace_back(Source{std::get<Definition>(graph_[op].what), {}, {}});
    const ExprDag& dag = source.definition.dag;
    source.keys = keys_.of_nodes(source.definition);
    source.parents.resize(dag.size());
    for (const ExprId node : reachable(source.definition)) {
      for (const ExprId arg : dag[node].args) ++source.parents[arg.index];
      for (const Subscript& subscript : dag[node].subscripts)
        if (subscript.data.valid()) ++source.parents[subscript.data.index];
      if (dag[node].otherwise.valid()) ++source.parents[dag[node].otherwise.index];
    }
    return source;
  }

  void arrange_sum(OpId op, const Source& from) {
    Terms terms;
    collect(op, from, from.definition.base, terms);
    add_sum(op, op, from, terms);
    link(op, terms, op);
  }

  void arrange_map(OpId op, const Source& from) {
    const ExprDag& dag = from.definition.dag;
    const std::vector<ExprId> nodes = reachable(dag, from.definition.body);
    std::vector<bool> seen(dag.size());  // as parts of additions
    std::map<ExprId, ExprId> totals;     // of additions, in the new definition
    Definition to = from.definition;
    ExprBuilder b(to.dag);
    for (size_t i = nodes.size(); i-- > 0;) {
      if (seen[nodes[i].index] || !is_addition(dag[nodes[i]])) continue;
      Terms terms;
      for (const ExprId inner : collect(op, from, nodes[i], terms)) seen[inner.index] = true;
      if (terms.sums.empty()) continue;
      for (const ExprId below : reachable(dag, nodes[i])) seen[below.index] = true;
      const bool all_sums = deepest(terms) == scans_of(graph_, graph_[op]).size();
      if (nodes[i] == from.definition.body && all_sums) {
        link(op, terms, op);
        return;
      }
      ExprId total = read(b, to, link(op, terms, {}));
      for (const Term& term : terms.others) total = b.add(total, copied(term, b));
      totals.emplace(nodes[i], total);
    }
    if (totals.empty()) return;
    size_t next = 0;
    to.body = copy_expr(dag, nodes, [&](Expr expr) {
      const auto total = totals.find(nodes[next++]);
      return total == totals.end() ? b.node(std::move(expr)) : total->second;
    });
    graph_[op].what = std::move(to);
  }

  static bool is_addition(const Expr& expr) {
    return expr.kind == ExprKind::apply && expr.function == Function::add;
  }

  static size_t deepest(const Terms& terms) {
    return std::max_element(terms.sums.begin(), terms.sums.end())->depth;
  }

  /// Takes apart what is added at `op`. Returns the additions of `from` that it met.
  std::vector<ExprId> collect(OpId op, const Source& from, ExprId root, Terms& terms) {
    std::vector<ExprId> additions;
    std::vector<std::pair<const Source*, ExprId>> open = {{&from, root}};
    while (!open.empty()) {
      const auto [source, node] = open.back();
      open.pop_back();
      const Expr& expr = source->definition.dag[node];
      const bool is_step = (source == &from && node == root) || source->parents[node.index] <= 1;
      if (is_step && is_addition(expr)) {
        if (source == &from) additions.push_back(node);
        for (const ExprId arg : expr.args) open.emplace_back(source, arg);
        continue;
      }
      const OpId inner = is_step ? step_of(op, from.definition, expr) : OpId{};
      if (!inner.valid()) {
        terms.others.push_back(
            {depth(op, *source, node), source->keys[node.index], source, node, {}});
        continue;
      }
      const Source& next = this->source(inner);
      done_[inner.index] = true;
      if (next.definition.reduction == Reduction::sum) {
        add_sum(op, inner, next, terms);
        if (next.definition.base.valid()) open.emplace_back(&next, next.definition.base);
      } else {
        open.emplace_back(&next, next.definition.body);
      }
    }
    return additions;
  }

  /// The operation that a read takes a whole sum or addition from which nothing else reads, if it
  /// runs where `op` does or before a scan around that; invalid: there is none.
  OpId step_of(OpId op, const Definition& reader, const Expr& expr) const {
    if (expr.kind != ExprKind::read || expr.otherwise.valid()) return {};
    const Value& value = graph_[expr.tensor];
    if (value.kind != ValueKind::result || reads_[expr.tensor.index] != 1) return {};
    const Definition* definition = plain(value.producer);
    if (!definition || !takes_whole(graph_, reader, expr)) return {};
    const bool adds =
        definition->reduction == Reduction::sum || is_addition(definition->dag[definition->body]);
    const Op& producer = graph_[value.producer];
    const bool around =
        shared_scans(graph_, graph_[op], producer) == scans_of(graph_, producer).size();
    return adds && around ? value.producer : OpId{};
  }

  size_t depth(OpId op, const Source& source, ExprId root) const {
    size_t depth = 0;
    for (const ExprId node : reachable(source.definition.dag, root)) {
      const Expr& expr = source.definition.dag[node];
      if (expr.kind != ExprKind::read || graph_[expr.tensor].kind != ValueKind::result) continue;
      const Op& producer = graph_[graph_[expr.tensor].producer];
      depth = std::max(depth, shared_scans(graph_, graph_[op], producer));
    }
    return depth;
  }

  /// Adds what `sum` sums to the terms of what is added at `op`.
  void add_sum(OpId op, OpId sum, const Source& from, Terms& terms) {
    const Definition& definition = from.definition;
    terms.sums.push_back(
        {depth(op, from, definition.body), keys_.of_reduction(definition), &from, {}, sum});
  }

  /// Step 2: the sums that are added at `op` become running totals, each in the scans that it
  /// needs, the last of them at `end` if that is valid. Returns the last, and leaves in `terms`
  /// what could not be added on the way.
  ValueId link(OpId op, Terms& terms, OpId end) {
    const std::vector<ScanId> scans = scans_of(graph_, graph_[op]);
    std::sort(terms.sums.begin(), terms.sums.end());
    std::sort(terms.others.begin(), terms.others.end());
    if (end.valid()) {
      for (Term& sum : terms.sums)
        if (sum.op == end) sum.op = terms.sums.back().op;
      terms.sums.back().op = end;
    }
    ValueId total;
    auto next = terms.others.begin();
    for (const Term& sum : terms.sums) {
      const Definition& from = sum.source->definition;
      Definition to{.indices = from.indices,
                    .free_count = from.free_count,
                    .reduction = Reduction::sum,
                    .target = from.target};
      ExprBuilder b(to.dag);
      if (total.valid()) to.base = read(b, to, total);
      for (; next != terms.others.end() && next->depth <= sum.depth; ++next) {
        const ExprId other = copied(*next, b);
        to.base = to.base.valid() ? b.add(to.base, other) : other;
      }
      to.body = copy_expr(from.dag, from.body, b);
      graph_[sum.op].what = std::move(to);
      if (sum.op != end) graph_[sum.op].scan = sum.depth > 0 ? scans[sum.depth - 1] : ScanId{};
      done_[sum.op.index] = true;
      total = graph_[sum.op].results[0];
    }
    terms.others.erase(terms.others.begin(), next);
    return total;
  }

  static ExprId copied(const Term& term, ExprBuilder& b) {
    return copy_expr(term.source->definition.dag, term.node, b);
  }

  /// A value at the free indices.
  ExprId read(ExprBuilder& b, const Definition& definition, ValueId value) const {
    std::vector<Subscript> subscripts;
    for (uint32_t k = 0; k < definition.free_count; ++k)
      subscripts.push_back({Affine::of(IndexId{k}), {}});
    return b.read(value, graph_[value].type.dtype, std::move(subscripts));
  }

  Graph& graph_;
  const Keys& keys_;
  std::vector<uint32_t> reads_;  ///< by value
  std::vector<bool> done_;       ///< by operation: part of an addition that has been arranged
  std::deque<Source> sources_;
};

}  // namespace

void arrange_sums(Graph& graph, const Keys& keys) { Arranger(graph, keys).run(); }

}  // namespace netc
