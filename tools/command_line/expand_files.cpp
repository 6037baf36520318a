// `@FILE` on a command line: the words of a file in its place, for command lines that are too long
// for the shell.
#include <fstream>
#include <iterator>

#include "tools/command_line/command_line.h"

#include <fmt/format.h>

namespace netc {

namespace {

constexpr int deepest = 10;  ///< of files that name files

/// Words between white space; quotes hold words together, a backslash keeps what follows it.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
      in_word = true;
    } else if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

Status expand(const std::vector<std::string>& arguments, int depth,
              std::vector<std::string>& result) {
  for (const std::string& argument : arguments) {
    if (argument.size() < 2 || argument[0] != '@') {
      result.push_back(argument);
      continue;
    }
    std::string path = argument.substr(1);
    if (depth == deepest)
      return Error{
          fmt::format("`@{}` is the {}th file of arguments within another", path, deepest + 1)};
    std::ifstream file(path);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) return Error{fmt::format("cannot read `{}`", path)};
    Status status = expand(words_of(text), depth + 1, result);
    if (!status.ok()) return status;
  }
  return Done{};
}

}  // namespace

Result<std::vector<std::string>> expand_files(const std::vector<std::string>& arguments) {
  std::vector<std::string> result;
  Status status = expand(arguments, 0, result);
  if (!status.ok()) return Error{status.error()};
  return result;
}

}  // namespace netc
