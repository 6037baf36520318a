#include "tools/driver/compiler_lists.h"

#include <fmt/format.h>

#include <map>

#include "codegen/codegen.h"
#include "frontend/parser.h"
#include "frontend/program.h"
#include "ir/support/check.h"

namespace netc {

namespace {

/// White space as single blanks, and `|` so that it does not end the cell of a table.
std::string cell(std::string_view text) {
  std::string result;
  for (char c : text) {
    bool blank = c == ' ' || c == '\n';
    if (blank && (result.empty() || result.back() == ' ')) continue;
    if (c == '|') result += '\\';
    result += blank ? ' ' : c;
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

/// The comment that stands right above a line.
std::string words_above(uint32_t line, const std::map<uint32_t, std::string_view>& comments) {
  std::string text;
  for (auto above = comments.find(line - 1); above != comments.end();
       above = comments.find(above->first - 1))
    text = fmt::format("{} {}", above->second.substr(2), text);
  return cell(text);
}

std::string library_list(bool layers_only) {
  SourceMap sources;
  FileId file = sources.add("std.net", std::string(elaboration::standard_library()));
  Diagnostics diagnostics;
  std::optional<ast::File> tree = parse(sources, file, diagnostics);
  NETC_CHECK(tree, "std.net does not parse");

  std::map<uint32_t, std::string_view> comments;
  for (const ast::Comment& comment : tree->comments)
    if (comment.own_line)
      comments[sources.position(file, comment.range.begin).line] = sources.text(comment.range);
  std::string text = "| declaration | meaning |\n|---|---|\n";
  for (const ast::Decl& declaration : tree->declarations) {
    const auto* function = declaration.as<ast::Function>();
    if (!function || (layers_only && function->kind != ast::Function::Kind::layer)) continue;
    SourceRange signature = declaration.range;
    signature.end = function->body.range.begin;
    text += fmt::format("| `{}` | {} |\n", cell(sources.text(signature)),
                        words_above(sources.position(file, signature.begin).line, comments));
  }
  return text;
}

}  // namespace

std::optional<std::string> compiler_list(const std::string& what) {
  if (what == "library" || what == "layers") return library_list(what == "layers");
  if (what == "targets") return host_target() + "\n";
  if (what == "cpus") return fmt::format("{}\n", fmt::join(known_cpus(), "\n"));
  return std::nullopt;
}

}  // namespace netc
