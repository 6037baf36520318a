// Layout of text in a given width. A document says where lines may break; a group that fits stays
// on its line, and one that does not breaks all of its own lines.
// (The combinators of Wadler, "A prettier printer", 2003.)
#pragma once

#include <string>
#include <vector>

#include "ir/support/id.h"

namespace netc {

using DocId = Id<struct DocTag>;

class Layout {
 public:
  DocId text(std::string words);
  /// Text that does not count for the width: a comment at the end of its line.
  DocId unmeasured(std::string words);
  DocId line();       ///< a blank, or a line break
  DocId soft_line();  ///< nothing, or a line break
  DocId hard_line();  ///< always a line break
  DocId concat(std::vector<DocId> parts);
  DocId group(DocId content, bool broken = false);
  DocId indent(DocId content);  ///< lines that begin in it are two columns deeper
  DocId align(DocId content);   ///< lines that begin in it begin at its column

  std::string render(DocId root, int width) const;

 private:
  enum class Kind : uint8_t {
    text,
    unmeasured,
    line,
    soft_line,
    hard_line,
    concat,
    group,
    indent,
    align
  };
  struct Doc {
    Kind kind{};
    bool broken = false;
    std::string words;
    std::vector<DocId> parts;
  };
  struct Command {
    DocId doc;
    int indent = 0;
    bool flat = false;
  };

  DocId add(Doc doc);
  bool fits(Command next, const std::vector<Command>& rest, int room) const;

  std::vector<Doc> docs_;
};

}  // namespace netc
