// One line of source with what is marked in it.
#pragma once

#include <string>
#include <vector>

#include "ir/support/diagnostics.h"

namespace netc {

struct LineLabel {
  SourceRange range;
  std::string text;      ///< may be empty
  bool primary = false;  ///< what the diagnostic points at
};

struct RenderedLine {
  std::string source;              ///< tabs as blanks, cut around the marks where it is very long
  std::vector<std::string> marks;  ///< the rows below: carets, then texts
};

/// Shows the line on which these labels (at least one) begin. The primary one is marked `^~~`,
/// others `^^^`. The last text stands behind its mark, the others below theirs. A range that goes
/// on beyond the line is marked up to its end.
RenderedLine render_line(const SourceMap& sources, const std::vector<LineLabel>& labels);

}  // namespace netc
