#include "ir/support/diagnostics.h"

#include <algorithm>
#include <numeric>

namespace netc {

std::string code_name(Code code) {
  static constexpr std::string_view names[] = {
#define NETC_DIAGNOSTIC(name) #name,
#include "ir/support/diagnostics.def"
  };
  std::string text(names[static_cast<size_t>(code)]);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

const std::vector<Code>& all_codes() {
  static const std::vector<Code> codes = {
#define NETC_DIAGNOSTIC(name) Code::name,
#include "ir/support/diagnostics.def"
  };
  return codes;
}

std::string_view name(Severity severity) {
  static constexpr std::string_view names[] = {"error", "warning", "remark"};
  return names[static_cast<size_t>(severity)];
}

std::string tag(const Diagnostic& diagnostic) {
  return diagnostic.severity == Severity::remark ? diagnostic.flag : code_name(diagnostic.code);
}

Diagnostic& Diagnostics::remark(std::string flag, SourceRange range, std::string message) {
  reports_.push_back({.severity = Severity::remark,
                      .flag = std::move(flag),
                      .range = range,
                      .message = std::move(message)});
  return reports_.back();
}

Diagnostic& Diagnostics::report(Severity severity, Code code, SourceRange range,
                                std::string message) {
  uint64_t place = (uint64_t{range.file.index} << 32) | range.begin;
  bool fresh = seen_.insert({code, {static_cast<uint32_t>(place >> 32), range.begin}}).second;
  if (severity == Severity::error) ++error_count_;
  auto& target = fresh || !range.valid() ? reports_ : repeated_;
  target.push_back(
      {.severity = severity, .code = code, .range = range, .message = std::move(message)});
  return target.back();
}

namespace {

/// Characters to insert, remove or replace, or neighbours to swap, to make `b` of `a`.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j - 1] + (a[i - 1] != b[j - 1]), last[j] + 1, row[j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // At most a third of the word may differ, and never all of it.
  size_t best_distance = std::min((word.size() + 2) / 3 + 1, word.size());
  constexpr size_t longest = 64;  // the work grows with the product of the lengths
  if (word.size() > longest) return best;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest) continue;
    size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace netc
