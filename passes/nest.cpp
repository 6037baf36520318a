// Definitions are imported one after the other; a read of an earlier one becomes its expression.
#include "passes/nest.h"

#include <map>

#include "ir/support/check.h"

namespace netc {

namespace {

/// Copies the expressions of one definition into a nest, with its indices renamed.
class Importer {
 public:
  Importer(Nest& nest, const Definition& definition, const std::map<ValueId, ExprId>& inlined)
      : nest_(nest), definition_(definition), inlined_(inlined) {
    for (uint32_t i = 0; i < definition.indices.size(); ++i) {
      if (i < definition.free_count) {
        indices_.push_back(IndexId{i});
        continue;
      }
      indices_.push_back(IndexId{static_cast<uint32_t>(nest.indices.size())});
      nest.indices.push_back(definition.indices[i]);
    }
  }

  ExprId import(ExprId root) {
    for (ExprId id : reachable(definition_.dag, root))
      if (!copies_.count(id)) copies_.emplace(id, copy(definition_.dag[id]));
    return copies_.at(root);
  }

  std::vector<Subscript> import(std::vector<Subscript> subscripts) {
    for (Subscript& subscript : subscripts) {
      if (subscript.data) subscript.data = import(subscript.data);
      subscript.affine = rename(subscript.affine);
    }
    return subscripts;
  }

  std::vector<IndexId> reduced() const {
    return {indices_.begin() + definition_.free_count, indices_.end()};
  }

 private:
  Affine rename(const Affine& affine) const {
    return affine.reindexed([&](IndexId k) { return Affine::of(indices_[k.index]); });
  }

  ExprId copy(Expr expr) {
    if (expr.kind == ExprKind::index) expr.index = indices_[expr.index.index];
    for (ExprId& arg : expr.args) arg = copies_.at(arg);
    for (Subscript& subscript : expr.subscripts) {
      subscript.affine = rename(subscript.affine);
      if (subscript.data) subscript.data = copies_.at(subscript.data);
    }
    if (expr.otherwise) expr.otherwise = copies_.at(expr.otherwise);
    if (expr.kind == ExprKind::read) {
      auto found = inlined_.find(expr.tensor);
      if (found != inlined_.end()) {
        NETC_CHECK(is_identity(expr.subscripts, nest_.free_count),
                   "a value of the kernel is read at another point");
        return found->second;
      }
    }
    return nest_.dag.add(std::move(expr));
  }

  Nest& nest_;
  const Definition& definition_;
  const std::map<ValueId, ExprId>& inlined_;
  std::vector<IndexId> indices_;
  std::map<ExprId, ExprId> copies_;
};

/// Removes the stages that no store depends on.
void drop_dead_stages(Nest& nest) {
  std::vector<bool> live(nest.stages.size());
  auto mark = [&](ExprId root) {
    if (!root) return;
    for (ExprId id : reachable(nest.dag, root)) {
      if (nest.dag[id].kind != ExprKind::read) continue;
      const Stage* stage = nest.stage_of(nest.dag[id].tensor);
      if (stage) live[stage - nest.stages.data()] = true;
    }
  };
  for (const Store& store : nest.stores) mark(store.expr);
  for (size_t i = nest.stages.size(); i-- > 0;) {
    if (!live[i]) continue;
    mark(nest.stages[i].body);
    mark(nest.stages[i].base);
  }
  std::vector<Stage> kept;
  for (size_t i = 0; i < live.size(); ++i)
    if (live[i]) kept.push_back(std::move(nest.stages[i]));
  nest.stages = std::move(kept);
}

std::vector<Subscript> identity(uint32_t count) {
  std::vector<Subscript> subscripts;
  for (uint32_t i = 0; i < count; ++i) subscripts.push_back({Affine::of(IndexId{i}), {}});
  return subscripts;
}

void add_indices(Nest& nest, const TensorType& type) {
  for (Dim dim : type.dims) nest.indices.push_back({fmt::format("i{}", nest.indices.size()), dim});
  nest.free_count = static_cast<uint32_t>(type.rank());
}

}  // namespace

const Stage* Nest::stage_of(ValueId value) const {
  for (const Stage& stage : stages)
    if (stage.value == value) return &stage;
  return nullptr;
}

bool is_identity(const std::vector<Subscript>& subscripts, uint32_t count) {
  if (subscripts.size() != count) return false;
  for (uint32_t i = 0; i < count; ++i)
    if (subscripts[i].data || subscripts[i].affine.single() != IndexId{i}) return false;
  return true;
}

bool takes_whole(const Graph& graph, const Definition& definition, const Expr& read) {
  if (!is_identity(read.subscripts, definition.free_count)) return false;
  const std::vector<Dim>& dims = graph[read.tensor].type.dims;
  for (uint32_t i = 0; i < definition.free_count; ++i)
    if (dims[i] != definition.indices[i].extent) return false;
  return true;
}

Nest make_nest(const Graph& graph, const std::vector<OpId>& definitions,
               const std::vector<bool>& needed) {
  Nest nest;
  std::map<ValueId, ExprId> inlined;
  for (OpId id : definitions) {
    const auto& definition = std::get<Definition>(graph[id].what);
    ValueId value = graph[id].results[0];
    if (nest.indices.empty()) {
      nest.free_count = definition.free_count;
      nest.indices.assign(definition.indices.begin(),
                          definition.indices.begin() + definition.free_count);
    }
    NETC_CHECK(definition.free_count == nest.free_count, "the domains of a kernel differ");
    Importer importer(nest, definition, inlined);
    ExprId body = importer.import(definition.body);
    ExprBuilder builder(nest.dag);
    if (definition.reduction != Reduction::none) {
      ExprId base = definition.base ? importer.import(definition.base) : ExprId{};
      nest.stages.push_back({value, definition.reduction, importer.reduced(), body, base});
      body = builder.read(value, graph[value].type.dtype, identity(nest.free_count));
    }
    inlined.emplace(value, body);
    if (needed[value.index])
      nest.stores.push_back({value,
                             body,
                             importer.import(definition.target),
                             graph[value].type,
                             {},
                             definition.accumulate});
  }
  drop_dead_stages(nest);
  return nest;
}

Nest make_copy(const Graph& graph, ValueId from, const TensorType& to, uint32_t axis,
               const Affine& offset) {
  Nest nest;
  const TensorType& type = graph[from].type;
  add_indices(nest, type);
  std::vector<Subscript> target = identity(nest.free_count);
  ExprId value = ExprBuilder(nest.dag).read(from, type.dtype, target);
  if (axis < target.size()) target[axis].affine.add(offset);
  nest.stores.push_back({{}, value, target, to, {}, false});
  return nest;
}

Affine behind(Affine offset, Dim size) {
  (size.batch ? offset.batch : offset.constant) += size.factor;
  return offset;
}

Nest make_zeros(const TensorType& type) {
  Nest nest;
  add_indices(nest, type);
  ExprId zero = ExprBuilder(nest.dag).number(0, type.dtype);
  nest.stores.push_back({{}, zero, identity(nest.free_count), type, {}, false});
  return nest;
}

}  // namespace netc
