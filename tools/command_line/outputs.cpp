#include "tools/command_line/outputs.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "ir/support/diagnostics.h"

namespace netc {

namespace {

constexpr std::array<OutputKindInfo, 10> kinds = {{
    {OutputKind::ast, "ast", ".ast", Content::text, true},
    {OutputKind::graph, "graph", ".graph", Content::text, true},
    {OutputKind::loops, "loops", ".loops", Content::text, true},
    {OutputKind::llvm, "llvm", ".ll", Content::text, true},
    {OutputKind::assembly, "asm", ".s", Content::text, true},
    {OutputKind::object, "obj", ".o", Content::binary, false},
    {OutputKind::shared, "so", ".so", Content::executable, false},
    {OutputKind::executable, "exe", "", Content::executable, false},
    {OutputKind::header, "header", ".h", Content::text, false},
    {OutputKind::dot, "dot", ".dot", Content::text, true},
}};

consteval bool in_order() {
  for (size_t i = 0; i < kinds.size(); ++i)
    if (static_cast<size_t>(kinds[i].kind) != i) return false;
  return true;
}
static_assert(in_order());

/// `kind` or `kind=path`.
Result<Output> parse_one(const std::string& word) {
  size_t equals = word.find('=');
  std::string name = word.substr(0, equals);
  std::vector<std::string> names;
  for (const OutputKindInfo& row : kinds) {
    if (row.name == name)
      return Output{row.kind, equals == std::string::npos ? "" : word.substr(equals + 1)};
    names.emplace_back(row.name);
  }
  std::string near = nearest(name, names);
  return Error{near.empty()
                   ? fmt::format("`--emit` takes {}, not `{}`", fmt::join(names, ", "), name)
                   : fmt::format("`--emit` knows no `{}`; did you mean `{}`?", name, near)};
}

/// The kind that a path's suffix stands for; no suffix is an executable's.
Result<Output> of_path(const std::string& path) {
  std::string suffix = std::filesystem::path(path).extension().string();
  if (path == "-") return Error{"`-o -` needs `--emit` to say what to write"};
  for (const OutputKindInfo& row : kinds)
    if (row.suffix == suffix) return Output{row.kind, path};
  return Error{
      fmt::format("the suffix of `{}` tells no kind of output; say it with `--emit`", path)};
}

/// `digits` for `models/digits.net`.
std::string stem_of(const CommandLine& line) {
  return line.inputs[0] == "-" ? "model" : std::filesystem::path(line.inputs[0]).stem().string();
}

}  // namespace

const OutputKindInfo& info(OutputKind kind) { return kinds[static_cast<size_t>(kind)]; }

Result<std::vector<Output>> outputs_of(const CommandLine& line) {
  std::vector<Output> result;
  std::string path = line.text("o");
  for (const std::string& word : line.list("emit")) {
    Result<Output> output = parse_one(word);
    if (!output.ok()) return Error{output.error()};
    result.push_back(*output);
  }
  if (result.empty() && !path.empty()) {
    Result<Output> output = of_path(path);
    if (!output.ok()) return Error{output.error()};
    result.push_back(*output);
  }
  if (result.empty()) result = {{OutputKind::object, ""}, {OutputKind::header, ""}};

  std::filesystem::path base = stem_of(line);
  bool named = false;
  for (Output& output : result) {
    if (!output.path.empty()) continue;
    const OutputKindInfo& row = info(output.kind);
    if (!path.empty() && !named) {
      output.path = path;
      if (path != "-") base = std::filesystem::path(path).replace_extension();
      named = true;
    } else if (row.to_read && !named) {
      output.path = "-";
    } else {
      output.path = base.string() + std::string(row.suffix);
    }
    if (output.path != "-" && output.path == line.inputs[0])
      return Error{fmt::format("the output `{}` would replace the input", output.path)};
  }
  return result;
}

}  // namespace netc
