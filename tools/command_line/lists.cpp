#include "tools/command_line/lists.h"

#include <fmt/format.h>

#include "ir/functions.h"
#include "ir/support/diagnostics.h"
#include "passes/passes.h"

namespace netc {

namespace {

std::string passes() {
  std::string text = "| pass | what it does |\n|---|---|\n";
  for (const PassInfo& pass : all_passes())
    text += fmt::format("| `{}` | {} |\n", pass.name, pass.summary);
  return text;
}

std::string functions() {
  std::string text = "| function | arguments | meaning | derivative |\n|---|---|---|---|\n";
  for (size_t i = 0; i < function_count; ++i) {
    const FunctionInfo& row = info(static_cast<Function>(i));
    std::string_view written = row.syntax.symbol.empty() ? row.name : row.syntax.symbol;
    text += fmt::format("| `{}` | {} | {} | {} |\n", written, row.arity, row.summary,
                        row.derivative_text);
  }
  return text;
}

std::string codes() {
  std::string text;
  for (Code code : all_codes()) text += code_name(code) + "\n";
  return text;
}

}  // namespace

std::optional<std::string> list_of(const std::string& what) {
  if (what == "passes") return passes();
  if (what == "functions") return functions();
  if (what == "codes") return codes();
  return std::nullopt;
}

std::optional<std::string> explain_code(const std::string& code) {
  for (Code known : all_codes())
    if (code_name(known) == code) return fmt::format("{}\n", explanation(known));
  return std::nullopt;
}

}  // namespace netc
