// The graph: making values and operations, and what an operation reads.
#include "ir/graph.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "ir/ranges.h"

namespace netc {

std::string_view name(Reduction reduction) {
  constexpr std::array<std::string_view, 6> names = {"", "sum", "prod", "max", "min", "argmax"};
  return names[static_cast<size_t>(reduction)];
}

std::string_view name(VariableRole role) {
  constexpr std::array<std::string_view, 4> names = {"param", "state", "optimizer", "average"};
  return names[static_cast<size_t>(role)];
}

std::string_view name(ResultKind kind) {
  constexpr std::array<std::string_view, 4> names = {"loss", "output", "metric", "gradient"};
  return names[static_cast<size_t>(kind)];
}

bool Definition::has_identity_target() const {
  if (target.size() != free_count) return false;
  for (uint32_t i = 0; i < free_count; ++i)
    if (target[i].data.valid() || target[i].affine.single() != IndexId{i}) return false;
  return true;
}

ValueId Graph::add_value(Value value) {
  const ValueId id{static_cast<uint32_t>(values.size())};
  switch (value.kind) {
    case ValueKind::input:
      inputs.push_back(id);
      break;
    case ValueKind::setting:
      settings.push_back(id);
      break;
    case ValueKind::variable:
      variables.push_back(id);
      break;
    case ValueKind::result:
      break;
  }
  values.push_back(std::move(value));
  return id;
}

ValueId Graph::add_op(decltype(Op::what) what, TensorType type, std::string name,
                      SourceRange range) {
  const OpId op{static_cast<uint32_t>(ops.size())};
  const ValueId result = add_value({.name = unique_name(name),
                                    .type = std::move(type),
                                    .kind = ValueKind::result,
                                    .range = range,
                                    .producer = op});
  ops.push_back({.what = std::move(what), .results = {result}, .range = range});
  return result;
}

std::string Graph::unique_name(const std::string& name) const {
  NameIndex& index = name_index;
  // Passes may replace `values` as a whole: then what is known of them is gathered again.
  const bool replaced = index.known > values.size() ||
                        (index.known > 0 && values[index.known - 1].name != index.last);
  if (replaced) index = {};
  for (; index.known < values.size(); ++index.known)
    if (values[index.known].kind != ValueKind::variable)
      index.taken.insert(values[index.known].name);
  if (!values.empty()) index.last = values.back().name;

  if (!index.taken.contains(name)) return name;
  uint64_t& next = index.next[name];
  next = std::max<uint64_t>(next, 2);
  while (index.taken.contains(name + "." + std::to_string(next))) ++next;
  return name + "." + std::to_string(next);
}

void Graph::rename(ValueId value, const std::string& name) {
  const std::string fresh = unique_name(name);
  NameIndex& index = name_index;
  index.taken.erase(values[value.index].name);
  index.taken.insert(fresh);
  if (value.index + 1 == index.known) index.last = fresh;
  values[value.index].name = fresh;
}

bool Definition::is_map() const {
  return reduction == Reduction::none && !accumulate && has_identity_target();
}

void Graph::number_producers() {
  for (uint32_t i = 0; i < ops.size(); ++i)
    for (const ValueId result : ops[i].results) values[result.index].producer = OpId{i};
}

void Graph::put_behind(const std::map<OpId, std::vector<OpId>>& followers) {
  std::vector<bool> moves(ops.size());
  for (const auto& [op, behind_it] : followers)
    for (const OpId follower : behind_it) moves[follower.index] = true;
  std::vector<Op> ordered;
  const std::function<void(OpId)> put = [&](OpId op) {
    ordered.push_back(std::move(ops[op.index]));
    if (const auto found = followers.find(op); found != followers.end())
      for (const OpId follower : found->second) put(follower);
  };
  for (uint32_t i = 0; i < moves.size(); ++i)
    if (!moves[i]) put(OpId{i});
  ops = std::move(ordered);
  number_producers();
}

std::vector<ExprId> reachable(const Definition& definition) {
  std::vector<ExprId> roots = {definition.body, definition.base};
  for (const Subscript& subscript : definition.target) roots.push_back(subscript.data);
  return reachable(definition.dag, roots);
}

namespace {

void add_once(std::vector<ValueId>& values, ValueId value) {
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
}

}  // namespace

std::vector<ValueId> operands(const Definition& definition) {
  std::vector<ValueId> values;
  for (const ExprId node : reachable(definition))
    if (definition.dag[node].kind == ExprKind::read) add_once(values, definition.dag[node].tensor);
  return values;
}

std::vector<ValueId> operands(const Op& op) {
  if (const auto* definition = std::get_if<Definition>(&op.what)) return operands(*definition);
  std::vector<ValueId> values;
  const auto add = [&values](ValueId value) { add_once(values, value); };
  if (const auto* reshape = std::get_if<Reshape>(&op.what)) {
    add(reshape->operand);
  } else if (const auto* concat = std::get_if<Concat>(&op.what)) {
    for (const ValueId operand : concat->operands) add(operand);
  } else if (const auto* gradient = std::get_if<Gradient>(&op.what)) {
    add(gradient->of);
    for (const ValueId by : gradient->by) add(by);
  } else {
    add(std::get<Update>(op.what).value);
  }
  return values;
}

std::vector<ScanId> scans_of(const Graph& graph, const Op& op) {
  std::vector<ScanId> chain;
  for (ScanId scan = op.scan; scan.valid(); scan = graph.scans[scan.index].outer)
    chain.push_back(scan);
  std::reverse(chain.begin(), chain.end());
  return chain;
}

size_t shared_scans(const Graph& graph, const Op& a, const Op& b) {
  const std::vector<ScanId> first = scans_of(graph, a), second = scans_of(graph, b);
  size_t count = 0;
  while (count < first.size() && count < second.size() && first[count] == second[count]) ++count;
  return count;
}

std::vector<bool> live_operations(const Graph& graph) {
  std::vector<bool> live(graph.ops.size());
  std::vector<uint32_t> open;
  const auto need = [&](ValueId value) {
    if (graph[value].kind != ValueKind::result) return;
    const OpId producer = graph[value].producer;
    if (!live[producer.index]) open.push_back(producer.index);
    live[producer.index] = true;
  };
  for (const GraphResult& result : graph.results) need(result.value);
  for (uint32_t i = 0; i < graph.ops.size(); ++i)
    if (graph.ops[i].results.empty()) {
      live[i] = true;
      open.push_back(i);
    }
  while (!open.empty()) {
    const Op& op = graph.ops[open.back()];
    open.pop_back();
    for (const ValueId operand : operands(op)) need(operand);
  }
  return live;
}

TensorType natural_type(const Definition& definition) {
  TensorType type;
  type.dtype =
      definition.reduction == Reduction::argmax ? DType::i32 : definition.dag[definition.body].type;
  for (uint32_t i = 0; i < definition.free_count; ++i)
    type.dims.push_back(definition.indices[i].extent);
  return type;
}

namespace {

int64_t narrowed(WideInteger value) {
  using Limits = std::numeric_limits<int64_t>;
  return static_cast<int64_t>(std::clamp<WideInteger>(value, Limits::min(), Limits::max()));
}

}  // namespace

Interval bounds(const Affine& affine, const std::vector<Index>& indices, int64_t n) {
  const LinearRange range = range_of(affine, indices);
  return {narrowed(range.low.at(n)), narrowed(range.high.at(n))};
}

bool within(const Affine& affine, const std::vector<Index>& indices, Dim size) {
  return range_of(affine, indices).within(size);
}

}  // namespace netc
