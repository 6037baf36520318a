#include "frontend/layout.h"

#include "ir/support/utf8.h"

namespace netc {

namespace {

int width_of(std::string_view words) {
  int width = 0;
  for (; !words.empty(); words.remove_prefix(utf8_length(words)))
    width += display_width(utf8_decode(words));
  return width;
}

}  // namespace

DocId Layout::add(Doc doc) {
  docs_.push_back(std::move(doc));
  return {static_cast<uint32_t>(docs_.size() - 1)};
}

DocId Layout::text(std::string words) { return add({Kind::text, false, std::move(words), {}}); }
DocId Layout::unmeasured(std::string words) {
  return add({Kind::unmeasured, false, std::move(words), {}});
}
DocId Layout::line() { return add({Kind::line, false, {}, {}}); }
DocId Layout::soft_line() { return add({Kind::soft_line, false, {}, {}}); }
DocId Layout::hard_line() { return add({Kind::hard_line, false, {}, {}}); }
DocId Layout::concat(std::vector<DocId> parts) {
  return add({Kind::concat, false, {}, std::move(parts)});
}
DocId Layout::group(DocId content, bool broken) {
  return add({Kind::group, broken, {}, {content}});
}
DocId Layout::indent(DocId content) { return add({Kind::indent, false, {}, {content}}); }
DocId Layout::align(DocId content) { return add({Kind::align, false, {}, {content}}); }

/// Whether `next`, and what follows it up to where a line may end, fits in `room` columns.
bool Layout::fits(Command next, const std::vector<Command>& rest, int room) const {
  std::vector<Command> todo = {next};
  size_t following = rest.size();
  while (room >= 0) {
    if (todo.empty()) {
      if (following == 0) return true;
      todo.push_back(rest[--following]);
    }
    Command command = todo.back();
    todo.pop_back();
    const Doc& doc = docs_[command.doc.index];
    switch (doc.kind) {
      case Kind::text:
        room -= width_of(doc.words);
        break;
      case Kind::unmeasured:
        break;
      case Kind::hard_line:
        return true;
      case Kind::line:
      case Kind::soft_line:
        if (!command.flat) return true;
        room -= doc.kind == Kind::line;
        break;
      case Kind::group:
        if (doc.broken) command.flat = false;
        [[fallthrough]];
      default:
        for (size_t i = doc.parts.size(); i-- > 0;) todo.push_back({doc.parts[i], 0, command.flat});
    }
  }
  return false;
}

std::string Layout::render(DocId root, int width) const {
  std::string out;
  int column = 0;
  std::vector<Command> todo = {{root, 0, false}};
  auto break_line = [&](int indent) {
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
    out.append(static_cast<size_t>(indent), ' ');
    column = indent;
  };
  while (!todo.empty()) {
    Command command = todo.back();
    todo.pop_back();
    const Doc& doc = docs_[command.doc.index];
    switch (doc.kind) {
      case Kind::text:
      case Kind::unmeasured:
        out += doc.words;
        column += width_of(doc.words);
        continue;
      case Kind::line:
      case Kind::soft_line:
        if (!command.flat) {
          break_line(command.indent);
        } else if (doc.kind == Kind::line) {
          out += ' ';
          ++column;
        }
        continue;
      case Kind::hard_line:
        break_line(command.indent);
        continue;
      case Kind::indent:
        command.indent += 2;
        break;
      case Kind::align:
        command.indent = column;
        break;
      case Kind::group:
        command.flat = !doc.broken && fits({doc.parts[0], 0, true}, todo, width - column);
        break;
      case Kind::concat:
        break;
    }
    for (size_t i = doc.parts.size(); i-- > 0;)
      todo.push_back({doc.parts[i], command.indent, command.flat});
  }
  return out;
}

}  // namespace netc
