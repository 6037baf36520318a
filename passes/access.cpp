// Subscripts become offsets first; indices merge on the offsets, where splitting is no longer seen.
#include "passes/access.h"

#include <algorithm>
#include <set>

namespace netc {

namespace {

class Accessor {
 public:
  Accessor(const Graph& graph, Nest nest) : graph_(graph) { result_.nest = std::move(nest); }

  AccessedNest run() {
    find_accesses();
    merge_indices();
    for (uint32_t k = 0; k < result_.nest.steps; ++k) result_.nest.indices[k].extent = {1, false};
    find_dependences();
    return std::move(result_);
  }

 private:
  /// Calls `visit` for every node that is computed, operands first, each once.
  template <typename Visit>
  void for_each_node(const Visit& visit) {
    std::set<ExprId> seen;
    auto from = [&](ExprId root) {
      if (!root || seen.count(root)) return;
      for (ExprId id : reachable(result_.nest.dag, root))
        if (seen.insert(id).second) visit(id);
    };
    for (const Stage& stage : result_.nest.stages) {
      from(stage.body);
      from(stage.base);
    }
    for (const Store& store : result_.nest.stores) {
      for (const Subscript& subscript : store.target) from(subscript.data);
      from(store.expr);
    }
  }

  void find_accesses() {
    for_each_node([&](ExprId id) {
      const Expr& expr = result_.nest.dag[id];
      if (expr.kind != ExprKind::read || result_.nest.stage_of(expr.tensor)) return;
      result_.reads.emplace(
          id, access(expr.subscripts, graph_[expr.tensor].type, expr.otherwise.valid()));
    });
    for (const Store& store : result_.nest.stores)
      result_.stores.push_back(access(store.target, store.type, true));
  }

  Access access(const std::vector<Subscript>& subscripts, const TensorType& type, bool guarded) {
    Access access;
    std::vector<BatchCount> dims = strides(type);
    for (size_t d = 0; d < subscripts.size(); ++d) {
      const auto& [affine, data] = subscripts[d];
      access.constant.add(dims[d], affine.constant);
      if (affine.batch) access.constant.add(dims[d].times({affine.batch, true}));
      for (const Affine::Term& term : affine.terms)
        access.strides[term.index].add(dims[d], term.coefficient);
      if (data) access.data.push_back({data, dims[d]});
      if (guarded) add_guard(access, subscripts[d], type.dims[d]);
    }
    std::erase_if(access.strides, [](const auto& entry) { return entry.second.is_zero(); });
    return access;
  }

  void add_guard(Access& access, const Subscript& subscript, Dim size) {
    Guard guard{subscript.affine, subscript.data, size, true, true};
    if (!subscript.data) {
      // Bounds are linear in N: what holds for the smallest and the largest holds between.
      Interval least = bounds(guard.affine, result_.nest.indices, 1);
      Interval most = bounds(guard.affine, result_.nest.indices, graph_.capacity);
      guard.lower = least.low < 0 || most.low < 0;
      guard.upper = least.high >= size.at(1) || most.high >= size.at(graph_.capacity);
    }
    if (guard.lower || guard.upper) access.guards.push_back(std::move(guard));
  }

  /// Merges neighbouring indices, the last pair first, so that chains merge whole.
  void merge_indices() {
    pin_indices();
    auto merge_list = [&](const std::vector<IndexId>& list) {
      IndexId inner = list.empty() ? IndexId{} : list.back();
      for (size_t k = list.size(); k-- > 1;)
        if (!try_merge(list[k - 1], inner)) inner = list[k - 1];
    };
    std::vector<IndexId> free;
    for (uint32_t i = 0; i < result_.nest.free_count; ++i) free.push_back(IndexId{i});
    merge_list(free);
    for (const Stage& stage : result_.nest.stages) merge_list(stage.reduced);
  }

  /// Indices that are values, that a guard compares, or that count steps stay as they are.
  void pin_indices() {
    for (uint32_t k = 0; k < result_.nest.steps; ++k) pinned_.insert(IndexId{k});
    auto pin = [&](const Access& access) {
      for (const Guard& guard : access.guards)
        for (const Affine::Term& term : guard.affine.terms) pinned_.insert(term.index);
    };
    for_each_node([&](ExprId id) {
      const Expr& expr = result_.nest.dag[id];
      if (expr.kind == ExprKind::index) pinned_.insert(expr.index);
    });
    for (const Stage& stage : result_.nest.stages)
      for (const Affine& condition : stage.where)
        for (const Affine::Term& term : condition.terms) pinned_.insert(term.index);
    for (const auto& [id, access] : result_.reads) pin(access);
    for (const Access& access : result_.stores) pin(access);
  }

  /// Makes `outer` part of `inner`, if all accesses cross from one to the other contiguously.
  bool try_merge(IndexId outer, IndexId inner) {
    Dim& outer_extent = result_.nest.indices[outer.index].extent;
    Dim& inner_extent = result_.nest.indices[inner.index].extent;
    if (pinned_.count(outer) || pinned_.count(inner)) return false;
    if (outer_extent.batch && inner_extent.batch) return false;
    auto crosses = [&](const Access& access) {
      return access.stride(outer) == access.stride(inner).times(inner_extent);
    };
    for (const auto& [id, access] : result_.reads)
      if (!crosses(access)) return false;
    for (const Access& access : result_.stores)
      if (!crosses(access)) return false;

    for (auto& [id, access] : result_.reads) access.strides.erase(outer);
    for (Access& access : result_.stores) access.strides.erase(outer);
    inner_extent = {inner_extent.factor * outer_extent.factor,
                    inner_extent.batch || outer_extent.batch};
    outer_extent = {1, false};
    return true;
  }

  void find_dependences() {
    const Nest& nest = result_.nest;
    std::vector<IndexSet>& depends = result_.depends;
    depends.assign(nest.dag.size(), 0);
    IndexSet all_free = 0;
    for (uint32_t i = 0; i < nest.free_count; ++i) all_free |= bit(IndexId{i});
    for_each_node([&](ExprId id) {
      const Expr& expr = nest.dag[id];
      IndexSet set = 0;
      if (expr.kind == ExprKind::index) set |= bit(expr.index);
      for (ExprId arg : expr.args) set |= depends[arg.index];
      if (expr.otherwise) set |= depends[expr.otherwise.index];
      if (expr.kind == ExprKind::read && nest.stage_of(expr.tensor)) set |= all_free;
      auto read = result_.reads.find(id);
      if (read != result_.reads.end()) {
        for (const auto& [index, stride] : read->second.strides) set |= bit(index);
        for (const auto& [data, stride] : read->second.data) set |= depends[data.index];
        for (const Guard& guard : read->second.guards)
          for (const Affine::Term& term : guard.affine.terms) set |= bit(term.index);
      }
      depends[id.index] = set;
    });
  }

  const Graph& graph_;
  AccessedNest result_;
  std::set<IndexId> pinned_;
};

}  // namespace

BatchCount Access::stride(IndexId index) const {
  auto found = strides.find(index);
  return found == strides.end() ? BatchCount() : found->second;
}

AccessedNest access(const Graph& graph, Nest nest) {
  return Accessor(graph, std::move(nest)).run();
}

}  // namespace netc
