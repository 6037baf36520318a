// Reverse mode over the graph: from the scalar back, each operation hands the gradient of its
// result to what it reads. One rule serves all definitions. For
//
//   y[T(i)] = reduce_i f(a[A(i)], b[B(i)])
//
// the gradient of a is `d.a[A(i)] += d.y[T(i)] * df/da (i)` over the same domain; what differs
// between reductions is only which points the gradient of the result reaches, and how much of it:
//
//   none, sum   every point
//   max, min    the point found first, by an argmax over the same domain
//   prod        every point, times the product of all others
//
// `autodiff_adjoint` gives df/da, `autodiff_invert` turns the scattered sum into a definition that
// reads, and `autodiff_combine` adds what several readers contribute.
//
// Where a gradient is taken in a scan, each step is for itself: reads of other steps are left out,
// and the adjoints of a step stand beside it.
//
// A scan is gone through like all else, and its adjoints form a scan that runs the other way. Only
// for what is read before its definition, by the next step, the sum is not complete when the sweep
// meets it: it takes in a value that is defined once the whole scan has been gone through.
//
//   d.h[t, n] = d.h.carry[t, n] + ...
//   d.h.carry[t, n] = (d.before[t + 1, n] else 0)      for before[t, n] = (h[t - 1, n] else h0[n])
#include "passes/autodiff.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/scan_partition.h"
#include "ir/support/check.h"
#include "passes/autodiff_adjoint.h"
#include "passes/autodiff_combine.h"
#include "passes/autodiff_invert.h"
#include "passes/autodiff_reduction.h"
#include "passes/autodiff_scan.h"
#include "passes/nest.h"

namespace netc {

namespace {

/// Takes one `gradient` apart. Operations that it makes are appended to the graph.
class Differentiation {
 public:
  Differentiation(Graph& graph, const Gradient& gradient, const Op& op)
      : graph_(graph),
        steps_(gradient.steps),
        around_(scans_of(graph, op).size()),
        mirrors_(graph, scans_of(graph, op)) {}

  void run(const Gradient& gradient, const Op& op) {
    const size_t first = graph_.ops.size();
    for (size_t i = 0; i < gradient.by.size(); ++i) wanted_.emplace(gradient.by[i], op.results[i]);
    find_active(gradient);
    if (is_active(gradient.of)) parts_[gradient.of].push_back(seed(gradient.of));
    // Operations made on the way are no part of what is differentiated.
    std::vector<ScanId> scans;
    for (size_t i = graph_.ops.size(); i-- > 0;) {
      const ScanId scan = graph_.ops[i].scan;
      change_scans(scans, scans_of(graph_, graph_.ops[i]), i);
      const size_t made = graph_.ops.size();
      through(OpId{static_cast<uint32_t>(i)});
      for (size_t k = made; k < graph_.ops.size(); ++k) graph_.ops[k].scan = mirrors_.of(scan);
    }
    change_scans(scans, {}, 0);
    for (size_t i = 0; i < gradient.by.size(); ++i) finish(gradient.by[i], op.results[i]);
    for (size_t k = first; k < graph_.ops.size(); ++k)
      if (!graph_.ops[k].scan.valid()) graph_.ops[k].scan = op.scan;
  }

 private:
  bool is_active(ValueId value) const {
    return value.index < active_.size() && active_[value.index];
  }

  /// A value is active when it depends on one that a gradient is asked for, and `of` depends on it.
  void find_active(const Gradient& gradient) {
    const std::set<ValueId> needed = ancestors(gradient.of);
    active_.assign(graph_.values.size(), false);
    for (const ValueId by : gradient.by) active_[by.index] = needed.contains(by);
    // Once is enough but for values that are read before their definition.
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < graph_.ops.size(); ++i) {
        const Op& op = graph_.ops[i];
        if (op.results.empty() || active_[op.results[0].index]) continue;
        if (!is_float(graph_[op.results[0]].type.dtype) || !needed.contains(op.results[0]))
          continue;
        for (const ValueId operand : operands(op))
          if (active_[operand.index] && reads_step_of(op, operand))
            changed = active_[op.results[0].index] = true;
      }
      changed = changed && !graph_.scans.empty();
    }
    for (uint32_t i = 0; i < graph_.ops.size(); ++i)
      for (const ValueId operand : operands(graph_.ops[i]))
        if (active_[operand.index] && is_defined_from(operand, i) &&
            reads_step_of(graph_.ops[i], operand))
          carried_.insert(operand);
  }

  /// Whether an operation reads a value at its own step, as far as steps are for themselves.
  bool reads_step_of(const Op& op, ValueId value) const {
    const auto* definition = std::get_if<Definition>(&op.what);
    if (definition == nullptr || steps_ == 0) return true;
    const auto nodes = reachable(*definition);
    return std::any_of(nodes.begin(), nodes.end(), [&](ExprId node) {
      const Expr& expr = definition->dag[node];
      return expr.kind == ExprKind::read && expr.tensor == value && is_own_step(expr);
    });
  }

  bool is_own_step(const Expr& read) const {
    if (read.subscripts.size() < steps_) return false;
    for (IndexId k{0}; k.index < steps_; ++k.index)
      if (read.subscripts[k.index].data.valid() || read.subscripts[k.index].affine.single() != k)
        return false;
    return true;
  }

  /// Whether a value is the result of an operation that does not stand before this one.
  bool is_defined_from(ValueId value, uint32_t op) const {
    return graph_[value].kind == ValueKind::result && graph_[value].producer.index >= op;
  }

  std::set<ValueId> ancestors(ValueId of) const {
    std::set<ValueId> found = {of};
    std::vector<ValueId> open = {of};
    while (!open.empty()) {
      const Value& value = graph_[open.back()];
      open.pop_back();
      // What a scan carries is defined further down.
      if (value.kind != ValueKind::result || !value.producer.valid()) continue;
      for (const ValueId operand : operands(graph_[value.producer]))
        if (found.insert(operand).second) open.push_back(operand);
    }
    return found;
  }

  /// Leaves and enters scans on the way from operation i + 1 to operation i.
  void change_scans(std::vector<ScanId>& open, std::vector<ScanId> next, size_t i) {
    next.erase(next.begin(), next.begin() + static_cast<long>(std::min(around_, next.size())));
    size_t common = 0;
    while (common < open.size() && common < next.size() && open[common] == next[common]) ++common;
    if (common == 0 && !open.empty()) finish_scan();
    for (size_t depth = common; depth < next.size(); ++depth) enter_scan(next[depth], i);
    open = next;
  }

  /// A sum that arrives from outside needs no step: it is made before the scan begins.
  void enter_scan(ScanId scan, size_t last) {
    for (size_t i = last + 1; i-- > 0;) {
      const std::vector<ScanId> scans = scans_of(graph_, graph_.ops[i]);
      if (std::find(scans.begin(), scans.end(), scan) == scans.end()) break;
      const ValueId value = graph_.ops[i].results[0];
      const auto parts = parts_.find(value);
      if (parts == parts_.end() || !std::any_of(parts->second.begin(), parts->second.end(), is_sum))
        continue;
      const Value about = graph_[value];
      const size_t made = graph_.ops.size();
      const ValueId sum = add_combined(graph_, about.type, std::move(parts->second),
                                       {"d." + about.name + ".outside", about.range, {}});
      parts->second = {copy_of(sum, dimension_names(value))};
      for (size_t k = made; k < graph_.ops.size(); ++k)
        graph_.ops[k].scan = mirrors_.of(graph_.scans[scan.index].outer);
    }
    if (scans_around(scan) == around_) first_of_scan_ = graph_.ops.size();
  }

  size_t scans_around(ScanId scan) const {
    size_t count = 0;
    while ((scan = graph_.scans[scan.index].outer).valid()) ++count;
    return count;
  }

  static bool is_sum(const Contribution& part) {
    const auto* definition = std::get_if<Definition>(&part);
    return definition != nullptr && definition->reduction == Reduction::sum;
  }

  /// The whole of a tensor, read as a map.
  Contribution copy_of(ValueId value, const std::vector<std::string>& names) const {
    const TensorType& type = graph_[value].type;
    Definition copy;
    for (IndexId k{0}; k.index < type.rank(); ++k.index) {
      const std::string name = names.empty() ? "i" + std::to_string(k.index) : names[k.index];
      copy.indices.push_back({name, type.dims[k.index]});
      copy.target.push_back({Affine::of(k), {}});
    }
    copy.free_count = static_cast<uint32_t>(type.rank());
    copy.body = ExprBuilder(copy.dag).read(value, type.dtype, copy.target);
    return copy;
  }

  /// Defines what the adjoints of this scan take over from another step.
  void finish_scan() {
    const size_t end = graph_.ops.size();
    for (const auto& [value, carry] : open_carries_) {
      const size_t made = graph_.ops.size();
      const Value about = graph_[carry];
      add_combined(graph_, about.type, std::move(parts_[value]), {about.name, about.range, carry});
      parts_.erase(value);
      const ScanId scan = mirrors_.of(graph_[graph_[value].producer].scan);
      for (size_t k = made; k < graph_.ops.size(); ++k) graph_.ops[k].scan = scan;
    }
    open_carries_.clear();
    std::vector<Op> carries(std::make_move_iterator(graph_.ops.begin() + end),
                            std::make_move_iterator(graph_.ops.end()));
    graph_.ops.resize(end);
    mirrors_.arrange(first_of_scan_, std::move(carries));
  }

  /// d.h.carry: the part of a gradient that steps hand on, defined when the scan is finished.
  Contribution carry(ValueId value) {
    const Value about = graph_[value];
    const ValueId carry =
        graph_.add_value({.name = graph_.unique_name("d." + about.name + ".carry"),
                          .type = about.type,
                          .range = about.range});
    open_carries_.push_back({value, carry});
    return copy_of(carry, dimension_names(value));
  }

  /// d.loss = 1
  Contribution seed(ValueId of) const {
    Definition one;
    for (IndexId k{0}; k.index < steps_; ++k.index) {
      one.indices.push_back({"t" + std::to_string(k.index), graph_[of].type.dims[k.index]});
      one.target.push_back({Affine::of(k), {}});
    }
    one.free_count = steps_;
    one.body = ExprBuilder(one.dag).number(1, graph_[of].type.dtype);
    return one;
  }

  /// Adds up what has arrived at a value. Everything that reads it has been visited.
  ValueId gradient_of(ValueId value) {
    const auto asked = wanted_.find(value);
    const auto parts = parts_.find(value);
    const Value& about = graph_[value];
    const GradientName name{"d." + about.name, about.range,
                            asked == wanted_.end() ? ValueId{} : asked->second};
    const TensorType type = about.type;
    return add_combined(graph_, type, std::move(parts->second), name);
  }

  /// Gives one result of the `gradient` its operation, unless the sweep met it already.
  void finish(ValueId by, ValueId result) {
    const Value about = graph_[by];
    const auto made = gradients_.find(by);
    if (made == gradients_.end()) {
      const GradientName name{graph_[result].name, about.range, result};
      gradients_[by] = add_combined(graph_, about.type, std::move(parts_[by]), name);
    } else if (made->second != result) {
      add_copy(made->second, result);  // asked for twice
    }
  }

  void add_copy(ValueId from, ValueId result) {
    std::vector<Contribution> parts;
    parts.emplace_back(Reshape{from});
    const TensorType type = graph_[result].type;
    add_combined(graph_, type, std::move(parts),
                 {graph_[result].name, graph_[result].range, result});
  }

  void through(OpId id) {
    const Op op = graph_[id];
    if (op.results.empty()) return;
    const ValueId y = op.results[0];
    if (!is_active(y)) return;
    if (carried_.contains(y)) parts_[y].push_back(carry(y));
    if (parts_[y].empty()) return;
    const ValueId dy = gradients_[y] = gradient_of(y);
    parts_.erase(y);  // what a carried value gets from here on is what its carry holds
    if (const auto* definition = std::get_if<Definition>(&op.what))
      through_definition(*definition, y, dy);
    else if (const auto* reshape = std::get_if<Reshape>(&op.what))
      parts_[reshape->operand].emplace_back(Reshape{dy});
    else if (const auto* concat = std::get_if<Concat>(&op.what))
      through_concat(*concat, dy);
  }

  /// Each operand gets its own stretch.
  void through_concat(const Concat& concat, ValueId dy) {
    Affine offset;
    for (const ValueId operand : concat.operands) {
      const TensorType& type = graph_[operand].type;
      if (is_active(operand)) {
        Definition slice;
        std::vector<Subscript> subscripts;
        for (IndexId k{0}; k.index < type.rank(); ++k.index) {
          slice.indices.push_back({"i" + std::to_string(k.index), type.dims[k.index]});
          slice.target.push_back({Affine::of(k), {}});
          subscripts.push_back({Affine::of(k), {}});
        }
        slice.free_count = static_cast<uint32_t>(type.rank());
        subscripts[concat.axis].affine.add(offset);
        slice.body = ExprBuilder(slice.dag).read(dy, type.dtype, subscripts);
        parts_[operand].emplace_back(std::move(slice));
      }
      offset = behind(offset, type.dims[concat.axis]);
    }
  }

  void through_definition(const Definition& definition, ValueId y, ValueId dy) {
    if (definition.reduction == Reduction::argmax) return;
    ExprDag dag = definition.dag;
    ExprBuilder b(dag);
    const ExprId arrived = adjoint_of_result(b, definition, dy);
    AdjointSeed body{definition.body, arrived, {}, {}};
    switch (definition.reduction) {
      case Reduction::none:
        if (definition.has_identity_target() && !definition.accumulate)
          body.result = b.read(y, b.type(definition.body), definition.target);
        break;
      case Reduction::max:
      case Reduction::min:
        body.condition = is_first_extremum(graph_, b, definition, y);
        break;
      case Reduction::prod:
        if (reads_active(definition))
          body.adjoint = b.mul(arrived, product_of_others(graph_, b, definition, y));
        break;
      case Reduction::sum:
      case Reduction::argmax:
        break;
    }
    scatter(definition, dag, body, definition.indices);
    if (definition.base.valid()) {
      const std::vector<Index> free(definition.indices.begin(),
                                    definition.indices.begin() + definition.free_count);
      scatter(definition, dag, {definition.base, arrived, {}, {}}, free);
    }
  }

  bool reads_active(const Definition& definition) const {
    const auto nodes = reachable(definition.dag, definition.body);
    return std::any_of(nodes.begin(), nodes.end(), [&](ExprId node) {
      const Expr& expr = definition.dag[node];
      return expr.kind == ExprKind::read && is_active(expr.tensor);
    });
  }

  /// dy[T(i)], 0 for writes that were dropped.
  ExprId adjoint_of_result(ExprBuilder& b, const Definition& definition, ValueId dy) const {
    const TensorType& type = graph_[dy].type;
    bool inside = true;
    for (size_t d = 0; d < definition.target.size(); ++d) {
      const Subscript& subscript = definition.target[d];
      inside = inside && !subscript.data.valid() &&
               within(subscript.affine, definition.indices, type.dims[d]);
    }
    return b.read(dy, type.dtype, definition.target, inside ? ExprId{} : b.number(0, type.dtype));
  }

  /// Sends the adjoint of one expression to the tensors that it reads.
  void scatter(const Definition& definition, ExprDag& dag, const AdjointSeed& seed,
               const std::vector<Index>& indices) {
    const auto wanted = [this](ValueId tensor) {
      return is_active(tensor) && is_float(graph_[tensor].type.dtype);
    };
    for (const ReadAdjoint& found : adjoints_of_reads(graph_, dag, indices, seed, wanted)) {
      const Expr& read = dag[found.read];
      if (!is_own_step(read)) continue;
      const Scatter scatter{indices,
                            definition.free_count,
                            &dag,
                            found.value,
                            read.subscripts,
                            graph_[read.tensor].type,
                            dimension_names(read.tensor)};
      parts_[read.tensor].emplace_back(inverted(graph_, scatter));
    }
  }

  /// What the dimensions of a tensor are called where it is defined.
  std::vector<std::string> dimension_names(ValueId tensor) const {
    const Value& value = graph_[tensor];
    if (value.kind != ValueKind::result || !value.producer.valid()) return {};
    const auto* definition = std::get_if<Definition>(&graph_[value.producer].what);
    if (definition == nullptr || !definition->has_identity_target()) return {};
    std::vector<std::string> names;
    for (uint32_t k = 0; k < definition->free_count; ++k)
      names.push_back(definition->indices[k].name);
    return names;
  }

  Graph& graph_;
  uint32_t steps_;  ///< how many leading axes number steps that are for themselves
  size_t around_;   ///< how many scans the gradient is taken in
  MirroredScans mirrors_;
  std::map<ValueId, ValueId> wanted_;  ///< value -> the result that waits for its gradient
  std::vector<bool> active_;           ///< by value
  std::map<ValueId, std::vector<Contribution>> parts_;  ///< what has arrived at a value
  std::map<ValueId, ValueId> gradients_;                ///< value -> its gradient, once added up
  std::set<ValueId> carried_;  ///< active, and read before their definition
  std::vector<std::pair<ValueId, ValueId>> open_carries_;  ///< value -> its carry, not yet defined
  size_t first_of_scan_ = 0;  ///< the first adjoint of the outermost scan that is open
};

}  // namespace

void autodiff(Graph& graph) {
  std::vector<Op> ops = std::move(graph.ops);
  graph.ops.clear();
  std::set<ScanId> scans;  // in which gradients are taken
  for (const Op& op : ops)
    for (const ValueId result : op.results) graph[result].producer = {};
  for (Op& op : ops) {
    if (const auto* gradient = std::get_if<Gradient>(&op.what)) {
      for (const ScanId scan : scans_of(graph, op)) scans.insert(scan);
      Differentiation(graph, *gradient, op).run(*gradient, op);
      continue;
    }
    for (const ValueId result : op.results)
      graph[result].producer = OpId{static_cast<uint32_t>(graph.ops.size())};
    graph.ops.push_back(std::move(op));
  }
  // An inner scan has the greater id. What of their gradients waits for no step leaves them.
  for (auto scan = scans.rbegin(); scan != scans.rend(); ++scan) partition_scan(graph, *scan);
}

}  // namespace netc
