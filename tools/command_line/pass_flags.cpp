#include "tools/command_line/pass_flags.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "ir/support/diagnostics.h"
#include "tools/command_line/write_output.h"

namespace netc {

namespace {

Result<const PassInfo*> pass_called(const std::string& name) {
  if (const PassInfo* pass = find_pass(name)) return pass;
  std::vector<std::string> names;
  for (const PassInfo& pass : all_passes()) names.emplace_back(pass.name);
  std::string near = nearest(name, names);
  return Error{
      near.empty()
          ? fmt::format("no pass is called `{}`; there are {}", name, fmt::join(names, ", "))
          : fmt::format("no pass is called `{}`; did you mean `{}`?", name, near)};
}

}  // namespace

Result<std::vector<std::string_view>> named_passes(const CommandLine& line) {
  std::vector<std::string_view> passes;
  for (const std::string& name : line.list("passes")) {
    Result<const PassInfo*> pass = pass_called(name);
    if (!pass.ok()) return Error{pass.error()};
    passes.push_back((*pass)->name);
  }
  return passes;
}

Status check_pass_flags(const CommandLine& line) {
  for (const std::string& name : line.list("print-after"))
    if (name != "all")
      if (Result<const PassInfo*> pass = pass_called(name); !pass.ok()) return Error{pass.error()};
  return Done{};
}

bool inspects_passes(const CommandLine& line) {
  for (std::string_view flag :
       {"print-after", "print-after-all", "print-changed", "dump-dir", "time-passes"})
    if (line.has(flag)) return true;
  return false;
}

Status run_passes(Compilation& compilation, const std::vector<std::string_view>& passes,
                  const Target& target, const CommandLine& line) {
  Status status = Done{};
  PassOptions options;
  options.print_after = line.list("print-after");
  options.print_after_all = line.has("print-after-all") ||
                            std::find(options.print_after.begin(), options.print_after.end(),
                                      "all") != options.print_after.end();
  options.print_changed = line.has("print-changed");
  options.time_passes = line.has("time-passes");
#ifdef NDEBUG
  options.verify_each = line.has("verify-each");
#else
  options.verify_each = true;
#endif
  options.print = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  if (line.has("dump-dir")) {
    std::filesystem::path folder = line.text("dump-dir");
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Error{fmt::format("cannot make `{}`: {}", folder.string(), error.message())};
    options.dump = [&status, folder](const std::string& name, const std::string& text) {
      if (status.ok()) status = write_output((folder / name).string(), text, Content::text);
    };
  }
  run_passes(compilation, passes, target, options);
  return status;
}

}  // namespace netc
