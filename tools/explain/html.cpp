// The explanation as a page: forward at the left, backward at the right, each tensor one row.
#include <fmt/format.h>

#include <algorithm>

#include "tools/explain/explanation.h"
#include "tools/explain/network.h"
#include "tools/explain/style.h"
#include "tools/explain/typesetter.h"

namespace netc::explain {

namespace {

constexpr size_t most_open_kernels = 40;  ///< a longer list of kernels is folded

class PageWriter {
 public:
  explicit PageWriter(const Explanation& story) : story_(story), typesetter_(anchors_) {
    for (const SectionStory& section : story.sections)
      for (const std::vector<Row>* rows : {&section.givens, &section.rows})
        for (const Row& row : *rows)
          anchors_.emplace(row.key, fmt::format("r{}", anchors_.size() + 1));
  }

  std::string html() {
    head();
    out("<div class=\"columns\">\n<nav>\n{}</nav>\n<main>\n", draw_network(story_));
    out("<div class=\"heads\"><span class=\"fwd\">Forward \u2193</span>");
    out("<span class=\"bwd\">{}</span></div>\n", story_.has_loss ? "Backward \u2191" : "");
    for (size_t k = 0; k < story_.sections.size(); ++k) {
      const Repetition* repetition = repetition_from(k);
      if (repetition)
        k = repeated(*repetition) - 1;
      else
        section(k);
    }
    update();
    kernels();
    out("</main>\n</div>\n<script>{}</script>\n</body>\n</html>\n", page_script);
    return std::move(html_);
  }

 private:
  template <typename... Args>
  void out(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }

  void head() {
    out("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out("<title>{}, forward and backward</title>\n<style>{}</style>\n</head>\n<body>\n",
        escaped(story_.model), page_style);
    out("<header>\n<h1>{}, forward and backward</h1>\n", escaped(story_.model));
    out("<p class=\"lead\">{} of the network on <i>N</i> rows, at most {}, as it is compiled. "
        "Every "
        "tensor leads to the row that defines it; a number above, as in <span "
        "class=\"math\"><i>w</i><sup>(2)</sup></span>, is that of its layer. "
        "<span class=\"math\">(<i>x</i> <b class=\"word\">else</b> 0)</span> is 0 where <i>x</i> "
        "has "
        "no such element.</p>\n",
        story_.updates.empty() ? "One run" : "One training step", story_.capacity);
    if (story_.has_loss) views();
    out("</header>\n");
  }

  void views() {
    out("<div class=\"views\">\n<p class=\"fwd\"><b>The forward pass</b>, at the left and read "
        "downwards, computes every value from the inputs to the loss.</p>\n");
    out("<p class=\"bwd\"><b>The backward pass</b>, at the right and read upwards, computes for "
        "every "
        "value <i>v</i> its gradient \u03b4<i>v</i> = \u2202loss/\u2202<i>v</i> from those of the "
        "values that read it.</p>\n");
    out("<p class=\"amp\"><b>Two kinds of factors.</b> At a function the incoming gradient is "
        "multiplied by its slope, the <mark class=\"amplifier\">amplifier</mark>. At a weight, "
        "what "
        "came <mark class=\"from-forward\">forward</mark> is multiplied by what came <mark "
        "class=\"from-backward\">backward</mark>.</p>\n</div>\n");
  }

  const Repetition* repetition_from(size_t section) const {
    for (const Repetition& repetition : story_.forward_repetitions)
      if (section == repetition.first) return &repetition;
    return nullptr;
  }

  /// The sections of a repetition, folded. Returns the section after it.
  size_t repeated(const Repetition& repetition) {
    const size_t end = repetition.first + repetition.count * repetition.length;
    const auto title = [&](size_t k) { return escaped(story_.sections[k].title); };
    const auto range = [&](size_t first, size_t last) {
      return first == last ? fmt::format("<b>{}</b>", title(first))
                           : fmt::format("<b>{}</b> to <b>{}</b>", title(first), title(last));
    };
    out("<details>\n<summary>{}: the forward formulas of {}, {}</summary>\n",
        range(repetition.first, end - 1),
        range(repetition.first - repetition.length, repetition.first - 1),
        repetition.count == 1 ? "once more" : fmt::format("{} times more", repetition.count));
    for (size_t k = repetition.first; k < end; ++k) section(k);
    out("</details>\n");
    return end;
  }

  void section(size_t k) {
    const SectionStory& section = story_.sections[k];
    const std::string number = k ? fmt::format("<span class=\"number\">{}</span>", k) : "";
    out("<section id=\"s{}\">\n<h2>{}{}", k, number, escaped(section.title));
    std::string remark;
    if (section.kind != SectionKind::inputs) {
      remark = fmt::format("gives <span class=\"type\">{}</span>", escaped(section.type));
      if (section.parameters) remark += fmt::format(", has {} parameters", section.parameters);
    }
    if (!remark.empty()) out("<small>{}</small>", remark);
    out("</h2>\n");
    for (const Row& row : section.givens) given(row);
    std::string loop;
    for (const Row& one : section.rows) {
      const std::string& scan = one.forward->scan;
      if (scan != loop && !loop.empty()) out("</div>\n");
      if (scan != loop && !scan.empty()) loop_head(section, scan);
      loop = scan;
      row(one, line(*one.forward, loop));
    }
    if (!loop.empty()) out("</div>\n");
    out("</section>\n");
  }

  void loop_head(const SectionStory& section, const std::string& scan) {
    back_loop_.clear();
    for (const Row& row : section.rows)
      for (const Line& line : row.backward)
        if (row.forward->scan == scan && back_loop_.empty()) back_loop_ = line.scan;
    out("<div class=\"loop\">\n<div class=\"loop-head\"><span>\u2193 for {}, in order</span>",
        escaped(scan));
    out("<span>{}</span></div>\n",
        back_loop_.empty() ? "" : fmt::format("\u2191 for {}, in order", escaped(back_loop_)));
  }

  void given(const Row& one) {
    std::string text =
        fmt::format("<div class=\"line\"><div class=\"formula\">{}</div><div class=\"meta\">",
                    typesetter_.html(one.symbol));
    if (!one.init.empty())
      text += fmt::format("{} <code>{}</code>: <span class=\"type\">{}</span>, at first {}{}",
                          one.symbol.kind == SymbolKind::parameter ? "parameter" : "state",
                          escaped(one.name), escaped(one.type), escaped(one.init),
                          one.changes || story_.updates.empty() ? "" : "; fixed");
    else
      text += fmt::format("input <code>{}</code>: <span class=\"type\">{}</span>",
                          escaped(one.name), escaped(one.type));
    row(one, text + "</div></div>\n");
  }

  void row(const Row& row, const std::string& forward) {
    out("<div class=\"row\" id=\"{}\">\n<div class=\"cell fwd\">\n{}</div>\n", anchors_.at(row.key),
        forward);
    out("<div class=\"cell {}\">\n", row.backward.empty() ? "none" : "bwd");
    // As the column is read upwards, what is computed last stands on top.
    for (size_t i = row.backward.size(); i-- > 0;)
      out("{}", line(row.backward[i], row.forward && !row.forward->scan.empty() ? back_loop_ : ""));
    out("</div>\n</div>\n");
  }

  /// A formula with what is to know about it; `loop` is the scan that has been told already.
  std::string line(const Line& line, const std::string& loop) const {
    const Equation& equation = line.equation;
    std::string text =
        fmt::format("<div class=\"line{}\"><div class=\"formula\">{} {} {}</div>\n",
                    line.folded ? " folded" : "", typesetter_.html(equation.left),
                    equation.accumulates ? "+=" : "=", typesetter_.html(equation.right));
    for (const auto& [letter, value] : equation.where)
      text +=
          fmt::format("<div class=\"formula where\"><b class=\"word\">where </b>{} = {}</div>\n",
                      typesetter_.html(letter), typesetter_.html(value));
    std::string meta = notes(line, loop);
    if (!meta.empty()) text += fmt::format("<div class=\"meta\">{}</div>\n", meta);
    return text + "</div>\n";
  }

  std::string notes(const Line& line, const std::string& loop) const {
    std::string text;
    const auto add = [&text](const std::string& note) {
      text += (text.empty() ? "" : " \u00b7 ") + note;
    };
    if (!line.type.empty()) add(fmt::format("<span class=\"type\">{}</span>", escaped(line.type)));
    if (!line.kernel.empty()) add(fmt::format("<a href=\"#{0}\">{0}</a>", escaped(line.kernel)));
    if (line.folded) add("simplified away");
    if (line.scan != loop && !line.scan.empty()) add("for " + escaped(line.scan));
    if (line.scan != loop && line.scan.empty()) add("at once for all steps");
    if (!line.equation.amplifier.empty())
      add(fmt::format("amplifier <span class=\"math\">{}</span>",
                      typesetter_.html(line.equation.amplifier)));
    if (!line.equation.forward_factor.empty()) add("forward \u00d7 backward");
    return text;
  }

  void update() {
    if (story_.updates.empty()) return;
    out("<section id=\"update\">\n<h2>Update<small>element by element; what is marked "
        "<i>next</i> takes the old value's place when the step ends</small></h2>\n");
    std::string settings;
    for (const auto& [name, value] : story_.settings)
      settings +=
          fmt::format("{}<code>{}</code> = {}", settings.empty() ? "" : ", ", escaped(name), value);
    if (!settings.empty()) out("<p>Settings, at the first step: {}</p>\n", settings);
    if (!story_.shared.empty()) out("<h3>For all parameters</h3>\n");
    for (const Line& one : story_.shared) out("{}", line(one, ""));
    for (const UpdateStory& update : story_.updates) {
      std::string names;
      for (const std::string& name : update.parameters)
        names += fmt::format("{}<code>{}</code>", names.empty() ? "" : ", ", escaped(name));
      out("<p><span class=\"math\"><i>\u03b8</i></span> is each of {}</p>\n", names);
      for (const Line& one : update.lines) out("{}", line(one, ""));
    }
    out("</section>\n");
  }

  void kernels() {
    if (story_.kernels.empty()) return;
    out("<details{}>\n<summary>Kernels: what is computed together, in the order of the "
        "step</summary>\n"
        "<section>\n<dl class=\"kernels\">\n",
        story_.kernels.size() > most_open_kernels ? "" : " open");
    std::set<std::string> seen;
    for (const KernelStory& kernel : story_.kernels) {
      const bool is_new = seen.insert(kernel.name).second;
      const std::string id = is_new ? fmt::format(" id=\"{}\"", escaped(kernel.name)) : "";
      out("<dt{}>{}</dt><dd><span class=\"math\">{}</span>", id, escaped(kernel.name),
          symbols(kernel.makes));
      if (kernel.makes.empty()) out("a copy to <code>{}</code>", escaped(kernel.copy_to));
      if (kernel.repeats > 1) out(", {} times", kernel.repeats);
      if (kernel.parallel) out(", on several threads");
      if (!kernel.kept.empty())
        out("<span class=\"kept\">; never stored: <span class=\"math\">{}</span></span>",
            symbols(kernel.kept));
      out("</dd>\n");
    }
    out("</dl>\n</section>\n</details>\n");
  }

  std::string symbols(const std::vector<Symbol>& list) const {
    std::string text;
    for (const Symbol& symbol : list) text += (text.empty() ? "" : ", ") + typesetter_.html(symbol);
    return text;
  }

  const Explanation& story_;
  std::map<std::string, std::string> anchors_;  ///< by key of a tensor: the id of its row
  Typesetter typesetter_;
  std::string html_;
  std::string back_loop_;  ///< the backward scan that the last head told
};

}  // namespace

std::string to_html(const Explanation& explanation) { return PageWriter(explanation).html(); }

}  // namespace netc::explain
