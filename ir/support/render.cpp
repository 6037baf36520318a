// Shows diagnostics to people: GCC's first line, the source with carets and labels, notes, helps.
#include <algorithm>
#include <map>

#include "ir/support/diagnostics.h"
#include "ir/support/render_json.h"
#include "ir/support/render_line.h"

namespace netc {

namespace {

constexpr std::string_view bold = "\x1b[1m", red = "\x1b[1;31m", magenta = "\x1b[1;35m",
                           blue = "\x1b[1;34m", green = "\x1b[32m", reset = "\x1b[0m";

class Renderer {
 public:
  Renderer(const SourceMap& sources, bool colour) : sources_(sources), colour_(colour) {}

  void add(const Diagnostic& diagnostic) {
    if (diagnostic.range.valid()) paint(bold, place(diagnostic.range) + ": ");
    paint(style(diagnostic.severity), fmt::format("{}: ", name(diagnostic.severity)));
    paint(bold, diagnostic.message);
    text_ += fmt::format(" [{}]\n", tag(diagnostic));
    if (diagnostic.range.valid()) excerpts(diagnostic);
    for (const Note& note : diagnostic.notes) {
      std::string at = note.range.valid() ? " at " + place(note.range, diagnostic.range.file) : "";
      text_ += fmt::format("   = note: {}{}\n", note.text, at);
    }
    for (const std::string& help : diagnostic.helps) text_ += fmt::format("   = help: {}\n", help);
  }

  void summary(size_t hidden) {
    if (hidden > 0)
      text_ += fmt::format("{} more error{} not shown\n", hidden, hidden == 1 ? " is" : "s are");
  }

  std::string take() { return std::move(text_); }

 private:
  static std::string_view style(Severity severity) {
    return severity == Severity::error ? red : severity == Severity::warning ? magenta : blue;
  }

  void paint(std::string_view style, std::string_view words) {
    text_ += colour_ ? fmt::format("{}{}{}", style, words, reset) : std::string(words);
  }

  /// "model.net:3:9", or "3:9" in the file that `beside` is.
  std::string place(SourceRange range, FileId beside = {}) const {
    LineColumn at = sources_.position(range.file, range.begin);
    std::string name = range.file == beside ? "" : fmt::format("{}:", sources_.name(range.file));
    return fmt::format("{}{}:{}", name, at.line, at.column);
  }

  /// The lines that the range and the labels are on: those of the diagnostic's file in order, then
  /// those of others, each under its file's name.
  void excerpts(const Diagnostic& diagnostic) {
    std::vector<LineLabel> labels = {{diagnostic.range, "", true}};
    for (const Label& label : diagnostic.labels) {
      if (label.range == diagnostic.range && labels[0].text.empty())
        labels[0].text = label.text;
      else if (label.range.valid())
        labels.push_back({label.range, label.text, false});
    }
    std::map<std::pair<uint32_t, uint32_t>, std::vector<LineLabel>> lines;
    for (LineLabel& label : labels) {
      FileId file = label.range.file;
      uint32_t rank = file == diagnostic.range.file ? 0 : file.index + 1;
      uint32_t line = sources_.position(file, label.range.begin).line;
      lines[{rank, line}].push_back(std::move(label));
    }
    FileId shown = diagnostic.range.file;
    for (const auto& [key, on_line] : lines) {
      FileId file = on_line[0].range.file;
      if (file != shown) text_ += fmt::format("  in {}:\n", sources_.name(file));
      shown = file;
      excerpt(key.second, on_line);
    }
  }

  void excerpt(uint32_t number, const std::vector<LineLabel>& labels) {
    RenderedLine line = render_line(sources_, labels);
    text_ += fmt::format("{:>5} | {}\n", number, line.source);
    for (const std::string& row : line.marks) {
      text_ += "      | ";
      paint(green, row);
      text_ += '\n';
    }
  }

  const SourceMap& sources_;
  bool colour_;
  std::string text_;
};

}  // namespace

std::string render(const Diagnostics& diagnostics, const SourceMap& sources,
                   const RenderOptions& options) {
  std::vector<const Diagnostic*> reports;
  for (const Diagnostic& diagnostic : diagnostics.all()) reports.push_back(&diagnostic);
  std::stable_sort(reports.begin(), reports.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::pair(a->range.file, a->range.begin) < std::pair(b->range.file, b->range.begin);
  });
  size_t errors = 0, hidden = 0;
  std::string json;
  Renderer renderer(sources, options.colour);
  for (const Diagnostic* report : reports) {
    if (report->severity == Severity::error && ++errors > options.max_errors) {
      ++hidden;
    } else if (options.json) {
      json += render_json(*report, sources) + "\n";
    } else {
      renderer.add(*report);
    }
  }
  if (options.json) return json;
  renderer.summary(hidden);
  return renderer.take();
}

}  // namespace netc
