#include "tools/command_line/flags.h"

#include <fmt/format.h>

#include "ir/support/check.h"

namespace netc {

namespace {

constexpr unsigned in_process = command_train | command_eval | command_predict | command_grad;
constexpr unsigned elaborating = command_compile | in_process | command_check | command_summary |
                                 command_explain | command_bench;
constexpr unsigned optimizing =
    command_compile | in_process | command_summary | command_explain | command_bench;
constexpr unsigned running_passes = optimizing | command_net_opt;
constexpr unsigned everywhere = ~0u;

using enum FlagGroup;

}  // namespace

const std::vector<CommandInfo>& all_commands() {
  static const std::vector<CommandInfo> commands = {
      {command_compile, "", "MODEL.net",
       "compile: an object file and its C header, or as --emit says"},
      {command_train, "train", "MODEL.net", "train the model on the data that it names"},
      {command_eval, "eval", "MODEL.net --load W",
       "loss and metrics on its validation data, or else all data"},
      {command_predict, "predict", "MODEL.net --load W --input IN -o OUT",
       "its outputs for given inputs"},
      {command_grad, "grad", "MODEL.net --input IN -o OUT",
       "its loss, outputs and gradients for given inputs"},
      {command_check, "check", "MODEL.net",
       "check the file, and its gradients against finite differences"},
      {command_summary, "summary", "MODEL.net", "layers, shapes, parameters, FLOPs, memory"},
      {command_explain, "explain", "MODEL.net [-o PAGE.html]",
       "the forward and the backward pass, formula by formula"},
      {command_bench, "bench", "MODEL.net",
       "time a training step and a prediction, as a share of the peak"},
      {command_fmt, "fmt", "FILE.net", "rewrite the file in the one canonical layout"},
  };
  return commands;
}

const CommandInfo* find_command(std::string_view name) {
  for (const CommandInfo& command : all_commands())
    if (!name.empty() && command.name == name) return &command;
  return nullptr;
}

const CommandInfo& info(Command command) {
  for (const CommandInfo& row : all_commands())
    if (row.command == command) return row;
  NETC_UNREACHABLE("no command {}", static_cast<unsigned>(command));
}

const std::vector<Flag>& all_flags() {
  static const std::vector<Flag> flags = {
      {"o", "OUT",
       command_compile | command_predict | command_grad | command_explain | command_fmt |
           command_net_opt,
       output, "where the output goes; its suffix chooses the kind; `-` is standard output", true},
      {"emit", "KIND[=PATH],...", command_compile, output,
       "ast, graph, loops, llvm, asm, obj, so, exe, header, dot; several at once", true},
      {"format", "text|html", command_explain, output,
       "a text or a page; without it as the suffix of -o says"},
      {"entry", "train|evaluate|predict|gradient", command_compile, output,
       "this entry point alone", true},
      {"MD", "", command_compile, output, "write the files that were read as a rule for make"},
      {"MF", "PATH", command_compile, output, "where -MD writes; without it OUT.d"},

      {"D", "NAME=VALUE", elaborating, code, "set a constant of the file", true},
      {"I", "DIR", elaborating, code, "look for `use`d files here too", true},
      {"batch", "N", elaborating, code, "the largest batch, in place of the train block's", true},
      {"float", "f32|f64", elaborating, code, "read every f32 of the program as this", true},
      {"O", "0|1|2|3", optimizing, code, "how much to optimize; 2 without it", true},
      {"cpu", "NAME", running_passes, code, "make code for this processor; `native` without it",
       true},
      {"target", "TRIPLE", command_compile, code, "make code for this kind of machine"},
      {"threads", "N", in_process | command_bench, code, "at most this many threads", true},
      {"g", "", command_compile, code,
       "debug information: kernels by name, lines of what --emit=loops=MODEL.loops writes"},

      {"model", "NAME", in_process | command_check | command_explain, code,
       "which model, where the file has several"},
      {"data", "DIR", command_train | command_eval, training, "where relative data paths begin",
       true},
      {"epochs", "N", command_train, training, "in place of the train block's", true, 0},
      {"steps", "N", command_train, training, "stop after so many steps", true, 0},
      {"seed", "N", in_process | command_check, training, "in place of the train block's", true, 0},
      {"load", "W", in_process, training, "weights to start from (safetensors)", true},
      {"save", "W", command_train, training, "write the trained weights here", true},
      {"log", "F", command_train, training,
       "a record after each epoch: F.jsonl, F.csv, or *.tfevents* for TensorBoard", true},
      {"checkpoint", "F", command_train, training, "keep a resumable checkpoint here", true},
      {"checkpoint-every", "N", command_train, training,
       "write it every N steps; without it every epoch"},
      {"resume", "F", command_train, training, "go on from a checkpoint", true},
      {"input", "IN", command_predict | command_grad, training,
       "one tensor for each input, by name (safetensors, npy)", true},
      {"format", "text|json", command_eval | command_bench, training, "how results are printed"},
      {"machine", "", command_bench, training,
       "what is assumed and measured of this machine; takes no file"},
      {"profile", "", command_bench, training, "the time of every kernel, the slowest first", true},
      {"quiet", "", command_train, training, "no progress"},

      {"passes", "LIST", command_compile | command_net_opt, inspection,
       "run these passes, in place of -O's", true},
      {"print-after", "PASS,...|all", running_passes, inspection, "print the IR after these passes",
       true},
      {"print-after-all", "", running_passes, inspection, "print the IR after every pass"},
      {"print-changed", "", running_passes, inspection,
       "print the IR after passes that changed it"},
      {"dump-dir", "DIR", running_passes, inspection,
       "write the IR after every pass to numbered files"},
      {"Rpass", "PASS,...|all", running_passes, inspection,
       "what these passes did with the program: partition, fuse, schedule"},
      {"Rpass-missed", "PASS,...|all", running_passes, inspection,
       "what they could not do with it, and why"},
      {"verify-each", "", running_passes, inspection, "check the IR's rules after every pass"},
      {"time-passes", "", running_passes, inspection, "how long each pass took"},

      {"v", "", everywhere, general, "say more of what is done"},
      {"color", "auto|always|never", everywhere, general, "colours in messages"},
      {"diagnostics", "text|json", everywhere, general, "how messages are printed"},
      {"print", "targets|cpus|passes|layers|library|functions|codes", everywhere, general,
       "list what there is"},
      {"explain", "CODE", everywhere, general, "more about a diagnostic"},
      {"help", "", everywhere, general, "this help; `--help-all` shows all flags", true},
      {"help-all", "", everywhere, general, "all flags"},
      {"version", "", everywhere, general, "the version", true},
  };
  return flags;
}

const Flag* find_flag(std::string_view name, unsigned commands) {
  const Flag* any = nullptr;
  for (const Flag& flag : all_flags()) {
    if (flag.name != name) continue;
    if (flag.commands & commands) return &flag;
    if (!any) any = &flag;
  }
  return any;
}

std::string spelling(const Flag& flag) {
  bool one_dash = flag.name.size() == 1 || flag.name == "MD" || flag.name == "MF" ||
                  flag.name.starts_with("Rpass");
  return fmt::format("{}{}", one_dash ? "-" : "--", flag.name);
}

std::string synopsis(const Flag& flag) {
  if (flag.value.empty()) return spelling(flag);
  if (flag.name == "O") return "-O0..-O3";
  return fmt::format("{} {}", spelling(flag), flag.value);
}

std::vector<std::string> choices(const Flag& flag) {
  std::vector<std::string> words;
  if (flag.value.find('|') == std::string_view::npos ||
      flag.value.find("...") != std::string_view::npos)
    return words;
  for (size_t begin = 0; begin <= flag.value.size();) {
    size_t end = std::min(flag.value.find('|', begin), flag.value.size());
    words.emplace_back(flag.value.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace netc
