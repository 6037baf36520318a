// Rounds over the whole graph until one changes nothing. Each round copies what is alive into a new
// graph, in order: definitions in their simplest form, later reads of a copy as reads of the
// original, and of two equal operations the first.
#include "passes/simplify.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/support/check.h"
#include "passes/same_graph.h"
#include "passes/simplify_definition.h"
#include "passes/simplify_known_sums.h"
#include "passes/simplify_numbering.h"
#include "passes/simplify_scattered.h"
#include "passes/simplify_shared.h"
#include "passes/simplify_softmax.h"

namespace netc {

namespace {

class Round {
 public:
  explicit Round(const Graph& from) : from_(from) {}

  Graph run() {
    count_readers();
    copy_interface();
    const std::vector<bool> live = live_operations(from_);
    for (size_t i = 0; i < from_.ops.size(); ++i)
      if (live[i]) copy_operation(from_.ops[i]);
    for (GraphResult result : from_.results) {
      result.value = own_[result.value.index];
      to_.results.push_back(std::move(result));
    }
    return std::move(to_);
  }

 private:
  /// Model, inputs, settings and variables stay, read or not: they are what callers see.
  void copy_interface() {
    to_.model = from_.model;
    to_.entry = from_.entry;
    to_.capacity = from_.capacity;
    to_.scans = from_.scans;
    own_.resize(from_.values.size());
    known_.graph = &to_;
    known_.read_as.resize(from_.values.size());
    for (const auto* list : {&from_.inputs, &from_.settings, &from_.variables})
      for (const ValueId value : *list) copy_value(value);
    known_.gradients_are_taken = true;
    for (const Op& op : from_.ops) {
      const auto* gradient = std::get_if<Gradient>(&op.what);
      if (gradient == nullptr) continue;
      known_.gradients_are_taken = false;
      differentiated_.insert(gradient->by.begin(), gradient->by.end());
    }
  }

  void count_readers() {
    for (const Op& op : from_.ops)
      for (const ValueId operand : operands(op)) ++readers_[operand];
    for (const GraphResult& result : from_.results) ++readers_[result.value];
  }

  ValueId copy_value(ValueId value) {
    const ValueId copy = to_.add_value(from_[value]);
    if (readers_[value] == 1) read_once_.insert(copy);
    to_[copy].producer = {};
    own_[value.index] = known_.read_as[value.index] = copy;
    if (differentiated_.contains(value)) known_.opaque.insert(copy);
    return copy;
  }

  ValueId read_as(ValueId value) const { return known_.read_as[value.index]; }
  ValueId own(ValueId value) const { return own_[value.index]; }

  void copy_operation(const Op& op) {
    Op copy;
    copy.range = op.range;
    copy.scan = op.scan;
    // What a scan reads before its definition, it reads of another step: it keeps its own value.
    for (const ValueId operand : operands(op))
      if (!own_[operand.index].valid()) promised_.insert(copy_value(operand));
    scan_ = op.scan;
    copy.what = std::visit([this](const auto& what) { return rebuilt(what); }, op.what);
    for (const ValueId result : op.results) {
      const bool has_own = own_[result.index].valid();
      copy.results.push_back(has_own ? own_[result.index] : copy_value(result));
      to_[copy.results.back()].producer = OpId{static_cast<uint32_t>(to_.ops.size())};
    }
    const auto stays = [&](ValueId result) { return promised_.contains(result); };
    const bool is_bound = std::any_of(copy.results.begin(), copy.results.end(), stays);
    if (copy.results.size() == 1 && !is_bound && !differentiated_.contains(op.results[0]))
      if (replace_result(op.results[0], copy)) return;
    if (const auto* definition = std::get_if<Definition>(&copy.what))
      shared_maps_.add(*definition, copy.results[0]);
    to_.ops.push_back(std::move(copy));
  }

  /// Whether readers need this operation no more. A copy stays for those who want it by its name.
  bool replace_result(ValueId value, const Op& op) {
    const ValueId result = op.results[0];
    const ValueId first = numbering_.first_of(op, to_[result].type, result);
    if (first != result) {
      own_[value.index] = known_.read_as[value.index] = first;
      read_once_.erase(first);
      to_.values.pop_back();
      return true;
    }
    if (const auto original = copied(op, to_[result].type)) {
      known_.read_as[value.index] = *original;
      if (to_[*original].kind == ValueKind::result) own_[value.index] = *original;
    }
    return false;
  }

  std::optional<ValueId> copied(const Op& op, const TensorType& type) const {
    std::optional<ValueId> original;
    if (const auto* definition = std::get_if<Definition>(&op.what))
      original = copied_value(to_, *definition);
    if (const auto* reshape = std::get_if<Reshape>(&op.what)) original = reshape->operand;
    if (const auto* concat = std::get_if<Concat>(&op.what); concat && concat->operands.size() == 1)
      original = concat->operands[0];
    const bool same = original && to_[*original].type == type && !known_.opaque.contains(*original);
    return same ? original : std::nullopt;
  }

  decltype(Op::what) rebuilt(const Definition& definition) {
    Definition simple = simplified(definition, known_);
    // Within a scan not every element of a map is there yet.
    if (!known_.gradients_are_taken || scan_.valid()) return simple;
    if (auto by_weights = by_weights_of_softmax(simple, known_)) return std::move(*by_weights);
    if (auto known = by_known_sum(simple, known_)) return std::move(*known);
    if (auto spread = spread_over_operand(simple)) return std::move(*spread);
    return shared_maps_.shared(std::move(simple));
  }

  /// A map where a scattered operand, which nothing else reads, is written.
  std::optional<Definition> spread_over_operand(const Definition& map) const {
    for (const ValueId operand : operands(map)) {
      const Value& about = to_[operand];
      if (about.kind != ValueKind::result || !read_once_.contains(operand)) continue;
      const Op& producer = to_[about.producer];
      const auto* definition = std::get_if<Definition>(&producer.what);
      if (definition == nullptr || producer.scan.valid()) continue;
      if (!is_scattered(*definition, about.type)) continue;
      if (auto spread = where_scattered(map, operand, *definition)) return spread;
    }
    return std::nullopt;
  }

  /// reshape(reshape(x)) -> reshape(x)
  decltype(Op::what) rebuilt(const Reshape& reshape) const {
    const ValueId operand = read_as(reshape.operand);
    const Value& about = to_[operand];
    if (about.kind == ValueKind::result && !known_.opaque.contains(operand) && !scan_.valid())
      if (const auto* inner = std::get_if<Reshape>(&to_[about.producer].what)) return *inner;
    return Reshape{operand};
  }

  decltype(Op::what) rebuilt(Concat concat) const {
    for (ValueId& operand : concat.operands) operand = read_as(operand);
    return concat;
  }

  decltype(Op::what) rebuilt(Gradient gradient) const {
    gradient.of = own(gradient.of);
    for (ValueId& by : gradient.by) by = own(by);
    return gradient;
  }

  decltype(Op::what) rebuilt(const Update& update) const {
    return Update{own(update.variable), own(update.value)};
  }

  const Graph& from_;
  Graph to_;
  KnownTensors known_;
  std::vector<ValueId> own_;          ///< by old value: its new self
  ScanId scan_;                       ///< of the operation that is copied
  std::map<ValueId, int> readers_;    ///< how many operations and results read an old value
  std::set<ValueId> read_once_;       ///< new values of which the old ones had one reader
  std::set<ValueId> promised_;        ///< new values that were read before their definition
  std::set<ValueId> differentiated_;  ///< old values that a gradient is asked by
  ValueNumbering numbering_;
  SharedMaps shared_maps_;
};

}  // namespace

void simplify(Graph& graph) {
  NETC_CHECK(graph.groups.empty(), "kernels are made of simplified definitions");
  constexpr int most_rounds = 16;
  for (int round = 0; round < most_rounds; ++round) {
    Graph simpler = Round(graph).run();
    const bool is_done = same_operations(graph, simpler);
    graph = std::move(simpler);
    if (is_done) return;
  }
}

}  // namespace netc
