// The key says all that planning and emission look at: extents, expressions, accesses and which
// terms are left out, but neither names nor tensors.
#include "passes/plan_cache.h"

#include <fmt/format.h>

namespace netc {

namespace {

class Key {
 public:
  std::string of(const Graph& graph, const AccessedNest& nest) {
    add("{} {} {} {} {}", graph.capacity, updates_variables(graph), nest.nest.free_count,
        nest.nest.splits, nest.nest.packs);
    for (const Index& index : nest.nest.indices)
      add(" {}{}", index.extent.factor, index.extent.batch ? "N" : "");
    for (const Stage& stage : nest.nest.stages) add_stage(stage);
    for (uint32_t i = 0; i < nest.nest.dag.size(); ++i) add_node(nest, ExprId{i});
    for (size_t k = 0; k < nest.stores.size(); ++k) {
      const Store& store = nest.nest.stores[k];
      add("\n> {} {}", store.expr.index, store.accumulate);
      add_access(nest.stores[k]);
    }
    return fmt::to_string(text_);
  }

 private:
  template <typename... Values>
  void add(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
  }

  void add_stage(const Stage& stage) {
    add("\n+ {} {} {}", static_cast<int>(stage.reduction), stage.body.index, stage.base.index);
    for (IndexId index : stage.reduced) add(" {}", index.index);
    add_conditions(stage.where);
  }

  void add_conditions(const std::vector<Affine>& conditions) {
    for (const Affine& condition : conditions) {
      add(" &");
      add_affine(condition);
    }
  }

  void add_affine(const Affine& affine) {
    add(" {} {}", affine.constant, affine.batch);
    for (const Affine::Term& term : affine.terms) add(" {}*{}", term.coefficient, term.index.index);
  }

  void add_node(const AccessedNest& nest, ExprId id) {
    const Expr& expr = nest.nest.dag[id];
    add("\n{} {} {} {} {} {}", static_cast<int>(expr.kind), static_cast<int>(expr.type),
        static_cast<int>(expr.function), expr.number, expr.integer, expr.otherwise.index);
    if (expr.kind == ExprKind::index) add(" i{}", expr.index.index);
    for (ExprId arg : expr.args) add(" {}", arg.index);
    for (const Subscript& subscript : expr.subscripts) add(" {}", subscript.data.index);
    if (expr.kind != ExprKind::read) return;
    if (auto read = nest.reads.find(id); read != nest.reads.end()) return add_access(read->second);
    for (size_t k = 0; k < nest.nest.stages.size(); ++k)
      if (nest.nest.stages[k].value == expr.tensor) add(" stage {}", k);
  }

  void add_access(const Access& access) {
    add_count(access.constant);
    for (const auto& [index, stride] : access.strides) {
      add(" {}*", index.index);
      add_count(stride);
    }
    for (const auto& [data, stride] : access.data) {
      add(" [{}]*", data.index);
      add_count(stride);
    }
    for (const Guard& guard : access.guards) {
      add(" ?{}{} {}{} {}", guard.size.factor, guard.size.batch ? "N" : "", guard.lower,
          guard.upper, guard.data.index);
      add_affine(guard.affine);
    }
  }

  void add_count(const BatchCount& count) { add("({})", fmt::join(count.coefficients(), "+N*")); }

  fmt::memory_buffer text_;
};

}  // namespace

std::string nest_key(const Graph& graph, const AccessedNest& nest) { return Key().of(graph, nest); }

Plan PlanCache::plan(const Graph& graph, const AccessedNest& nest) {
  // In a scan it also matters where tensors come from.
  if (nest.nest.steps > 0) return make_plan(graph, nest, target_);
  auto [found, is_new] = plans_.try_emplace(nest_key(graph, nest));
  if (is_new) found->second = make_plan(graph, nest, target_);
  return found->second;
}

}  // namespace netc
