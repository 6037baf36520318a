#include "passes/pieces.h"

#include <algorithm>
#include <optional>
#include <set>

#include "passes/algebra.h"

namespace netc {

namespace {

using Parts = std::map<ValueId, Piece>;

/// The terms of a sum of two or more reads, each once; empty: it is something else.
std::vector<ExprId> reads_of_sum(const ExprDag& dag, ExprId root) {
  std::vector<ExprId> reads, open = {root};
  std::set<ExprId> seen;
  while (!open.empty()) {
    const ExprId node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) return {};
    const Expr& expr = dag[node];
    if (expr.kind == ExprKind::read) {
      reads.push_back(node);
    } else if (expr.is_call(Function::add)) {
      open.insert(open.end(), expr.args.begin(), expr.args.end());
    } else {
      return {};
    }
  }
  return reads.size() > 1 ? reads : std::vector<ExprId>{};
}

class PieceFinder {
 public:
  PieceFinder(const Graph& graph, const std::vector<std::vector<OpId>>& groups)
      : graph_(graph), group_of_(graph.ops.size()) {
    for (size_t g = 0; g < groups.size(); ++g)
      for (const OpId op : groups[g]) group_of_[op.index] = g;
    for (uint32_t i = 0; i < graph.ops.size(); ++i)
      for (const ValueId operand : operands(graph.ops[i])) readers_[operand].push_back(OpId{i});
    for (const GraphResult& result : graph.results) results_.insert(result.value);
    for (const Op& op : graph.ops)
      if (const auto* update = std::get_if<Update>(&op.what)) updates_.insert(update->value);
  }

  void add(OpId op) {
    const ValueId whole = graph_[op].results[0];
    const std::optional<Parts> parts = parts_of(op, whole);
    if (!parts || updates_.count(whole)) return;
    for (const auto& [value, piece] : *parts)
      if (!is_free(value, op)) return;
    found_.insert(parts->begin(), parts->end());
    wholes_.insert(whole);
  }

  Parts take() { return std::move(found_); }

 private:
  std::optional<Parts> parts_of(OpId op, ValueId whole) const {
    if (const auto* concat = std::get_if<Concat>(&graph_[op].what)) return parts_of(*concat, whole);
    const auto* definition = std::get_if<Definition>(&graph_[op].what);
    return definition ? parts_of(*definition, whole) : std::nullopt;
  }

  std::optional<Parts> parts_of(const Concat& concat, ValueId whole) const {
    Parts parts;
    Affine offset;
    for (const ValueId operand : concat.operands) {
      if (!parts.insert({operand, {whole, concat.axis, offset, false}}).second) return {};
      offset = behind(offset, graph_[operand].type.dims[concat.axis]);
    }
    return parts;
  }

  /// Of `(a[i] else 0) + (b[i - 3] else 0)`, where a has 3 elements and the whole as many as both.
  std::optional<Parts> parts_of(const Definition& sum, ValueId whole) const {
    if (!sum.is_map()) return {};
    Parts parts;
    std::map<Affine, Affine> end_of;  // by where a piece begins
    std::optional<uint32_t> axis;
    for (const ExprId node : reads_of_sum(sum.dag, sum.body)) {
      const Expr& read = sum.dag[node];
      const std::optional<Piece> piece = piece_of(sum, read, whole);
      if (!piece || (axis && axis != piece->axis)) return {};
      axis = piece->axis;
      end_of[piece->offset] = behind(piece->offset, graph_[read.tensor].type.dims[piece->axis]);
      if (!parts.insert({read.tensor, *piece}).second) return {};
    }
    if (parts.empty() || end_of.size() != parts.size()) return {};
    Affine covered;
    for (auto at = end_of.find(covered); at != end_of.end(); at = end_of.find(covered)) {
      covered = at->second;
      end_of.erase(at);
    }
    const Affine end = behind({}, graph_[whole].type.dims[*axis]);
    return end_of.empty() && covered == end ? std::optional(parts) : std::nullopt;
  }

  /// What a read is of a whole whose elements it gives at its own points, and else 0.
  std::optional<Piece> piece_of(const Definition& sum, const Expr& read, ValueId whole) const {
    const std::vector<Dim>& all = graph_[whole].type.dims;
    const std::vector<Dim>& own = graph_[read.tensor].type.dims;
    if (own.size() != all.size() || graph_[read.tensor].type.dtype != graph_[whole].type.dtype)
      return {};
    const bool is_zero_outside =
        read.otherwise.valid() && is_positive_zero(sum.dag, read.otherwise);
    if (!is_zero_outside || !is_float(read.type)) return {};
    std::optional<Piece> piece;
    for (uint32_t k = 0; k < own.size(); ++k) {
      const Subscript& subscript = read.subscripts[k];
      Affine offset = Affine::of(IndexId{k});
      offset.add(subscript.affine, -1);
      if (subscript.data || !offset.is_constant()) return {};
      if (own[k] == all[k] && offset == Affine{}) continue;
      if (piece || own[k].batch || all[k].batch || offset.batch != 0) return {};
      piece = Piece{whole, k, offset, true};
    }
    return piece;
  }

  /// Whether a value may lie where the whole does that this op makes.
  bool is_free(ValueId value, OpId whole) const {
    const bool is_placed = results_.count(value) || updates_.count(value) || wholes_.count(value) ||
                           found_.count(value);
    if (graph_[value].kind != ValueKind::result || is_placed) return false;
    const OpId producer = graph_[value].producer;
    const auto* definition = std::get_if<Definition>(&graph_[producer].what);
    if (!definition || definition->accumulate || !definition->has_identity_target()) return false;
    if (graph_[producer].scan != graph_[whole].scan) return false;
    const std::vector<OpId>& readers = readers_.at(value);
    return std::all_of(readers.begin(), readers.end(), [&](OpId reader) {
      return reader == whole || (group_of_[reader.index] == group_of_[producer.index] &&
                                 std::holds_alternative<Definition>(graph_[reader].what));
    });
  }

  const Graph& graph_;
  std::vector<size_t> group_of_;
  std::map<ValueId, std::vector<OpId>> readers_;
  std::set<ValueId> results_, updates_;  ///< of the graph: values that it gives, and that it keeps
  std::set<ValueId> wholes_;             ///< of the pieces found
  Parts found_;
};

}  // namespace

std::map<ValueId, Piece> find_pieces(const Graph& graph,
                                     const std::vector<std::vector<OpId>>& groups) {
  PieceFinder finder(graph, groups);
  for (const std::vector<OpId>& group : groups)
    if (group.size() == 1) finder.add(group[0]);
  return finder.take();
}

void store_in_whole(const Graph& graph, const Piece& piece, Nest& nest, Store& store) {
  store.target[piece.axis].affine.add(piece.offset);
  store.type = graph[piece.whole].type;
  ExprBuilder builder(nest.dag);
  if (piece.is_sum) store.expr = builder.add(store.expr, builder.number(0, store.type.dtype));
}

}  // namespace netc
