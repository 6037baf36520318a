// Boost.Program_options splits the words; what it would guess is switched off, and its messages
// are replaced by ours.
#include "tools/command_line/command_line.h"

#include <boost/program_options.hpp>
#include <charconv>
#include <new>

#include "ir/support/diagnostics.h"
#include "tools/command_line/deep_stack.h"
#include "tools/command_line/exit_codes.h"
#include "tools/command_line/messages.h"

namespace netc {

namespace {

namespace po = boost::program_options;

/// Carries our own message out of Boost's parser.
struct UsageError {
  std::string message;
};

std::vector<std::string> spellings(unsigned commands) {
  std::vector<std::string> names;
  for (const Flag& flag : all_flags())
    if (flag.commands & commands) names.push_back(spelling(flag));
  return names;
}

[[noreturn]] void unknown_flag(const std::string& word) {
  std::string bare = word.substr(0, word.find('='));
  std::string near = bare.starts_with("-o") ? "-o" : nearest(bare, spellings(~0u));
  if (near.empty() && !bare.starts_with("--")) near = nearest("-" + bare, spellings(~0u));
  throw UsageError{near.empty() ? fmt::format("unknown flag `{}`", bare)
                                : fmt::format("unknown flag `{}`; did you mean `{}`?", bare, near)};
}

/// `-Rpass=fuse`, `-Rpass-missed=fuse`: also with the value as a word of its own.
std::pair<std::string, std::string> remark_flag(const std::string& word) {
  size_t equals = word.find('=');
  std::string name = word.substr(1, equals == std::string::npos ? equals : equals - 1);
  if (!find_flag(name)) unknown_flag(word);
  return {name, equals == std::string::npos ? "" : word.substr(equals + 1)};
}

/// Words that Boost would misread: a bare `-O`, and one dash before more than one letter.
std::pair<std::string, std::string> one_dash_words(const std::string& word) {
  if (word == "-h") return {"help", ""};
  if (word == "-O") return {"-O", "2"};
  if (word == "-MD" || word == "-MF") return {word.substr(1), ""};
  if (word.starts_with("-Rpass")) return remark_flag(word);
  if (word.size() > 2 && word[0] == '-' && word[1] != '-' && !word.starts_with("-O") &&
      !word.starts_with("-D") && !word.starts_with("-I"))
    unknown_flag(word);
  return {};
}

po::options_description boost_description() {
  po::options_description description;
  for (const Flag& flag : all_flags()) {
    if (&flag != find_flag(flag.name)) continue;
    std::string name =
        flag.name.size() == 1 ? fmt::format(",{}", flag.name) : std::string(flag.name);
    if (flag.value.empty())
      description.add_options()(name.c_str(), "");
    else
      description.add_options()(name.c_str(), po::value<std::string>(), "");
  }
  return description;
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Refuses a value that the table does not allow.
void check_value(const Flag& flag, const std::string& value) {
  if (flag.value == "N") {
    std::optional<int64_t> number = whole_number(value);
    if (!number || *number < flag.minimum)
      throw UsageError{fmt::format("`{}` takes a whole number from {} up, not `{}`", spelling(flag),
                                   flag.minimum, value)};
  }
  std::vector<std::string> words = choices(flag);
  if (words.empty() || std::find(words.begin(), words.end(), value) != words.end()) return;
  std::string near = nearest(value, words);
  throw UsageError{fmt::format("`{}` takes one of {}, not `{}`{}", spelling(flag),
                               fmt::join(words, ", "), value,
                               near.empty() ? "" : fmt::format("; did you mean `{}`?", near))};
}

/// Where a flag may stand: "`netc train` and `netc eval`".
std::string homes(const Flag& flag) {
  std::vector<std::string> names;
  for (const CommandInfo& command : all_commands())
    if (flag.commands & command.command)
      names.push_back(fmt::format("`netc{}{}`", command.name.empty() ? "" : " ", command.name));
  if (flag.commands & command_net_opt) names.push_back("`net-opt`");
  return fmt::format("{}", fmt::join(names, ", "));
}

void check_command(CommandLine& line, Command program) {
  line.command = program;
  if (program == command_compile && !line.inputs.empty()) {
    const std::string& first = line.inputs.front();
    if (const CommandInfo* command = find_command(first)) {
      line.command = command->command;
      line.inputs.erase(line.inputs.begin());
    } else if (first.find_first_of("./") == std::string::npos && first != "-") {
      std::vector<std::string> names;
      for (const CommandInfo& known : all_commands()) names.emplace_back(known.name);
      std::string near = nearest(first, names);
      if (line.inputs.size() > 1 || !near.empty())
        throw UsageError{
            near.empty() ? fmt::format("unknown command `{}`", first)
                         : fmt::format("unknown command `{}`; did you mean `{}`?", first, near)};
    }
  }
  for (const auto& [name, values] : line.flags) {
    const Flag& flag = *find_flag(name, line.command);
    if (!(flag.commands & line.command))
      throw UsageError{
          fmt::format("`{}` has no meaning here; it belongs to {}", spelling(flag), homes(flag))};
    if (!flag.value.empty())
      for (const std::string& value : values) check_value(flag, value);
  }
}

CommandLine parse(const std::vector<std::string>& arguments, Command program) {
  using namespace po::command_line_style;
  po::options_description description = boost_description();
  po::parsed_options parsed = po::command_line_parser(arguments)
                                  .options(description)
                                  .style(unix_style & ~allow_guessing)
                                  .extra_parser(one_dash_words)
                                  .run();
  CommandLine line;
  for (const po::option& option : parsed.options) {
    if (option.position_key >= 0) {
      line.inputs.insert(line.inputs.end(), option.value.begin(), option.value.end());
      continue;
    }
    std::string name = option.string_key;
    name.erase(0, name.find_first_not_of('-'));
    std::vector<std::string>& values = line.flags[name];
    values.insert(values.end(), option.value.begin(), option.value.end());
  }
  check_command(line, program);
  return line;
}

/// The flag that Boost's message is about, in our spelling.
std::string flag_of(const po::error_with_option_name& error) {
  std::string name = error.get_option_name();
  name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
  const Flag* flag = find_flag(name);
  return flag ? synopsis(*flag) : error.get_option_name();
}

}  // namespace

std::string CommandLine::text(std::string_view flag, std::string otherwise) const {
  auto found = flags.find(flag);
  return found == flags.end() || found->second.empty() ? otherwise : found->second.back();
}

std::optional<int64_t> CommandLine::integer(std::string_view flag) const {
  return has(flag) ? whole_number(text(flag)) : std::nullopt;
}

std::vector<std::string> CommandLine::all(std::string_view flag) const {
  auto found = flags.find(flag);
  return found == flags.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> CommandLine::list(std::string_view flag) const {
  std::vector<std::string> parts;
  for (const std::string& value : all(flag))
    for (size_t begin = 0; begin <= value.size();) {
      size_t end = std::min(value.find(',', begin), value.size());
      if (end > begin) parts.push_back(value.substr(begin, end - begin));
      begin = end + 1;
    }
  return parts;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments, Command program) {
  try {
    return parse(arguments, program);
  } catch (const UsageError& error) {
    return Error{error.message};
  } catch (const po::unknown_option& error) {
    try {
      unknown_flag(error.get_option_name());
    } catch (const UsageError& ours) {
      return Error{ours.message};
    }
  } catch (const po::invalid_command_line_syntax& error) {
    bool lacks = error.kind() == po::invalid_syntax::missing_parameter ||
                 error.kind() == po::invalid_syntax::empty_adjacent_parameter;
    return Error{lacks ? fmt::format("`{}` lacks its value", flag_of(error))
                       : fmt::format("`{}` takes no value", flag_of(error))};
  } catch (const po::error& error) {
    return Error{error.what()};
  }
}

int run_main(int argc, char** argv, std::string_view name, Command program,
             int (*run)(const CommandLine&)) {
  Result<std::vector<std::string>> words = expand_files({argv + 1, argv + argc});
  if (!words.ok()) return fail_usage(name, words.error());
  Result<CommandLine> line = parse_command_line(*words, program);
  if (!line.ok()) return fail_usage(name, line.error());
  return run_on_deep_stack([&] {
    try {
      return run(*line);
    } catch (const std::bad_alloc&) {
      return fail(name, "not enough memory", exit_bad_input);
    }
  });
}

}  // namespace netc
