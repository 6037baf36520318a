#include "tools/command_line/pass_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "ir/support/diagnostics.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"
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

/// Whether a flag's list holds a word.
bool lists(const CommandLine& line, std::string_view flag, std::string_view word) {
  std::vector<std::string> words = line.list(flag);
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Those that -Rpass and -Rpass-missed ask for.
void show_remarks(const Remarks& remarks, const SourceMap& sources, const CommandLine& line) {
  Diagnostics shown;
  for (const Remark& remark : remarks) {
    std::string_view flag = remark.missed ? "Rpass-missed" : "Rpass";
    if (!lists(line, flag, remark.pass) && !lists(line, flag, "all")) continue;
    shown.remark(fmt::format("-{}={}", flag, remark.pass), remark.range, remark.text);
  }
  show(shown, sources, line);
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
  for (std::string_view flag : {"print-after", "Rpass", "Rpass-missed"})
    for (const std::string& name : line.list(flag))
      if (name != "all")
        if (Result<const PassInfo*> pass = pass_called(name); !pass.ok())
          return Error{pass.error()};
  return Done{};
}

bool inspects_passes(const CommandLine& line) {
  for (std::string_view flag : {"print-after", "print-after-all", "print-changed", "dump-dir",
                                "time-passes", "Rpass", "Rpass-missed"})
    if (line.has(flag)) return true;
  return false;
}

int run_passes(Compilation& compilation, const std::vector<std::string_view>& passes,
               const Target& target, const SourceMap& sources, const CommandLine& line) {
  Remarks remarks;
  bool remarking = line.has("Rpass") || line.has("Rpass-missed");
  if (remarking) compilation.remarks = &remarks;
  std::string_view program = line.command == command_net_opt ? "net-opt" : "netc";
  Status status = Done{};
  PassOptions options;
  options.print_after = line.list("print-after");
  options.print_after_all = line.has("print-after-all") || lists(line, "print-after", "all");
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
    if (error)
      return fail(program, fmt::format("cannot make `{}`: {}", folder.string(), error.message()),
                  exit_output);
    options.dump = [&status, folder](const std::string& name, const std::string& text) {
      if (status.ok()) status = write_output((folder / name).string(), text, Content::text);
    };
  }
  Status ran = run_passes(compilation, passes, target, options);
  compilation.remarks = nullptr;
  if (!ran.ok()) return fail_usage(program, ran.error());
  if (remarking) show_remarks(remarks, sources, line);
  return status.ok() ? exit_done : fail(program, status.error(), exit_output);
}

}  // namespace netc
