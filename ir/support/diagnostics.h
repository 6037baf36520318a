// Diagnostics: what is said about the user's program. A phase reports into `Diagnostics` and
// returns what it could build; the driver stops between phases when there are errors.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/support/source.h"

namespace netc {

/// Every code that a diagnostic may carry, as in `diagnostics.def`; printed with `-` for `_`.
enum class Code {
#define NETC_DIAGNOSTIC(name) name,
#include "ir/support/diagnostics.def"
};

/// "inner-size-mismatch" for Code::inner_size_mismatch.
std::string code_name(Code code);

/// All codes, in the order of the list.
const std::vector<Code>& all_codes();

enum class Severity { error, warning, remark };

/// "error", "warning", "remark".
std::string_view name(Severity severity);

/// Words under a part of the source.
struct Label {
  SourceRange range;
  std::string text;
};

/// An extra line; its range, where there is one, is shown as `at line:col`.
struct Note {
  SourceRange range;
  std::string text;
};

/// One report. Built by `Diagnostics::error(...)` and completed by chaining.
struct Diagnostic {
  Severity severity = Severity::error;
  Code code{};
  std::string flag;  ///< of a remark, in place of a code: the flag that asked for it
  SourceRange range;
  std::string message;
  std::vector<Label> labels;
  std::vector<Note> notes;
  std::vector<std::string> helps;

  template <typename... Args>
  Diagnostic& label(SourceRange where, fmt::format_string<Args...> text, Args&&... args) {
    labels.push_back({where, fmt::format(text, std::forward<Args>(args)...)});
    return *this;
  }
  template <typename... Args>
  Diagnostic& note(SourceRange where, fmt::format_string<Args...> text, Args&&... args) {
    notes.push_back({where, fmt::format(text, std::forward<Args>(args)...)});
    return *this;
  }
  template <typename... Args>
  Diagnostic& help(fmt::format_string<Args...> text, Args&&... args) {
    helps.push_back(fmt::format(text, std::forward<Args>(args)...));
    return *this;
  }
};

class Diagnostics {
 public:
  template <typename... Args>
  Diagnostic& error(Code code, SourceRange range, fmt::format_string<Args...> text,
                    Args&&... args) {
    return report(Severity::error, code, range, fmt::format(text, std::forward<Args>(args)...));
  }
  template <typename... Args>
  Diagnostic& warning(Code code, SourceRange range, fmt::format_string<Args...> text,
                      Args&&... args) {
    return report(Severity::warning, code, range, fmt::format(text, std::forward<Args>(args)...));
  }

  /// What a pass did or could not do; `flag` ("-Rpass=fuse") asked for it.
  Diagnostic& remark(std::string flag, SourceRange range, std::string message);

  bool has_errors() const { return error_count_ > 0; }
  size_t error_count() const { return error_count_; }
  /// References stay valid while reports are added. The same code at the same place is kept once.
  const std::deque<Diagnostic>& all() const { return reports_; }

 private:
  Diagnostic& report(Severity severity, Code code, SourceRange range, std::string message);

  std::deque<Diagnostic> reports_;
  std::deque<Diagnostic> repeated_;
  std::set<std::pair<Code, std::pair<uint32_t, uint32_t>>> seen_;
  size_t error_count_ = 0;
};

/// What stands in brackets behind the message: the code, or a remark's flag.
std::string tag(const Diagnostic& diagnostic);

/// The candidate nearest to `word` by edit distance, if it is near enough to propose; else "".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

struct RenderOptions {
  bool colour = false;
  bool json = false;
  size_t max_errors = 100;
};

/// All reports as text: `file:line:col: error: message [code]`, the line, carets, notes; or JSON
/// lines. Reports stand in source order within a file.
std::string render(const Diagnostics& diagnostics, const SourceMap& sources,
                   const RenderOptions& options = {});

}  // namespace netc
