// The passes of netc: the list from which the command line, the help and the documentation are
// made, the pipelines, and the manager that runs them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ir/loops/loops.h"
#include "ir/support/result.h"
#include "ir/target.h"
#include "passes/remarks.h"

namespace netc {

/// What passes work on: graphs, and after `schedule` the program made of them.
struct Compilation {
  std::vector<Graph> graphs;
  loops::Program program;
  Remarks* remarks = nullptr;  ///< where passes tell of their decisions; nullptr: nobody asks
};

/// One row of the table of passes (passes.cpp).
struct PassInfo {
  std::string_view name;     ///< as on the command line: "plan-memory"
  std::string_view summary;  ///< one line
  void (*run)(Compilation& compilation, const Target& target);
  /// Why it cannot run on this IR; nullptr: it can.
  const char* (*obstacle)(const Compilation& compilation);
};

const std::vector<PassInfo>& all_passes();
const PassInfo* find_pass(std::string_view name);

/// The passes of an optimisation level, 0 to 3, in order: a flat, commented list.
std::vector<std::string_view> pipeline(int level);

/// What the manager does around each pass.
struct PassOptions {
  bool verify_each = false;
  bool print_changed = false;
  bool print_after_all = false;
  std::vector<std::string> print_after;
  bool time_passes = false;
  /// Where dumps and times go. Dumps are headed by a comment, so that they can be read back.
  std::function<void(std::string_view text)> print;
  /// Gets the IR before the first pass and after each, with a numbered name: "02-autodiff.graph".
  std::function<void(const std::string& file_name, const std::string& text)> dump;
};

/// The IR as text: the program where there is one, otherwise the graphs.
std::string print(const Compilation& compilation);

/// Every broken rule of what `print` shows; empty: it is well formed.
std::vector<std::string> verify(const Compilation& compilation);

/// Runs the named passes (all of the table) in order. A broken rule after a pass is a defect of
/// that pass: it is named, with the rule and the IR. An error tells of a pass that cannot run where
/// it stands.
[[nodiscard]] Status run_passes(Compilation& compilation,
                                const std::vector<std::string_view>& names, const Target& target,
                                const PassOptions& options);

}  // namespace netc
