// The explanation for a terminal: forward from the inputs to the loss, back again, the update, the
// kernels.
#include <fmt/format.h>

#include <algorithm>

#include "tools/explain/explanation.h"

namespace netc::explain {

namespace {

constexpr size_t width = 100;
constexpr size_t side = 68;  ///< the column where types and kernels begin

std::string indent(size_t columns) { return std::string(columns, ' '); }

/// Words over as many lines as they need, all but the first indented further.
std::string wrapped(std::string_view text, size_t column, size_t limit = width) {
  std::string result = indent(column);
  size_t at = column;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (at + 1 + word.size() > limit && at > column + 4) {
      result += "\n" + indent(column + 4);
      at = column + 4;
    } else if (at > column) {
      result += ' ';
      ++at;
    }
    result += word;
    at += word.size();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

size_t last_line(const std::string& text) {
  const size_t begin = text.rfind('\n');
  return text.size() - (begin == std::string::npos ? 0 : begin + 1);
}

/// Text with a remark in the column at the right, or below where there is no room.
std::string with_side(std::string text, const std::string& remark) {
  if (remark.empty()) return text + "\n";
  const size_t used = last_line(text);
  if (used + 2 <= side)
    text += indent(side - used);
  else if (used + 2 + remark.size() <= width)
    text += "  ";
  else
    text += "\n" + indent(side);
  return text + remark + "\n";
}

class TextWriter {
 public:
  explicit TextWriter(const Explanation& story) : story_(story) {}

  std::string text() {
    head();
    forward();
    if (story_.has_loss) {
      backward();
      update();
    }
    kernels();
    return std::move(text_);
  }

 private:
  void head() {
    text_ += fmt::format("{}.{}: {} of at most {} rows (N of them)\n", story_.model, story_.entry,
                         story_.updates.empty() ? "one run" : "one training step", story_.capacity);
  }

  void title(std::string_view words) { text_ += fmt::format("\n{}\n", words); }

  void forward() {
    title(story_.has_loss ? "FORWARD PASS: from the inputs to the loss" : "FORWARD PASS");
    for (size_t k = 0; k < story_.sections.size(); ++k) {
      if (const Repetition* repetition = repetition_at(story_.forward_repetitions, k)) {
        k = repeated(*repetition) - 1;
        continue;
      }
      section_title(k);
      scan_.clear();
      const SectionStory& section = story_.sections[k];
      for (const Row& row : section.givens) given(row);
      for (const Row& row : section.rows) line(*row.forward);
    }
  }

  void section_title(size_t k) {
    const SectionStory& section = story_.sections[k];
    std::string remark;
    if (section.kind != SectionKind::inputs) remark = "  -> " + section.type;
    if (section.parameters) remark += fmt::format(", {} parameters", section.parameters);
    text_ += fmt::format("\n{:>3}  {}{}\n", k ? std::to_string(k) : "", section.title, remark);
  }

  void given(const Row& row) {
    const std::string symbol = to_text(row.symbol);
    std::string remark = row.init.empty() ? row.type : fmt::format("{}, {}", row.type, row.init);
    if (!row.init.empty() && !row.changes && !story_.updates.empty()) remark += ", fixed";
    text_ += with_side(
        wrapped(row.name == symbol ? symbol : fmt::format("{}: {}", symbol, row.name), 6), remark);
  }

  void line(const Line& line) {
    if (line.scan != scan_ && !line.scan.empty())
      text_ += fmt::format("      for {}, in order:\n", line.scan);
    if (line.scan != scan_ && line.scan.empty()) text_ += "      then:\n";
    scan_ = line.scan;
    const size_t column = line.scan.empty() ? 6 : 8;
    const Equation& equation = line.equation;
    const std::string formula =
        fmt::format("{} {} {}", to_text(equation.left), equation.accumulates ? "+=" : "=",
                    to_text(equation.right));
    const std::string place = line.folded ? "folded" : line.kernel;
    text_ += with_side(wrapped(formula, column),
                       fmt::format("{}{}{}", line.type, place.empty() ? "" : "  ", place));
    for (const auto& [letter, value] : equation.where)
      text_ +=
          wrapped(fmt::format("where {} = {}", to_text(letter), to_text(value)), column + 4) + "\n";
    if (!equation.amplifier.empty())
      text_ += wrapped(fmt::format("amplifier: {} = {}", to_text(equation.amplifier),
                                   to_text(equation.amplifier_value)),
                       column + 4) +
               "\n";
    if (!equation.forward_factor.empty())
      text_ += wrapped(fmt::format("forward {} times backward {}", to_text(equation.forward_factor),
                                   to_text(equation.backward_factor)),
                       column + 4) +
               "\n";
  }

  static const Repetition* repetition_at(const std::vector<Repetition>& repetitions,
                                         size_t section) {
    for (const Repetition& repetition : repetitions)
      if (section >= repetition.first &&
          section < repetition.first + repetition.count * repetition.length)
        return &repetition;
    return nullptr;
  }

  /// In place of the sections of a repetition. Returns the section after it.
  size_t repeated(const Repetition& repetition) {
    const size_t end = repetition.first + repetition.count * repetition.length;
    const size_t first = repetition.first - repetition.length;
    const auto title = [&](size_t k) { return story_.sections[k].title; };
    const std::string source =
        repetition.length == 1 ? title(first) : title(first) + " to " + title(repetition.first - 1);
    const std::string range = repetition.first + 1 == end
                                  ? title(repetition.first)
                                  : title(repetition.first) + " to " + title(end - 1);
    text_ +=
        "\n" +
        wrapped(fmt::format("{}: the formulas of {}{}", range, source,
                            repetition.count > 1 ? fmt::format(", {} times more", repetition.count)
                                                 : ", once more"),
                5) +
        "\n";
    return end;
  }

  void backward() {
    title("BACKWARD PASS: from the loss to the parameters; d.v is the derivative of the loss by v");
    for (size_t k = story_.sections.size(); k-- > 0;) {
      const SectionStory& section = story_.sections[k];
      if (const Repetition* repetition = repetition_at(story_.backward_repetitions, k)) {
        repeated(*repetition);
        k = repetition->first;
        continue;
      }
      const auto has_lines = [](const Row& row) { return !row.backward.empty(); };
      if (std::none_of(section.givens.begin(), section.givens.end(), has_lines) &&
          std::none_of(section.rows.begin(), section.rows.end(), has_lines))
        continue;
      text_ += fmt::format("\n{:>3}  {}\n", k ? std::to_string(k) : "", section.title);
      scan_.clear();
      for (size_t i = section.rows.size(); i-- > 0;)
        for (const Line& one : section.rows[i].backward) line(one);
      for (const Row& row : section.givens)
        for (const Line& one : row.backward) line(one);
    }
  }

  void update() {
    if (story_.updates.empty()) return;
    title("UPDATE: element by element; v.next becomes v when the step ends");
    scan_.clear();
    std::string settings;
    for (const auto& [name, value] : story_.settings)
      settings += fmt::format("{}{} = {}", settings.empty() ? "" : ", ", name, value);
    if (!settings.empty())
      text_ += "\n" + wrapped("settings, at the first step: " + settings, 5) + "\n";
    if (!story_.shared.empty()) text_ += "\n     for all parameters\n";
    for (const Line& one : story_.shared) line(one);
    for (const UpdateStory& one : story_.updates) {
      text_ += "\n" + wrapped(fmt::format("theta = {}", fmt::join(one.parameters, ", ")), 5) + "\n";
      for (const Line& each : one.lines) line(each);
    }
  }

  void kernels() {
    if (story_.kernels.empty()) return;
    title("KERNELS: what is computed together, in the order of the step");
    text_ += "\n";
    for (const KernelStory& kernel : story_.kernels) {
      std::string what = kernel.makes.empty() ? "a copy to " + kernel.copy_to : "";
      for (const Symbol& symbol : kernel.makes)
        what += (what.empty() ? "" : ", ") + to_text(symbol);
      if (kernel.repeats > 1) what += fmt::format("; {} times", kernel.repeats);
      std::string kept;
      for (const Symbol& symbol : kernel.kept) kept += (kept.empty() ? "" : ", ") + to_text(symbol);
      if (!kept.empty()) what += fmt::format("; never stored: {}", kept);
      text_ += wrapped(fmt::format("{:<5}{}", kernel.name, what), 5) + "\n";
    }
  }

  const Explanation& story_;
  std::string text_;
  std::string scan_;  ///< of the last line
};

}  // namespace

std::string to_text(const Explanation& explanation) { return TextWriter(explanation).text(); }

}  // namespace netc::explain
