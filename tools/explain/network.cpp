// One column of boxes. Neighbours are joined by an arrow down, and by one up where gradients flow;
// what reaches further is an arc at the right, in a lane that it shares with no arc of its rows.
#include "tools/explain/network.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/explain/typesetter.h"

namespace netc::explain {

namespace {

constexpr int left = 10, box_width = 206, line_height = 15, gap = 26, lane_width = 12;
constexpr size_t longest_line = 27;

/// A path over as many lines as it needs, cut behind dots where there are any.
std::vector<std::string> title_lines(std::string title) {
  std::vector<std::string> lines;
  while (title.size() > longest_line) {
    const size_t dot = title.rfind('.', longest_line - 1);
    const size_t end = dot == std::string::npos ? longest_line : dot + 1;
    lines.push_back(title.substr(0, end));
    title.erase(0, end);
  }
  lines.push_back(std::move(title));
  return lines;
}

struct Arc {
  size_t from = 0;  ///< rows
  size_t to = 0;
  size_t lane = 0;
};

class Drawing {
 public:
  explicit Drawing(const Explanation& story) : story_(story) {
    row_of_.resize(story.sections.size());
    for (size_t k = 0; k < story.sections.size(); ++k) {
      const Repetition* repetition = repetition_of(k);
      if (repetition) {
        row_of_[k] = row_of_[k - repetition->length];
      } else {
        row_of_[k] = shown_.size();
        shown_.push_back(k);
      }
    }
    int next = 10;
    for (const size_t k : shown_) {
      titles_.push_back(title_lines(story.sections[k].title));
      tops_.push_back(next);
      next += static_cast<int>(titles_.back().size() + 1) * line_height + 10 + gap;
    }
    tops_.push_back(next);
    find_arcs();
  }

  std::string svg() {
    std::string body;
    for (const Repetition& repetition : story_.forward_repetitions) body += frame(repetition);
    for (size_t row = 0; row + 1 < shown_.size(); ++row) body += arrows(row);
    for (const Arc& arc : arcs_) body += curve(arc);
    for (size_t row = 0; row < shown_.size(); ++row) body += box(row);
    const int width = left + box_width + 26 + static_cast<int>(lanes_) * lane_width;
    return fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"the network from its inputs to its "
        "loss\">\n{}</svg>\n",
        std::max(width, 260), tops_.back() - gap + 10, body);
  }

 private:
  int top(size_t row) const { return tops_[row]; }
  int bottom(size_t row) const { return tops_[row + 1] - gap; }

  const Repetition* repetition_of(size_t section) const {
    for (const Repetition& repetition : story_.forward_repetitions)
      if (section >= repetition.first &&
          section < repetition.first + repetition.count * repetition.length)
        return &repetition;
    return nullptr;
  }

  bool reads_neighbour(size_t row) const {
    const std::set<size_t>& sources = story_.sections[shown_[row + 1]].sources;
    return std::any_of(sources.begin(), sources.end(),
                       [&](size_t source) { return row_of_[source] == row; });
  }

  void find_arcs() {
    std::set<std::pair<size_t, size_t>> pairs;
    for (size_t row = 0; row < shown_.size(); ++row)
      for (const size_t source : story_.sections[shown_[row]].sources)
        if (row_of_[source] + 1 < row) pairs.emplace(row_of_[source], row);
    for (const auto& [from, to] : pairs) {
      Arc arc{from, to, 0};
      const auto meets = [&](const Arc& other) {
        return other.lane == arc.lane && other.from < arc.to && arc.from < other.to;
      };
      while (std::any_of(arcs_.begin(), arcs_.end(), meets)) ++arc.lane;
      lanes_ = std::max(lanes_, arc.lane + 1);
      arcs_.push_back(arc);
    }
  }

  /// Whether the section at a row has gradients, which it gives to what it reads.
  bool has_gradients(size_t row) const {
    for (const Row& one : story_.sections[shown_[row]].rows)
      if (!one.backward.empty()) return true;
    return false;
  }

  std::string arrows(size_t row) const {
    if (!reads_neighbour(row)) return "";
    const int begin = bottom(row), end = top(row + 1), middle = left + box_width / 2;
    std::string text = fmt::format(
        "<path class=\"down\" d=\"M{0} {1}V{2}\"/><path class=\"down-head\" d=\"M{0} {3}l-4 "
        "-7h8z\"/>\n",
        middle - 14, begin, end - 6, end);
    if (has_gradients(row))
      text += fmt::format(
          "<path class=\"up\" d=\"M{0} {1}V{2}\"/><path class=\"up-head\" d=\"M{0} {3}l-4 "
          "7h8z\"/>\n",
          middle + 14, end, begin + 6, begin);
    return text;
  }

  std::string curve(const Arc& arc) const {
    const int side = left + box_width;
    const int out = side + 14 + static_cast<int>(arc.lane) * lane_width;
    const int begin = bottom(arc.from) - 9, end = top(arc.to) + 12;
    return fmt::format(
        "<path class=\"skip\" d=\"M{0} {1}H{2}q6 0 6 6V{3}q0 6 -6 6H{4}\"/>"
        "<path class=\"down-head\" d=\"M{0} {5}l7 -4v8z\"/>\n",
        side, begin, out, end - 6, side + 6, end);
  }

  std::string frame(const Repetition& repetition) const {
    const size_t first = row_of_[repetition.first], last = first + repetition.length - 1;
    return fmt::format(
        "<rect class=\"again\" x=\"3\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"10\"/>"
        "<text class=\"small\" x=\"{}\" y=\"{}\">\u00d7 {}</text>\n",
        top(first) - 7, box_width + 14, bottom(last) + 14 - top(first), left + 2, bottom(last) + 19,
        repetition.count + 1);
  }

  std::string box(size_t row) const {
    const size_t k = shown_[row];
    const SectionStory& section = story_.sections[k];
    std::string text;
    int line = top(row) + 17;
    for (const std::string& part : titles_[row]) {
      text += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>", left + 10, line, escaped(part));
      line += line_height;
    }
    return fmt::format(
        "<a href=\"#s{}\"><rect class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
        "rx=\"8\"/>{}<text class=\"small\" x=\"{}\" y=\"{}\">{}</text></a>\n",
        k, left, top(row), box_width, bottom(row) - top(row), text, left + 10, line,
        escaped(remark(section)));
  }

  static std::string remark(const SectionStory& section) {
    if (section.kind == SectionKind::inputs) {
      std::string names;
      for (const Row& row : section.givens)
        if (row.init.empty()) names += (names.empty() ? "" : ", ") + row.name;
      return names;
    }
    std::string text = section.type.substr(std::min(section.type.find('['), section.type.size()));
    if (text == "[]") text = "a number";
    return section.parameters ? fmt::format("{}, {} parameters", text, section.parameters) : text;
  }

  const Explanation& story_;
  std::vector<size_t> row_of_;                    ///< by section: where it is drawn
  std::vector<size_t> shown_;                     ///< by row: the section
  std::vector<std::vector<std::string>> titles_;  ///< by row
  std::vector<int> tops_;                         ///< by row, and one below the last
  std::vector<Arc> arcs_;
  size_t lanes_ = 0;
};

}  // namespace

std::string draw_network(const Explanation& story) { return Drawing(story).svg(); }

}  // namespace netc::explain
