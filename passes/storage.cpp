// Views share their operand's buffer; updates claim their variable's first, then results the
// caller's memory, and what is left goes to the arena.
#include "passes/storage.h"

#include <map>
#include <set>

#include "ir/support/check.h"
#include "passes/nest.h"

namespace netc {

using loops::BufferId;
using loops::Place;

namespace {

class Placer {
 public:
  Placer(const Graph& graph, const std::vector<std::vector<OpId>>& groups, loops::Step& step)
      : graph_(graph), groups_(groups), step_(step) {}

  Storage run() {
    size_t count = graph_.values.size();
    storage_.root.resize(count);
    storage_.buffer.resize(count);
    storage_.needed.resize(count);
    group_of_.resize(count, none);
    find_roots();
    find_needed();
    place_givens();
    place_updates();
    place_results();
    place_pieces();
    place_rest();
    return std::move(storage_);
  }

 private:
  static constexpr size_t none = ~size_t{0};

  ValueId root(ValueId value) const { return storage_.root[value.index]; }
  BufferId& buffer(ValueId value) { return storage_.buffer[root(value).index]; }

  void find_roots() {
    for (uint32_t v = 0; v < graph_.values.size(); ++v) storage_.root[v] = ValueId{v};
    for (const Op& op : graph_.ops)
      if (auto* reshape = std::get_if<Reshape>(&op.what))
        storage_.root[op.results[0].index] = root(reshape->operand);
    for (size_t g = 0; g < groups_.size(); ++g)
      for (OpId op : groups_[g])
        for (ValueId value : graph_[op].results) group_of_[value.index] = g;
  }

  /// Memory holds what another group reads, results, and what updates store.
  void find_needed() {
    auto need = [&](ValueId value) {
      storage_.needed[value.index] = true;
      storage_.needed[root(value).index] = true;
    };
    for (size_t g = 0; g < groups_.size(); ++g)
      for (OpId op : groups_[g])
        for (ValueId value : operands(graph_[op])) {
          bool view = root(value) != value;
          if (view || group_of_[value.index] != g) need(value);
          readers_[root(value)].push_back({g, op});
        }
    for (const GraphResult& result : graph_.results) need(result.value);
    for (const Op& op : graph_.ops)
      if (auto* update = std::get_if<Update>(&op.what)) need(update->value);
  }

  BufferId add_buffer(std::string name, const TensorType& type, Place where, int64_t slot) {
    std::string stem = name;
    for (int copy = 2; !names_.insert(name).second; ++copy) name = fmt::format("{}.{}", stem, copy);
    step_.buffers.push_back({std::move(name), type, where, slot, -1});
    return BufferId{static_cast<uint32_t>(step_.buffers.size() - 1)};
  }

  void place_givens() {
    for (size_t i = 0; i < graph_.inputs.size(); ++i) {
      const Value& value = graph_[graph_.inputs[i]];
      buffer(graph_.inputs[i]) =
          add_buffer(value.name, value.type, Place::input, static_cast<int64_t>(i));
    }
    for (ValueId id : graph_.variables)
      buffer(id) = add_buffer(graph_[id].name, graph_[id].type, Place::variable, 0);
    for (ValueId id : graph_.settings)
      buffer(id) = add_buffer(graph_[id].name, graph_[id].type, Place::setting, 0);
  }

  void place_updates() {
    for (const Op& op : graph_.ops) {
      auto* update = std::get_if<Update>(&op.what);
      if (!update) continue;
      if (may_update_in_place(*update)) buffer(update->value) = buffer(update->variable);
    }
    for (const Op& op : graph_.ops) {
      auto* update = std::get_if<Update>(&op.what);
      if (!update || root(update->value) == update->variable) continue;
      if (buffer(update->value) == buffer(update->variable) && buffer(update->value)) continue;
      store_after(update->value, buffer(update->variable));
    }
  }

  /// Copies at the end of the step; through a buffer of its own where the source is a variable,
  /// which another copy may overwrite.
  void store_after(ValueId from, BufferId to) {
    BufferId saved;
    if (graph_[root(from)].kind == ValueKind::variable) {
      saved = add_buffer(graph_[from].name, graph_[from].type, Place::arena, 0);
      storage_.saved.push_back({from, saved});
    }
    storage_.after.push_back({saved, {from, to}});
  }

  /// In place if the new value is a definition that writes each element where it reads the old
  /// one, and all other readers of the old value have finished in earlier kernels.
  bool may_update_in_place(const Update& update) {
    ValueId value = root(update.value);
    const Value& producer = graph_[value];
    if (value != update.value || producer.kind != ValueKind::result || buffer(value)) return false;
    // A scan writes step by step, and reads on.
    if (graph_[producer.producer].scan) return false;
    const auto* definition = std::get_if<Definition>(&graph_[producer.producer].what);
    if (!definition || definition->accumulate || !definition->has_identity_target()) return false;
    return !is_kept(update.variable) && ends_in(update.variable, group_of_[value.index]);
  }

  /// Whether the step ends with copying a value somewhere.
  bool is_kept(ValueId value) const {
    const auto updates = [&](const Op& op) {
      const auto* update = std::get_if<Update>(&op.what);
      return update && root(update->value) == value;
    };
    const auto gives = [&](const GraphResult& result) { return root(result.value) == value; };
    return std::any_of(graph_.results.begin(), graph_.results.end(), gives) ||
           std::any_of(graph_.ops.begin(), graph_.ops.end(), updates);
  }

  /// Whether nobody reads a value after a group, and this only where it writes its own elements.
  bool ends_in(ValueId value, size_t group) const {
    const auto readers = readers_.find(value);
    const auto comes_later = [&](const auto& reader) { return reader.first > group; };
    if (readers != readers_.end() &&
        std::any_of(readers->second.begin(), readers->second.end(), comes_later))
      return false;
    std::vector<ValueId> made_of_it = {value};
    for (const OpId id : groups_[group]) {
      const Op& op = graph_[id];
      bool reads = false;
      for (const ValueId operand : operands(op))
        for (const ValueId made : made_of_it) {
          if (root(operand) != made) continue;
          if (!reads_pointwise(op, made)) return false;
          reads = true;
        }
      if (reads) made_of_it.insert(made_of_it.end(), op.results.begin(), op.results.end());
    }
    return true;
  }

  /// An operand that nobody reads after a definition of the same type has taken each element in
  /// place of which it writes its own; invalid: there is none.
  ValueId replaced_by(ValueId value) const {
    const Op& op = graph_[graph_[value].producer];
    const auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || definition->accumulate || !definition->has_identity_target()) return {};
    for (ValueId operand : operands(op)) {
      // What is not stored is computed where it is read.
      const bool is_stored =
          group_of_[operand.index] != group_of_[value.index] || storage_.needed[operand.index];
      if (is_stored && may_replace(operand, value)) return operand;
      if (const ValueId found = is_stored ? ValueId{} : replaced_by(operand); found.valid())
        if (may_replace(found, value)) return found;
    }
    return {};
  }

  bool may_replace(ValueId operand, ValueId value) const {
    const Value& old = graph_[operand];
    const size_t group = group_of_[value.index];
    if (root(operand) != operand || old.kind != ValueKind::result || old.type != graph_[value].type)
      return false;
    const BufferId place = storage_.buffer[operand.index];
    if (!place || step_.buffers[place.index].place != Place::arena) return false;
    if (group_of_[operand.index] >= group || claimed_.count({place, group})) return false;
    // What a scan repeats comes again after this group.
    const Op& producer = graph_[graph_[value].producer];
    const auto comes_again = [&](const Op& op) { return shared_scans(graph_, op, producer) > 0; };
    const auto& readers = readers_.at(operand);
    const bool is_read_again = std::any_of(readers.begin(), readers.end(), [&](const auto& reader) {
      return reader.first != group && comes_again(graph_[reader.second]);
    });
    if (comes_again(graph_[old.producer]) || is_read_again) return false;
    return !is_kept(operand) && ends_in(operand, group);
  }

  bool reads_pointwise(const Op& op, ValueId variable) const {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (!definition || !definition->has_identity_target()) return false;
    for (uint32_t i = 0; i < definition->dag.size(); ++i) {
      const Expr& expr = definition->dag[ExprId{i}];
      if (expr.kind != ExprKind::read || root(expr.tensor) != variable) continue;
      if (expr.tensor != variable || !is_identity(expr.subscripts, definition->free_count))
        return false;
      if (definition->reduction != Reduction::none && under_reduction(*definition, ExprId{i}))
        return false;
    }
    return true;
  }

  /// Reads within a reduction come before the write as well, but through its loops.
  static bool under_reduction(const Definition& definition, ExprId read) {
    for (ExprId id : reachable(definition.dag, definition.body))
      if (id == read) return true;
    return false;
  }

  void place_results() {
    for (size_t k = 0; k < graph_.results.size(); ++k) {
      const GraphResult& result = graph_.results[k];
      const Value& source = graph_[root(result.value)];
      std::string name = result.name.empty() ? std::string(netc::name(result.kind)) : result.name;
      BufferId output =
          add_buffer(name, graph_[result.value].type, Place::output, static_cast<int64_t>(k));
      if (source.kind != ValueKind::result) {
        storage_.before.push_back({result.value, output});
      } else if (!buffer(result.value)) {
        buffer(result.value) = output;
      } else {
        storage_.after.push_back({BufferId{}, {result.value, output}});
      }
    }
  }

  void place_pieces() {
    for (const auto& [value, piece] : find_pieces(graph_, groups_)) {
      BufferId& place = buffer(piece.whole);
      const Value& whole = graph_[piece.whole];
      if (!place && storage_.needed[piece.whole.index])
        place = add_buffer(whole.name, whole.type, Place::arena, 0);
      if (!place) continue;
      storage_.needed[piece.whole.index] = false;
      buffer(value) = place;
      storage_.pieces.insert({value, piece});
    }
  }

  void place_rest() {
    for (const std::vector<OpId>& group : groups_)
      for (OpId op : group)
        for (ValueId value : graph_[op].results) {
          if (root(value) != value || !storage_.needed[value.index] || buffer(value)) continue;
          if (const ValueId operand = replaced_by(value)) {
            buffer(value) = buffer(operand);
            claimed_.insert({buffer(value), group_of_[value.index]});
            continue;
          }
          buffer(value) = add_buffer(graph_[value].name, graph_[value].type, Place::arena, 0);
        }
  }

  const Graph& graph_;
  const std::vector<std::vector<OpId>>& groups_;
  loops::Step& step_;
  Storage storage_;
  std::vector<size_t> group_of_;
  std::map<ValueId, std::vector<std::pair<size_t, OpId>>> readers_;
  std::set<std::pair<BufferId, size_t>> claimed_;  ///< memory that a group writes in place
  std::set<std::string> names_;
};

}  // namespace

Storage place(const Graph& graph, const std::vector<std::vector<OpId>>& groups, loops::Step& step) {
  return Placer(graph, groups, step).run();
}

std::vector<std::vector<OpId>> groups_of(const Graph& graph) {
  std::vector<std::vector<OpId>> groups;
  std::vector<bool> grouped(graph.ops.size());
  for (const Group& group : graph.groups)
    for (OpId op : group.ops) grouped[op.index] = true;
  size_t next = 0;
  for (uint32_t i = 0; i < graph.ops.size(); ++i) {
    if (std::holds_alternative<Update>(graph.ops[i].what)) continue;
    if (!grouped[i]) {
      groups.push_back({OpId{i}});
    } else if (next < graph.groups.size() && graph.groups[next].ops[0] == OpId{i}) {
      groups.push_back(graph.groups[next++].ops);
    }
  }
  return groups;
}

}  // namespace netc
