// One diagnostic as a line of JSON, for editors and scripts.
#pragma once

#include <string>

#include "ir/support/diagnostics.h"

namespace netc {

/// {"severity":"error","code":"...","message":"...","file":"...","line":1,"column":2,
///  "end_line":1,"end_column":5,"labels":[...],"notes":[...],"helps":[...]} without a line end.
/// Labels and notes have a `text` and, where they have a place, the same keys for it.
std::string render_json(const Diagnostic& diagnostic, const SourceMap& sources);

}  // namespace netc
