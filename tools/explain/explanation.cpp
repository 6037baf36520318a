#include "tools/explain/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/explain/equations.h"
#include "tools/explain/gradients.h"

namespace netc::explain {

namespace {

std::string initializer_text(const Initializer& initializer) {
  std::string arguments;
  for (const double argument : initializer.arguments)
    arguments += fmt::format("{}{:.6g}", arguments.empty() ? "" : ", ", argument);
  for (const std::string& argument : initializer.strings)
    arguments += fmt::format("{}\"{}\"", arguments.empty() ? "" : ", ", argument);
  return initializer.kind + (arguments.empty() ? "" : "(" + arguments + ")");
}

std::string type_text(const Value& value) {
  std::string text = to_string(value.type);
  if (value.checked) text += fmt::format(" in {}..{}", value.low, value.high);
  return text;
}

std::string scan_text(const Graph& graph, const Op& op) {
  std::string text;
  for (const ScanId id : scans_of(graph, op)) {
    const Scan& scan = graph.scans[id.index];
    const int64_t last = scan.index.extent.factor - 1;
    text += fmt::format("{}{} = {}, ..., {}", text.empty() ? "" : "; ", scan.index.name,
                        scan.reversed ? last : 0, scan.reversed ? 0 : last);
  }
  return text;
}

/// Formulas whose symbols say how far away their section is, so that repeated layers look alike.
Formula relative(Formula formula, size_t section) {
  for (Piece& piece : formula) {
    if (piece.symbol.layer) {
      const auto distance =
          static_cast<int64_t>(piece.symbol.layer) - static_cast<int64_t>(section);
      piece.symbol.base += fmt::format("<{}>", distance);
      piece.symbol.layer = 0;
    }
    for (Formula& part : piece.parts) part = relative(std::move(part), section);
  }
  return formula;
}

/// A line without sizes, kernels, and numbers of sections.
std::string signature_of(const Line& line, size_t section) {
  std::string text = to_text(relative(line.equation.left, section)) + " = " +
                     to_text(relative(line.equation.right, section)) + line.scan + "\n";
  for (const auto& [letter, value] : line.equation.where)
    text += to_text(letter) + " = " + to_text(relative(value, section)) + "\n";
  return text;
}

class Teller {
 public:
  Teller(const Stages& stages)
      : before_(stages.before),
        differentiated_{stages.differentiated, roles_of(before_, stages.differentiated), {}},
        after_{stages.after, roles_of(before_, stages.after), {}},
        sections_(cut_into_sections(before_)),
        symbols_(name_tensors(before_, sections_)) {
    for (const loops::Step& step : stages.program.steps)
      if (step.model == after_.graph.model && step.entry == after_.graph.entry)
        after_.calls = kernel_calls(after_.graph, stages.program, step);
    for (Stage* stage : {&differentiated_, &after_}) {
      stage->calls.of.resize(stage->graph.ops.size());
      name_the_rest(symbols_, stage->graph, stage->roles);
    }
    for (const Op& op : after_.graph.ops)
      if (const auto* update = std::get_if<Update>(&op.what))
        updated_.insert(key_of(after_.graph, update->variable));
    unfolded_.emplace(differentiated_, symbols_);
    final_.emplace(after_, symbols_);
  }

  Explanation run() {
    Explanation story;
    story.model = after_.graph.model;
    story.entry = after_.graph.entry;
    story.capacity = after_.graph.capacity;
    for (const GraphResult& result : after_.graph.results)
      story.has_loss = story.has_loss || result.kind == ResultKind::loss;
    for (size_t k = 0; k < sections_.list.size(); ++k) story.sections.push_back(section(k));
    story.forward_repetitions = find_repetitions(story.sections, &SectionStory::forward_signature);
    story.backward_repetitions =
        find_repetitions(story.sections, &SectionStory::backward_signature);
    story.updates = tell_updates(after_.graph, after_.roles, symbols_, after_.calls, story.shared);
    if (!story.updates.empty()) story.settings = settings();
    for (const KernelCall& call : after_.calls.list) story.kernels.push_back(kernel(call));
    return story;
  }

 private:
  /// NaN stands for a schedule, which is among the formulas.
  std::vector<std::pair<std::string, std::string>> settings() const {
    std::set<ValueId> read;
    for (size_t i = 0; i < after_.roles.size(); ++i)
      if (after_.roles[i].part == Part::optimizer)
        for (const ValueId operand : operands(after_.graph.ops[i])) read.insert(operand);
    std::vector<std::pair<std::string, std::string>> list;
    for (const ValueId id : after_.graph.settings) {
      const Value& value = after_.graph[id];
      if (read.contains(id) && !std::isnan(value.setting))
        list.emplace_back(value.name, fmt::format("{:.6g}", value.setting));
    }
    return list;
  }

  SectionStory section(size_t k) const {
    const Section& section = sections_.list[k];
    SectionStory story;
    story.kind = section.kind;
    story.title = section.title;
    if (section.kind == SectionKind::inputs)
      for (const ValueId input : before_.inputs) story.givens.push_back(given(input));
    for (const ValueId variable : section.parameters) {
      story.givens.push_back(given(variable));
      if (before_[variable].role == VariableRole::param)
        story.parameters += before_[variable].type.elements(1);
    }
    for (const OpId op : section.ops) {
      if (std::optional<Row> row = row_of(op)) story.rows.push_back(std::move(*row));
      for (const ValueId operand : operands(before_[op]))
        if (const auto source = sections_.of.find(key_of(before_, operand));
            source != sections_.of.end() && source->second != k)
          story.sources.insert(source->second);
    }
    if (!section.ops.empty()) {
      const ValueId last = before_[section.ops.back()].results[0];
      story.last = symbols_.at(key_of(before_, last));
      story.type = to_string(before_[last].type);
    }
    for (const std::vector<Row>& rows : {story.givens, story.rows})
      for (const Row& row : rows) {
        if (row.forward) story.forward_signature += signature_of(*row.forward, k);
        for (const Line& line : row.backward) story.backward_signature += signature_of(line, k);
      }
    return story;
  }

  /// Where simplification has left no gradient of its own, the one that it has removed is told.
  Row about(ValueId value) const {
    const std::string key = key_of(before_, value);
    Row row;
    row.key = key;
    row.symbol = symbols_.at(key);
    row.name = before_[value].name;
    row.type = type_text(before_[value]);
    row.changes = updated_.contains(key);
    row.backward = final_->lines_of(key);
    if (row.backward.empty()) {
      row.backward = unfolded_->lines_of(key);
      for (Line& line : row.backward) line.folded = true;
    }
    return row;
  }

  Row given(ValueId value) const {
    Row row = about(value);
    if (before_[value].kind == ValueKind::variable)
      row.init = initializer_text(before_[value].initializer);
    return row;
  }

  /// Nothing for what simplification has removed without a trace.
  std::optional<Row> row_of(OpId id) const {
    Row row = about(before_[id].results[0]);
    if (const std::optional<OpId> made = final_->made_by(row.key)) {
      const Graph& graph = after_.graph;
      row.forward = line_of(graph, *made, after_.calls);
      row.forward->equation = equation_of(graph, graph[*made], symbols_in(graph, symbols_));
      return row;
    }
    if (row.backward.empty()) return std::nullopt;
    const KernelCalls none{{}, std::vector<std::optional<size_t>>(before_.ops.size())};
    row.forward = line_of(before_, id, none);
    row.forward->equation = equation_of(before_, before_[id], symbols_in(before_, symbols_));
    row.forward->folded = true;
    return row;
  }

  KernelStory kernel(const KernelCall& call) const {
    KernelStory story{call.kernel, {}, call.copy_to, {}, call.repeats, call.parallel};
    const SymbolOf symbol = symbols_in(after_.graph, symbols_);
    for (const OpId op : call.ops) story.makes.push_back(symbol(after_.graph[op].results[0]));
    for (const ValueId value : call.kept) story.kept.push_back(symbol(value));
    return story;
  }

  const Graph& before_;
  Stage differentiated_;
  Stage after_;
  Sections sections_;
  Symbols symbols_;
  std::set<std::string> updated_;      ///< variables that a step changes
  std::optional<Gradients> unfolded_;  ///< of the differentiated stage
  std::optional<Gradients> final_;     ///< of the stage that is compiled
};

}  // namespace

Line line_of(const Graph& graph, OpId op, const KernelCalls& calls) {
  Line line;
  line.type = to_string(graph[graph[op].results[0]].type);
  if (calls.of[op.index]) line.kernel = calls.list[*calls.of[op.index]].kernel;
  line.scan = scan_text(graph, graph[op]);
  return line;
}

Explanation explain(const Stages& stages) { return Teller(stages).run(); }

}  // namespace netc::explain
