// Graphs as text: declarations, operations in their order, results. What follows from the rest is
// left out: extents of indices that stand alone somewhere, types of results with plain targets.
#include "ir/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/inference.h"
#include "ir/print_expr.h"

namespace netc {

namespace {

constexpr size_t line_width = 100;

std::string reference(const Graph& graph, ValueId id) {
  const Value& value = graph[id];
  return (value.kind == ValueKind::variable ? "@" : "%") + value.name;
}

std::string reference_list(const Graph& graph, const std::vector<ValueId>& values) {
  std::string text;
  for (const ValueId value : values) text += (text.empty() ? "" : ", ") + reference(graph, value);
  return text;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + "\"";
}

std::string initializer_text(const Initializer& initializer) {
  std::string arguments;
  const auto add = [&arguments](const std::string& text) {
    arguments += (arguments.empty() ? "" : ", ") + text;
  };
  for (const double argument : initializer.arguments) add(number_text(argument));
  for (const std::string& argument : initializer.strings) add(quoted(argument));
  return initializer.kind + (arguments.empty() ? "" : "(" + arguments + ")");
}

/// Prints one definition: result, its type where it does not follow, the right side.
class DefinitionPrinter {
 public:
  DefinitionPrinter(const Graph& graph, const Definition& definition, ValueId result)
      : graph_(graph),
        definition_(definition),
        result_(graph[result]),
        expressions_(graph, definition, true),
        writes_type_(writes_type()),
        extents_(infer_extents(graph, definition, writes_type_ ? &result_.type : nullptr)) {}

  std::string text() {
    const std::string left = left_side();
    const std::string sign = definition_.accumulate ? " +=" : " =";
    const std::vector<std::string> lets = expressions_.lets();
    const std::string right = right_side();
    std::string line = left + sign, block = left + sign;
    for (const std::string& let : lets) {
      line += " " + let + ";";
      block += "\n  " + let + ";";
    }
    line += " " + right;
    block += "\n  " + right;
    return lets.empty() || line.size() + 2 <= line_width ? line : block;
  }

 private:
  bool writes_type() const {
    if (definition_.accumulate || !definition_.has_identity_target()) return true;
    if (natural_type(definition_) != result_.type) return true;
    if (definition_.reduction == Reduction::argmax) return false;
    const bool base_tells = definition_.base.valid() && expressions_.tells_type(definition_.base);
    return !base_tells && !expressions_.tells_type(definition_.body);
  }

  bool extent_follows(uint32_t index) const {
    return extents_[index].dim == definition_.indices[index].extent;
  }

  std::string index_text(uint32_t index) const {
    const std::string& name = expressions_.index_name(IndexId{index});
    if (extent_follows(index)) return name;
    return fmt::format("{}: {}", name, to_string(definition_.indices[index].extent));
  }

  std::string index_list(uint32_t first, size_t last) const {
    std::string text;
    for (uint32_t i = first; i < last; ++i) text += (i > first ? ", " : "") + index_text(i);
    return text;
  }

  std::string left_side() {
    std::string text = "%" + result_.name;
    const uint32_t free_count = definition_.free_count;
    if (!definition_.has_identity_target()) {
      text += expressions_.subscripts(definition_.target) + type_text();
      return text + domain_text(expressions_.take_mentioned());
    }
    if (free_count > 0) text += "[" + index_list(0, free_count) + "]";
    return text + (writes_type_ ? type_text() : "");
  }

  std::string type_text() const { return ": " + to_string(result_.type); }

  /// `for n, q: 14` where the target does not tell the free indices in their order and extents.
  std::string domain_text(const std::vector<IndexId>& mentioned) const {
    bool follows = mentioned.size() == definition_.free_count;
    for (uint32_t i = 0; follows && i < mentioned.size(); ++i)
      follows = mentioned[i] == IndexId{i} && extent_follows(i);
    return follows ? "" : " for " + index_list(0, definition_.free_count);
  }

  std::string right_side() {
    const bool is_map = definition_.reduction == Reduction::none;
    const bool base_tells = definition_.base.valid() && expressions_.tells_type(definition_.base);
    const bool typed = base_tells || (writes_type_ && definition_.reduction != Reduction::argmax);
    if (is_map) return expressions_.text(definition_.body, level_loosest, typed);
    std::string text;
    if (definition_.base.valid()) {
      const bool body_tells = expressions_.tells_type(definition_.body);
      text = expressions_.text(definition_.base, level_sum, writes_type_ || body_tells) + " + ";
    }
    text += fmt::format("{}[{}] ", name(definition_.reduction),
                        index_list(definition_.free_count, definition_.indices.size()));
    return text + expressions_.text(definition_.body, level_product, typed);
  }

  const Graph& graph_;
  const Definition& definition_;
  const Value& result_;
  ExprPrinter expressions_;
  bool writes_type_;
  std::vector<InferredExtent> extents_;
};

std::string op_text(const Graph& graph, const Op& op) {
  if (const auto* definition = std::get_if<Definition>(&op.what))
    return DefinitionPrinter(graph, *definition, op.results[0]).text();
  if (const auto* update = std::get_if<Update>(&op.what))
    return fmt::format("update {} = {}", reference(graph, update->variable),
                       reference(graph, update->value));
  const std::string results = reference_list(graph, op.results);
  if (const auto* reshape = std::get_if<Reshape>(&op.what))
    return fmt::format("{}: {} = reshape {}", results, to_string(graph[op.results[0]].type),
                       reference(graph, reshape->operand));
  if (const auto* concat = std::get_if<Concat>(&op.what))
    return fmt::format("{} = concat {} axis {}", results, reference_list(graph, concat->operands),
                       concat->axis);
  const auto& gradient = std::get<Gradient>(op.what);
  return fmt::format("{} = gradient {} by {}{}", results, reference(graph, gradient.of),
                     reference_list(graph, gradient.by),
                     gradient.steps > 0 ? fmt::format(" steps {}", gradient.steps) : "");
}

std::string input_text(const Value& value) {
  std::string text = fmt::format("%{}: {}", value.name, to_string(value.type));
  if (value.checked) text += fmt::format(" in {}..{}", value.low, value.high);
  return text;
}

std::string result_text(const Graph& graph, const GraphResult& result) {
  std::string text{name(result.kind)};
  if (result.kind != ResultKind::loss) text += " " + result.name;
  return text + " = " + reference(graph, result.value);
}

class GraphPrinter {
 public:
  explicit GraphPrinter(const Graph& graph) : graph_(graph) {}

  std::string text() {
    header();
    for (const ValueId setting : graph_.settings)
      line(1, fmt::format("setting %{} = {}", graph_[setting].name,
                          number_text(graph_[setting].setting)));
    for (const ValueId id : graph_.variables) {
      const Value& variable = graph_[id];
      line(1, fmt::format("{} @{}: {} init {}", name(variable.role), variable.name,
                          to_string(variable.type), initializer_text(variable.initializer)));
    }
    operations();
    for (const GraphResult& result : graph_.results) line(1, result_text(graph_, result));
    return text_ + "}\n";
  }

 private:
  void header() {
    text_ = "graph @" + graph_.model + (graph_.entry.empty() ? "" : "." + graph_.entry) + "(";
    for (size_t i = 0; i < graph_.inputs.size(); ++i)
      text_ += (i ? ", " : "") + input_text(graph_[graph_.inputs[i]]);
    text_ += fmt::format(") batch {} {{\n", graph_.capacity);
  }

  /// Neighbours of one kernel stand in one pair of braces, within those of their scans; a kernel
  /// goes on in another.
  void operations() {
    std::vector<const Group*> group_of(graph_.ops.size(), nullptr);
    for (const Group& group : graph_.groups)
      for (const OpId op : group.ops) group_of[op.index] = &group;
    const Group* group = nullptr;
    std::vector<ScanId> scans;
    for (size_t i = 0; i < graph_.ops.size(); ++i) {
      const std::vector<ScanId> wanted = scans_of(graph_, graph_.ops[i]);
      if (group && (group_of[i] != group || wanted != scans)) {
        close(scans.size() + 1);
        group = nullptr;
      }
      leave_and_enter(scans, wanted, i);
      if (group_of[i] && !group) {
        group = group_of[i];
        line(scans.size() + 1, "kernel " + group->name + " {");
      }
      line(scans.size() + (group ? 2 : 1), op_text(graph_, graph_.ops[i]));
    }
    if (group) close(scans.size() + 1);
    leave_and_enter(scans, {}, graph_.ops.size());
  }

  void close(size_t depth) { line(depth, "}"); }

  void leave_and_enter(std::vector<ScanId>& open, const std::vector<ScanId>& wanted, size_t op) {
    size_t common = 0;
    while (common < open.size() && common < wanted.size() && open[common] == wanted[common])
      ++common;
    for (; open.size() > common; open.pop_back()) close(open.size());
    for (; open.size() < wanted.size(); open.push_back(wanted[open.size()]))
      line(open.size() + 1, scan_text(wanted[open.size()], op, open.empty()));
  }

  /// The outermost scan names what is read before its definition, with its type.
  std::string scan_text(ScanId id, size_t first, bool outermost) const {
    const Scan& scan = graph_.scans[id.index];
    std::string text = fmt::format("scan {}: {}{}", scan.index.name, to_string(scan.index.extent),
                                   scan.reversed ? " reversed" : "");
    std::string_view separator = " carries ";
    for (const ValueId value : outermost ? carried(id, first) : std::vector<ValueId>{}) {
      text +=
          fmt::format("{}%{}: {}", separator, graph_[value].name, to_string(graph_[value].type));
      separator = ", ";
    }
    return text + " {";
  }

  std::vector<ValueId> carried(ScanId outermost, size_t first) const {
    std::vector<ValueId> values;
    for (size_t i = first; i < graph_.ops.size(); ++i) {
      const std::vector<ScanId> scans = scans_of(graph_, graph_.ops[i]);
      if (scans.empty() || scans.front() != outermost) break;
      for (const ValueId operand : operands(graph_.ops[i])) {
        const Value& value = graph_[operand];
        const bool ahead = value.kind == ValueKind::result && value.producer.index >= i;
        if (ahead && std::find(values.begin(), values.end(), operand) == values.end())
          values.push_back(operand);
      }
    }
    return values;
  }

  void line(size_t depth, std::string_view content) {
    while (!content.empty()) {
      const size_t end = std::min(content.find('\n'), content.size());
      text_.append(2 * depth, ' ').append(content.substr(0, end)).append("\n");
      content.remove_prefix(std::min(end + 1, content.size()));
    }
  }

  const Graph& graph_;
  std::string text_;
};

}  // namespace

std::string print(const Graph& graph) { return GraphPrinter(graph).text(); }

std::string print(const std::vector<Graph>& graphs) {
  std::string text;
  for (const Graph& graph : graphs) text += (text.empty() ? "" : "\n") + print(graph);
  return text;
}

std::string print(const Graph& graph, OpId op) { return op_text(graph, graph[op]); }

std::string print_expr(const Graph& graph, const Definition& definition, ExprId root) {
  return ExprPrinter(graph, definition, false).text(root, level_loosest, false);
}

}  // namespace netc
