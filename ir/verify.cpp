// The rules that every graph keeps:
//
// Structure
//  1. Every id names something that exists; nodes of an expression come before their users.
//  2. Operations read inputs, settings, variables and results of earlier operations only, in a
//     scan also those of earlier steps; each result is the result of exactly one operation, which
//     it names as its producer.
//  3. Names are letters, digits, `_` and inner dots; they are unique among variables, and among
//     all other values.
//  4. Sizes are positive; variables do not depend on the batch; settings are f64 scalars; only
//     integer inputs are checked, against ranges that are not empty.
// Definitions
//  5. Operands of a function have one type, that the function takes; the nodes' types follow.
//     Only floats, integers and bools meet their own functions: real, arithmetic, logic.
//  6. A read has one position a dimension, gathers are integers. Without `else` every position is
//     proved to be in bounds, for every N.
//  7. A definition is a map without reduced indices, or one reduction over at least one. Only a
//     sum has a base, of the summand's type and without reduced indices.
//  8. The target uses free indices only and has one position a dimension. Without `accumulate` it
//     is proved, by mixed radix, to write every element of the result exactly once.
//  9. An accumulation has no reduction. The result has the type of the elements; argmax gives i32.
// Other operations
// 10. A reshape keeps the element type and the number of elements; operands of a concat differ
//     along its axis only.
// 11. Gradients are of a float scalar by floats, and have the types of what they are by. With
// steps,
//     all of these lead with as many axes, the same; in scans there are at least as many steps.
// 12. An update gives a variable, once, a value of its type.
// 13. Results have unique names within their kind; the loss is one float scalar, metrics are
//     scalars.
// 14. Where there are kernels, every operation but `update` stands in exactly one, in order, and
//     names of kernels are unique.
// 15. The operations of a scan stand together; their first axes and free indices are those of the
//     scans around them, from the outermost in. A value of the same scan is read at the same step,
//     or at an earlier one, then with `else` where it is defined further down.
#include "ir/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/print.h"
#include "ir/ranges.h"
#include "ir/verify_definition.h"
#include "ir/verify_scans.h"

namespace netc {

namespace {

bool is_name(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (name.empty() || !is_part(name.front()) || !is_part(name.back())) return false;
  if (name.front() >= '0' && name.front() <= '9') return false;
  for (size_t i = 0; i < name.size(); ++i)
    if (!is_part(name[i]) && !(name[i] == '.' && name[i + 1] != '.')) return false;
  return true;
}

/// The number of elements as a factor and a power of N.
std::pair<WideInteger, int> count_of(const TensorType& type) {
  std::pair<WideInteger, int> count{1, 0};
  constexpr WideInteger most = WideInteger{1} << 62;
  for (const Dim dim : type.dims) {
    count.first = std::min(count.first * dim.factor, most);
    count.second += dim.batch;
  }
  return count;
}

class GraphVerifier {
 public:
  explicit GraphVerifier(const Graph& graph) : graph_(graph) {}

  std::vector<std::string> run() {
    check_values();
    // Rules about meaning presume that ids can be followed.
    if (ids_are_valid()) {
      verify_scans(graph_, messages_);
      if (messages_.empty()) check_order();
      if (messages_.empty()) {
        ranges_ = ranges_of(graph_);
        for (const Op& op : graph_.ops) check_op(op);
      }
      check_results();
      check_groups();
    }
    return std::move(messages_);
  }

 private:
  template <typename... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    messages_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  template <typename... Args>
  void say_of(const Op& op, fmt::format_string<Args...> text, Args&&... args) {
    messages_.push_back(place_of(op) + fmt::format(text, std::forward<Args>(args)...));
  }

  std::string place_of(const Op& op) const {
    if (const auto* update = std::get_if<Update>(&op.what))
      return fmt::format("update @{}: ", graph_[update->variable].name);
    return fmt::format("%{}: ", graph_[op.results[0]].name);
  }

  bool exists(ValueId id) const { return id.index < graph_.values.size(); }
  const TensorType& type(ValueId id) const { return graph_[id].type; }

  void check_values() {
    std::set<std::string_view> variables, others;
    for (const Value& value : graph_.values) {
      if (!is_name(value.name)) say("`{}` is no name", value.name);
      auto& names = value.kind == ValueKind::variable ? variables : others;
      if (!names.insert(value.name).second) say("two values are called `{}`", value.name);
      for (const Dim dim : value.type.dims)
        if (dim.factor < 1) say("`{}` has the size {}", value.name, dim.factor);
      if (value.kind == ValueKind::variable && value.type.has_batch())
        say("variable `{}` depends on the batch", value.name);
      if (value.kind == ValueKind::setting && value.type != TensorType{DType::f64, {}})
        say("setting `{}` is {}, not f64[]", value.name, to_string(value.type));
      if (!value.checked) continue;
      if (value.kind != ValueKind::input || !is_integer(value.type.dtype))
        say("`{}` is checked and no integer input", value.name);
      if (value.low >= value.high) say("no value of `{}` passes its check", value.name);
    }
  }

  bool ids_are_valid() {
    const size_t before = messages_.size();
    check_list(graph_.inputs, ValueKind::input, "input");
    check_list(graph_.settings, ValueKind::setting, "setting");
    check_list(graph_.variables, ValueKind::variable, "variable");
    for (const Op& op : graph_.ops) {
      const bool is_update = std::holds_alternative<Update>(op.what);
      if (op.results.empty() != is_update) say("an operation has {} results", op.results.size());
      if (!std::all_of(op.results.begin(), op.results.end(),
                       [&](ValueId id) { return exists(id); }))
        say("the result of an operation does not exist");
      const auto* definition = std::get_if<Definition>(&op.what);
      const auto* update = std::get_if<Update>(&op.what);
      if (update && !exists(update->variable)) say("an updated variable does not exist");
      if (definition && !has_valid_ids(graph_, *definition))
        say("a definition holds an id of nothing");
      else
        for (const ValueId operand : operands(op))
          if (!exists(operand)) say("an operand does not exist");
    }
    for (const GraphResult& result : graph_.results)
      if (!exists(result.value)) say("a result does not exist");
    return messages_.size() == before;
  }

  void check_list(const std::vector<ValueId>& list, ValueKind kind, std::string_view what) {
    for (const ValueId id : list)
      if (!exists(id) || graph_[id].kind != kind) say("an {} listed is none", what);
  }

  void check_order() {
    std::vector<bool> ready(graph_.values.size());
    for (size_t i = 0; i < graph_.values.size(); ++i)
      ready[i] = graph_.values[i].kind != ValueKind::result;
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const Op& op = graph_.ops[i];
      for (const ValueId operand : operands(op))
        if (!ready[operand.index] && !reads_earlier_steps(graph_, op, operand))
          say_of(op, "`{}` is read before it is made", graph_[operand].name);
      for (const ValueId result : op.results) {
        if (ready[result.index]) say_of(op, "`{}` is made twice", graph_[result].name);
        if (graph_[result].producer != OpId{static_cast<uint32_t>(i)})
          say_of(op, "`{}` names another producer", graph_[result].name);
        ready[result.index] = true;
      }
    }
    for (const GraphResult& result : graph_.results)
      if (!ready[result.value.index]) say("result `{}` is never made", graph_[result.value].name);
  }

  void check_op(const Op& op) {
    if (const auto* definition = std::get_if<Definition>(&op.what)) {
      const size_t before = messages_.size();
      verify_definition(graph_, ranges_, *definition, graph_[op.results[0]], messages_);
      for (size_t i = before; i < messages_.size(); ++i) messages_[i] = place_of(op) + messages_[i];
    } else if (const auto* reshape = std::get_if<Reshape>(&op.what)) {
      check_reshape(op, *reshape);
    } else if (const auto* concat = std::get_if<Concat>(&op.what)) {
      check_concat(op, *concat);
    } else if (const auto* gradient = std::get_if<Gradient>(&op.what)) {
      check_gradient(op, *gradient);
    } else {
      check_update(op, std::get<Update>(op.what));
    }
  }

  void check_reshape(const Op& op, const Reshape& reshape) {
    const TensorType& from = type(reshape.operand);
    const TensorType& to = type(op.results[0]);
    if (from.dtype != to.dtype || count_of(from) != count_of(to))
      say_of(op, "{} cannot be seen as {}", to_string(from), to_string(to));
  }

  void check_concat(const Op& op, const Concat& concat) {
    if (concat.operands.empty()) return say_of(op, "there is nothing to concatenate");
    TensorType expected = type(concat.operands[0]);
    if (concat.axis >= expected.rank()) return say_of(op, "there is no axis {}", concat.axis);
    int64_t size = 0;
    for (const ValueId operand : concat.operands) {
      TensorType part = type(operand);
      if (part.rank() != expected.rank())
        return say_of(op, "`{}` is {} beside {}", graph_[operand].name, to_string(part),
                      to_string(expected));
      size += part.dims[concat.axis].factor;
      part.dims[concat.axis].factor = expected.dims[concat.axis].factor;
      if (part != expected)
        say_of(op, "`{}` is {} beside {}", graph_[operand].name, to_string(type(operand)),
               to_string(type(concat.operands[0])));
    }
    expected.dims[concat.axis].factor = size;
    if (type(op.results[0]) != expected)
      say_of(op, "the result is {}, not {}", to_string(type(op.results[0])), to_string(expected));
  }

  void check_gradient(const Op& op, const Gradient& gradient) {
    const std::vector<Dim>& steps = type(gradient.of).dims;
    if (steps.size() != gradient.steps || !is_float(type(gradient.of).dtype))
      say_of(op, "the gradient is of {}, not of a float scalar", to_string(type(gradient.of)));
    if (gradient.steps < scans_of(graph_, op).size())
      say_of(op, "a gradient in a scan is not taken step by step");
    if (gradient.by.size() != op.results.size())
      return say_of(op, "{} gradients by {} values", op.results.size(), gradient.by.size());
    for (size_t i = 0; i < gradient.by.size(); ++i) {
      const std::vector<Dim>& dims = type(gradient.by[i]).dims;
      if (dims.size() < steps.size() || !std::equal(steps.begin(), steps.end(), dims.begin()))
        say_of(op, "a gradient by `{}`, which is not of the same steps",
               graph_[gradient.by[i]].name);
      if (!is_float(type(gradient.by[i]).dtype))
        say_of(op, "a gradient by `{}`, which is {}", graph_[gradient.by[i]].name,
               to_string(type(gradient.by[i])));
      if (type(op.results[i]) != type(gradient.by[i]))
        say_of(op, "the gradient by {} is {}", to_string(type(gradient.by[i])),
               to_string(type(op.results[i])));
    }
  }

  void check_update(const Op& op, const Update& update) {
    const Value& variable = graph_[update.variable];
    if (variable.kind != ValueKind::variable) say_of(op, "`{}` is no variable", variable.name);
    if (type(update.value) != variable.type)
      say_of(op, "{} is stored in {}", to_string(type(update.value)), to_string(variable.type));
    if (!updated_.insert(update.variable).second) say_of(op, "it is updated twice");
  }

  void check_results() {
    std::set<std::pair<ResultKind, std::string_view>> seen;
    for (const GraphResult& result : graph_.results) {
      if (!seen.insert({result.kind, result.name}).second)
        say("two results are called `{}`", result.kind == ResultKind::loss ? "loss" : result.name);
      const TensorType& given = type(result.value);
      const bool is_loss = result.kind == ResultKind::loss;
      if (!is_loss && !is_name(result.name)) say("`{}` is no name of a result", result.name);
      if (is_loss && (given.rank() != 0 || !is_float(given.dtype)))
        say("the loss is {}, not a float scalar", to_string(given));
      if (result.kind == ResultKind::metric && given.rank() != 0)
        say("metric `{}` is {}, not a scalar", result.name, to_string(given));
    }
  }

  void check_groups() {
    if (graph_.groups.empty()) return;
    std::vector<int> uses(graph_.ops.size());
    std::set<std::string_view> names;
    for (const Group& group : graph_.groups) {
      if (!is_name(group.name)) say("`{}` is no name of a kernel", group.name);
      if (!names.insert(group.name).second) say("two kernels are called `{}`", group.name);
      if (!std::is_sorted(group.ops.begin(), group.ops.end()))
        say("operations of kernel `{}` are out of order", group.name);
      for (const OpId op : group.ops) {
        if (op.index >= graph_.ops.size()) return say("kernel `{}` holds no operation", group.name);
        ++uses[op.index];
      }
    }
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const Op& op = graph_.ops[i];
      const bool is_update = std::holds_alternative<Update>(op.what);
      if (uses[i] > 1 || (uses[i] == 0 && !is_update))
        say_of(op, "it stands in {} kernels", uses[i]);
    }
  }

  const Graph& graph_;
  ValueRanges ranges_;
  std::set<ValueId> updated_;
  std::vector<std::string> messages_;
};

}  // namespace

std::vector<std::string> verify(const Graph& graph) { return GraphVerifier(graph).run(); }

}  // namespace netc
