// The command line: what is read, what is refused, and what is proposed instead.
#include "tools/command_line/command_line.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "tools/command_line/help.h"
#include "tools/command_line/lists.h"
#include "tools/command_line/outputs.h"

namespace netc {
namespace {

using Words = std::vector<std::string>;

CommandLine parse(const Words& words) {
  Result<CommandLine> line = parse_command_line(words, command_compile);
  EXPECT_TRUE(line.ok()) << (line.ok() ? "" : line.error());
  return line.ok() ? *line : CommandLine{};
}

std::string error_of(const Words& words, Command program = command_compile) {
  Result<CommandLine> line = parse_command_line(words, program);
  return line.ok() ? "accepted" : line.error();
}

TEST(CommandLine, ReadsFlagsAndOperandsInAnyOrder) {
  CommandLine line = parse({"train", "--epochs", "3", "a.net", "-D", "X=1", "-DY=2", "--seed=0"});
  EXPECT_EQ(line.command, command_train);
  EXPECT_EQ(line.inputs, Words{"a.net"});
  EXPECT_EQ(line.integer("epochs"), 3);
  EXPECT_EQ(line.integer("seed"), 0);
  EXPECT_EQ(line.all("D"), (Words{"X=1", "Y=2"}));
}

TEST(CommandLine, KeepsTheLastOfSeveralValues) {
  EXPECT_EQ(parse({"a.net", "-O1", "-O3"}).text("O"), "3");
}

TEST(CommandLine, BareOIsALevelAndDoesNotEatTheFile) {
  CommandLine line = parse({"-O", "a.net"});
  EXPECT_EQ(line.text("O"), "2");
  EXPECT_EQ(line.inputs, Words{"a.net"});
}

TEST(CommandLine, SplitsLists) {
  EXPECT_EQ(parse({"a.net", "--emit=so=a.so,header", "--emit", "dot"}).list("emit"),
            (Words{"so=a.so", "header", "dot"}));
}

TEST(CommandLine, DashIsAnOperandAndAValue) {
  CommandLine line = parse({"-", "-o", "-"});
  EXPECT_EQ(line.inputs, Words{"-"});
  EXPECT_EQ(line.text("o"), "-");
}

TEST(CommandLine, TwoDashesEndTheFlags) {
  EXPECT_EQ(parse({"--", "--odd.net"}).inputs, Words{"--odd.net"});
}

TEST(CommandLine, GuessesNoPrefixButProposesTheNearestFlag) {
  EXPECT_EQ(error_of({"--emi", "dot"}), "unknown flag `--emi`; did you mean `--emit`?");
  EXPECT_EQ(error_of({"--epoch=3"}), "unknown flag `--epoch`; did you mean `--epochs`?");
  EXPECT_EQ(error_of({"--zzzzzzzzzz"}), "unknown flag `--zzzzzzzzzz`");
}

TEST(CommandLine, DoesNotReadOneDashWordsAsLetters) {
  EXPECT_EQ(error_of({"-emit", "dot"}), "unknown flag `-emit`; did you mean `--emit`?");
  EXPECT_EQ(error_of({"-output", "f"}), "unknown flag `-output`; did you mean `-o`?");
}

TEST(CommandLine, ProposesTheNearestCommand) {
  EXPECT_EQ(error_of({"trian", "a.net"}), "unknown command `trian`; did you mean `train`?");
  EXPECT_EQ(error_of({"somersault", "a.net"}), "unknown command `somersault`");
}

TEST(CommandLine, RefusesValuesThatTheTableDoesNotAllow) {
  EXPECT_EQ(error_of({"--batch=0", "a.net"}), "`--batch` takes a whole number from 1 up, not `0`");
  EXPECT_EQ(error_of({"--batch=many", "a.net"}),
            "`--batch` takes a whole number from 1 up, not `many`");
  EXPECT_EQ(error_of({"--float=f65", "a.net"}),
            "`--float` takes one of f32, f64, not `f65`; did you mean `f64`?");
  EXPECT_EQ(error_of({"-O7", "a.net"}), "`-O` takes one of 0, 1, 2, 3, not `7`");
}

TEST(CommandLine, RefusesAMissingAndASuperfluousValue) {
  EXPECT_EQ(error_of({"a.net", "--emit"}), "`--emit KIND[=PATH],...` lacks its value");
  EXPECT_EQ(error_of({"a.net", "-o"}), "`-o OUT` lacks its value");
  EXPECT_EQ(error_of({"a.net", "--help=yes"}), "`--help` takes no value");
}

TEST(CommandLine, RefusesFlagsOfOtherCommands) {
  EXPECT_EQ(error_of({"check", "a.net", "--epochs=3"}),
            "`--epochs` has no meaning here; it belongs to `netc train`");
  EXPECT_EQ(error_of({"--emit=dot", "a.graph"}, command_net_opt),
            "`--emit` has no meaning here; it belongs to `netc`");
}

TEST(CommandLine, EveryValueOfTheTableCanBeGiven) {
  for (const Flag& flag : all_flags()) {
    std::string value = flag.value == "N" ? "7" : choices(flag).empty() ? "x" : choices(flag)[0];
    for (const CommandInfo& command : all_commands()) {
      if (!(flag.commands & command.command)) continue;
      Words words = {std::string(command.name), "a.net", spelling(flag)};
      if (command.name.empty()) words.erase(words.begin());
      if (!flag.value.empty()) words.push_back(value);
      EXPECT_EQ(error_of(words), "accepted") << spelling(flag);
    }
  }
}

TEST(ExpandFiles, PutsTheWordsOfAFileInItsPlace) {
  std::string path = testing::TempDir() + "netc_arguments";
  std::ofstream(path) << "-D 'A=1 2'\n\"b c.net\" \\\"";
  Result<Words> words = expand_files({"x", "@" + path, "y"});
  ASSERT_TRUE(words.ok());
  EXPECT_EQ(*words, (Words{"x", "-D", "A=1 2", "b c.net", "\"", "y"}));
  std::ofstream(path) << "@" + path;
  EXPECT_FALSE(expand_files({"@" + path}).ok());
  std::remove(path.c_str());
  EXPECT_FALSE(expand_files({"@" + path}).ok());
}

TEST(Help, IsShortAndCompleteWhereItShouldBe) {
  std::string text = help(command_compile, false);
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 60);
  std::string whole = help(command_compile, true);
  for (const Flag& flag : all_flags())
    EXPECT_NE(whole.find("  " + synopsis(flag)), std::string::npos) << flag.name;
}

TEST(Help, ExplainsEveryDiagnostic) {
  for (Code code : all_codes()) EXPECT_NE(explanation(code), "") << code_name(code);
  EXPECT_FALSE(explain_code("no-such-code"));
}

std::vector<std::string> outputs(const Words& words) {
  Result<std::vector<Output>> result = outputs_of(parse(words));
  if (!result.ok()) return {result.error()};
  std::vector<std::string> texts;
  for (const Output& output : *result)
    texts.push_back(std::string(info(output.kind).name) + " " + output.path);
  return texts;
}

TEST(Outputs, AreNamedByFlagsSuffixesAndTheModel) {
  EXPECT_EQ(outputs({"m/a.net"}), (Words{"obj a.o", "header a.h"}));
  EXPECT_EQ(outputs({"a.net", "-o", "b.so"}), Words{"so b.so"});
  EXPECT_EQ(outputs({"a.net", "-o", "b"}), Words{"exe b"});
  EXPECT_EQ(outputs({"a.net", "--emit=graph"}), Words{"graph -"});
  EXPECT_EQ(outputs({"a.net", "--emit=so,header", "-o", "x/b.so"}),
            (Words{"so x/b.so", "header x/b.h"}));
  EXPECT_EQ(outputs({"a.net", "--emit=so=b.so,header=-"}), (Words{"so b.so", "header -"}));
}

TEST(Outputs, AreRefusedWhereTheyMakeNoSense) {
  EXPECT_EQ(outputs({"a.net", "--emit=graf"}),
            Words{"`--emit` knows no `graf`; did you mean `graph`?"});
  EXPECT_EQ(outputs({"a.net", "-o", "b.xyz"}),
            Words{"the suffix of `b.xyz` tells no kind of output; say it with `--emit`"});
  EXPECT_EQ(outputs({"a.net", "--emit=graph", "-o", "a.net"}),
            Words{"the output `a.net` would replace the input"});
}

}  // namespace
}  // namespace netc
