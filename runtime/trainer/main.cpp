// The `main` of an emitted executable: one command, then flags from a table.
#include <charconv>
#include <cstring>
#include <span>

#include "runtime/trainer/nearest.h"
#include "runtime/trainer/report.h"

namespace netc::trainer {
namespace {

/// All that the flags can say.
struct Flags {
  std::string model;
  TrainOptions train;  ///< what all commands share is here, too
  std::string input, output;
  Format format = Format::text;
};

struct Flag {
  const char* name;
  const char* value;     ///< what stands for its value in the help; nullptr: it takes none
  const char* commands;  ///< separated by spaces
  const char* summary;
  bool (*set)(Flags&, const std::string&);
};

template <typename Number>
bool parse(const std::string& text, Number& number, Number low) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= low;
}

bool parse(const std::string& text, std::optional<int64_t>& number, int64_t low) {
  number = 0;
  return parse(text, *number, low);
}

constexpr const char* everywhere = "train eval predict save";

const Flag table[] = {
    {"--model", "NAME", everywhere, "which model, where there are several",
     [](Flags& f, const std::string& v) { return f.model = v, true; }},
    {"--epochs", "N", "train", "train for N epochs",
     [](Flags& f, const std::string& v) { return parse(v, f.train.epochs, 0); }},
    {"--steps", "N", "train", "stop after N steps",
     [](Flags& f, const std::string& v) { return parse(v, f.train.steps, 0); }},
    {"--batch", "N", "train", "rows of a step, up to what was compiled",
     [](Flags& f, const std::string& v) { return parse(v, f.train.batch, 1); }},
    {"--save", "W", "train", "write weights and states to W at the end",
     [](Flags& f, const std::string& v) { return f.train.save = v, true; }},
    {"--log", "F", "train", "a record after each epoch: JSON lines, F.csv, or *.tfevents*",
     [](Flags& f, const std::string& v) { return f.train.log = v, true; }},
    {"--checkpoint", "F", "train", "write resumable checkpoints to F",
     [](Flags& f, const std::string& v) { return f.train.checkpoint = v, true; }},
    {"--checkpoint-every", "N", "train", "after every N steps, not after each epoch",
     [](Flags& f, const std::string& v) { return parse(v, f.train.checkpoint_every, 1); }},
    {"--resume", "F", "train", "go on from a checkpoint",
     [](Flags& f, const std::string& v) { return f.train.resume = v, true; }},
    {"--quiet", nullptr, "train", "show no progress",
     [](Flags& f, const std::string&) { return f.train.quiet = true; }},
    {"--format", "F", "eval", "text or json",
     [](Flags& f, const std::string& v) {
       f.format = v == "json" ? Format::json : Format::text;
       return v == "json" || v == "text";
     }},
    {"--input", "F", "predict", "a .safetensors or .npy file, or -",
     [](Flags& f, const std::string& v) { return f.input = v, true; }},
    {"-o", "F", "predict save", "the file to write, or -",
     [](Flags& f, const std::string& v) { return f.output = v, true; }},
    {"--load", "W", everywhere, "start from these weights",
     [](Flags& f, const std::string& v) { return f.train.load = v, true; }},
    {"--data", "DIR", "train eval", "the folder of the data files",
     [](Flags& f, const std::string& v) { return f.train.data = v, true; }},
    {"--seed", "N", everywhere, "the seed of all random numbers",
     [](Flags& f, const std::string& v) {
       f.train.seed = 0;
       return parse(v, *f.train.seed, uint64_t{0});
     }},
    {"--threads", "N", everywhere, "at most N threads",
     [](Flags& f, const std::string& v) { return parse(v, f.train.threads, 1); }},
};

bool takes(const Flag& flag, const std::string& command) {
  return (" " + std::string(flag.commands) + " ").find(" " + command + " ") != std::string::npos;
}

using Models = std::span<const netc_model* const>;

std::vector<std::string> names_of(Models models) {
  std::vector<std::string> names;
  for (const netc_model* model : models) names.push_back(model->name);
  return names;
}

std::string help(const std::string& program, Models models) {
  std::string text = fmt::format(
      "{} trains and runs the model{} {}.\n\n"
      "  {} train    train it on the data of its `train` blocks\n"
      "  {} eval     loss and metrics on the validation data, or else all data\n"
      "  {} predict  outputs for the rows of --input, to -o\n"
      "  {} save     write the weights to -o\n\n",
      program, models.size() > 1 ? "s" : "", fmt::join(names_of(models), ", "), program, program,
      program, program);
  for (const Flag& flag : table)
    text += fmt::format("  {:<24}{} ({})\n",
                        fmt::format("{} {}", flag.name, flag.value != nullptr ? flag.value : ""),
                        flag.summary, flag.commands);
  return text;
}

int usage(const std::string& program, const std::string& message) {
  fmt::print(stderr, "{}: error: {}; try `{} --help`\n", program, message, program);
  return exit_usage;
}

/// Reads flags into `flags`; the words of what is wrong, or nothing.
std::string parse_flags(const std::string& command, const std::vector<std::string>& words,
                        Flags& flags) {
  for (size_t i = 0; i < words.size(); ++i) {
    size_t equals = words[i].find('=');
    std::string name = words[i].substr(0, equals);
    const Flag* found = nullptr;
    std::vector<std::string> names;
    for (const Flag& flag : table) {
      if (!takes(flag, command)) continue;
      names.push_back(flag.name);
      if (name == flag.name) found = &flag;
    }
    if (found == nullptr)
      return fmt::format("`{}` knows no `{}`{}", command, name, suggestion(name, names));
    std::string value = equals != std::string::npos ? words[i].substr(equals + 1) : "";
    if (found->value != nullptr && equals == std::string::npos) {
      if (i + 1 == words.size()) return fmt::format("`{}` needs a value", name);
      value = words[++i];
    }
    if (!found->set(flags, value)) return fmt::format("`{}` cannot be `{}`", name, value);
  }
  return "";
}

/// The model that --model names, or the only one; nullptr, and `fault` set, if there is none.
const netc_model* choose(Models models, const std::string& name, std::string& fault) {
  if (name.empty() && models.size() == 1) return models[0];
  std::vector<std::string> names = names_of(models);
  for (const netc_model* model : models)
    if (name == model->name) return model;
  fault = name.empty() ? fmt::format("there are the models {}; choose one with --model",
                                     fmt::join(names, ", "))
                       : fmt::format("there is no model `{}`{}", name, suggestion(name, names));
  return nullptr;
}

int run_command(const std::string& command, const Flags& flags, const netc_model& model) {
  const RunOptions& shared = flags.train;
  if (command == "train") {
    if (flags.train.checkpoint_every && flags.train.checkpoint.empty())
      return usage(shared.program, "`--checkpoint-every` needs --checkpoint");
    return train(model, flags.train);
  }
  if (command == "eval") return evaluate(model, EvaluateOptions{shared, flags.format});
  if (command == "predict") {
    if (flags.input.empty() || flags.output.empty())
      return usage(shared.program, "`predict` needs --input and -o");
    return predict(model, PredictOptions{shared, flags.input, flags.output});
  }
  if (flags.output.empty()) return usage(shared.program, "`save` needs -o");
  return save(model, shared, flags.output);
}

}  // namespace
}  // namespace netc::trainer

int netc_trainer_main(int argc, char** argv, const netc_model* const* all, size_t count) {
  using namespace netc::trainer;
  Models models(all, count);
  const char* slash = argc > 0 ? std::strrchr(argv[0], '/') : nullptr;
  std::string program = argc == 0 ? "model" : slash != nullptr ? slash + 1 : argv[0];
  std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  for (const std::string& word : words) {
    if (word != "--help" && word != "-h") continue;
    RunOptions options;
    options.program = program;
    return run_reported(options, [&] { return print_out(help(program, models)); });
  }
  std::string command = words.empty() ? "" : words[0];
  if (command == "evaluate") command = "eval";
  if (command != "train" && command != "eval" && command != "predict" && command != "save")
    return usage(program,
                 words.empty()
                     ? "a command is missing: train, eval, predict or save"
                     : fmt::format("`{}` is no command{}", command,
                                   suggestion(command, {"train", "eval", "predict", "save"})));
  Flags flags;
  flags.train.program = program;
  words.erase(words.begin());
  std::string fault = parse_flags(command, words, flags);
  if (!fault.empty()) return usage(program, fault);
  const netc_model* model = choose(models, flags.model, fault);
  return model != nullptr ? run_command(command, flags, *model) : usage(program, fault);
}
