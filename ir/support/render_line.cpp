#include "ir/support/render_line.h"

#include <algorithm>

#include "ir/support/utf8.h"

namespace netc {

namespace {

constexpr size_t tab_width = 4;
constexpr size_t longest_shown = 160;  ///< columns of a line that are shown whole
constexpr size_t context_before = 60;  ///< columns kept before the first mark of a longer one

/// A line as it is shown, and the column on which each of its bytes stands.
struct ShownLine {
  std::string text;
  std::vector<size_t> columns;  ///< one more than bytes
  std::vector<size_t> offsets;  ///< where a byte's character begins in `text`; one more than bytes
};

bool is_control(char32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

ShownLine show(std::string_view line) {
  ShownLine shown;
  size_t column = 0;
  for (size_t i = 0; i < line.size();) {
    uint32_t length = utf8_length(line.substr(i));
    char32_t character = utf8_decode(line.substr(i));
    shown.columns.insert(shown.columns.end(), length, column);
    shown.offsets.insert(shown.offsets.end(), length, shown.text.size());
    if (character == '\t') {
      size_t width = tab_width - column % tab_width;
      shown.text.append(width, ' ');
      column += width;
    } else if (is_control(character) || character == 0xfffd) {
      shown.text += "\xef\xbf\xbd";  // U+FFFD, so that a terminal is not driven by a source text
      column += 1;
    } else {
      shown.text += line.substr(i, length);
      column += static_cast<size_t>(display_width(character));
    }
    i += length;
  }
  shown.columns.push_back(column);
  shown.offsets.push_back(shown.text.size());
  return shown;
}

struct Mark {
  size_t begin = 0, end = 0;  ///< columns
  bool primary = false;
  std::string_view text;
};

/// The bytes of a line that can matter: of a line of megabytes only what is around its first mark.
std::pair<size_t, size_t> window(std::string_view text, size_t first_mark) {
  constexpr size_t most_bytes = 8 * longest_shown;
  auto on_boundary = [&](size_t at) {
    while (at < text.size() && at > 0 && (text[at] & 0xc0) == 0x80) --at;
    return at;
  };
  size_t begin = first_mark > most_bytes ? on_boundary(first_mark - most_bytes) : 0;
  size_t end = std::min(text.size(), begin + 2 * most_bytes);
  return {begin, on_boundary(end)};
}

/// Cuts a line that is too long to what stands around its first mark.
void cut(ShownLine& shown, std::vector<Mark>& marks) {
  size_t width = shown.columns.back();
  if (width <= longest_shown) return;
  size_t first_mark = width;
  for (const Mark& mark : marks)
    if (mark.primary || first_mark == width) first_mark = std::min(mark.begin, width);
  size_t from = first_mark > context_before ? first_mark - context_before : 0;
  auto byte_at = [&](size_t column) {
    auto found = std::lower_bound(shown.columns.begin(), shown.columns.end(), column);
    return static_cast<size_t>(found - shown.columns.begin());
  };
  size_t first = byte_at(from);
  size_t last = std::min(byte_at(shown.columns[first] + longest_shown), shown.columns.size() - 1);
  size_t shift = shown.columns[first];
  size_t end = shown.columns[last];
  std::string_view before = first > 0 ? "..." : "";
  std::string_view after = last + 1 < shown.columns.size() ? "..." : "";
  std::string kept =
      shown.text.substr(shown.offsets[first], shown.offsets[last] - shown.offsets[first]);
  shown.text = fmt::format("{}{}{}", before, kept, after);
  for (Mark& mark : marks) {
    mark.begin = std::clamp(mark.begin, shift, end) - shift + before.size();
    mark.end = std::clamp(mark.end, shift, end) - shift + before.size();
  }
}

void put(std::string& row, size_t column, std::string_view text) {
  if (row.size() < column + text.size()) row.resize(column + text.size(), ' ');
  row.replace(column, text.size(), text);
}

std::string trimmed(std::string row) {
  row.erase(row.find_last_not_of(' ') + 1);
  return row;
}

/// What stands between two labels is pointed at by them: an operator between its operands.
bool stands_between(const LineLabel& label, const std::vector<LineLabel>& labels) {
  bool before = false, behind = false;
  for (const LineLabel& other : labels) {
    if (other.text.empty()) continue;
    before |= other.range.end <= label.range.begin;
    behind |= other.range.begin >= label.range.end;
  }
  return label.text.empty() && before && behind;
}

std::string caret_row(const std::vector<Mark>& marks) {
  std::string row;
  for (bool primary : {false, true}) {  // the primary mark is drawn over others
    for (const Mark& mark : marks) {
      if (mark.primary != primary) continue;
      std::string carets(std::max<size_t>(mark.end - mark.begin, 1), primary ? '~' : '^');
      carets[0] = '^';
      put(row, mark.begin, carets);
    }
  }
  return row;
}

/// The text of the rightmost mark goes behind the carets; each other stands below its mark, the
/// rightmost first, with a `|` leading down to those that are still to come.
std::vector<std::string> label_rows(std::string carets, std::vector<Mark> marks) {
  std::erase_if(marks, [](const Mark& mark) { return mark.text.empty(); });
  std::stable_sort(marks.begin(), marks.end(),
                   [](const Mark& a, const Mark& b) { return a.begin < b.begin; });
  std::vector<std::string> rows;
  bool last_is_free = !marks.empty() && marks.back().begin + 1 <= carets.size() &&
                      std::max(marks.back().end, marks.back().begin + 1) == carets.size();
  if (last_is_free) {
    carets += fmt::format(" {}", marks.back().text);
    marks.pop_back();
  }
  rows.push_back(trimmed(carets));
  while (!marks.empty()) {
    std::string row;
    for (const Mark& mark : marks) put(row, mark.begin, "|");
    row.resize(marks.back().begin);
    row += marks.back().text;
    rows.push_back(trimmed(row));
    marks.pop_back();
  }
  return rows;
}

}  // namespace

RenderedLine render_line(const SourceMap& sources, const std::vector<LineLabel>& labels) {
  SourceRange first = labels[0].range;
  LineColumn place = sources.position(first.file, first.begin);
  std::string_view text = sources.line(first.file, place.line);
  auto [begin, end] = window(text, place.column - 1);
  size_t shown_begin = first.begin - (place.column - 1) + begin;
  ShownLine shown = show(text.substr(begin, end - begin));
  auto column = [&](size_t offset) {
    size_t inside = std::max(offset, shown_begin) - shown_begin;
    return shown.columns[std::min(inside, end - begin)];
  };
  std::vector<Mark> marks;
  for (const LineLabel& label : labels)
    if (!stands_between(label, labels))
      marks.push_back(
          {column(label.range.begin), column(label.range.end), label.primary, label.text});
  cut(shown, marks);
  return {shown.text, label_rows(caret_row(marks), marks)};
}

}  // namespace netc
