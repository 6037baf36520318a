// How diagnostics look: excerpts, carets, labels, notes, and JSON lines.
#include <gtest/gtest.h>

#include "ir/support/diagnostics.h"

namespace netc {
namespace {

struct Rendering : testing::Test {
  SourceMap sources;
  FileId file;
  Diagnostics diagnostics;

  void source(std::string text) { file = sources.add("model.net", std::move(text)); }
  /// The n-th place where the words stand.
  SourceRange find(std::string_view words, size_t n = 0) const {
    size_t at = sources.text(file).find(words);
    while (n-- > 0) at = sources.text(file).find(words, at + 1);
    return {file, static_cast<uint32_t>(at), static_cast<uint32_t>(at + words.size())};
  }
  std::string rendered(RenderOptions options = {}) const {
    return render(diagnostics, sources, options);
  }
};

TEST_F(Rendering, UnderlinesTheRange) {
  source("const a = 1\nconst b = widht\n");
  diagnostics.error(Code::unknown_name, find("widht"), "there is no `widht`")
      .help("did you mean `width`?");
  EXPECT_EQ(rendered(), R"(model.net:2:11: error: there is no `widht` [unknown-name]
    2 | const b = widht
      |           ^~~~~
   = help: did you mean `width`?
)");
}

TEST_F(Rendering, LabelsPointAtWhatStandsAroundTheirOperator) {
  source("    h = x @ w1\n");
  diagnostics.error(Code::inner_size_mismatch, find("@"), "the inner sizes of `@` differ")
      .label(find("x"), "784 columns")
      .label(find("w1"), "256 rows")
      .note(find("h"), "`h` is defined");
  EXPECT_EQ(rendered(),
            R"(model.net:1:11: error: the inner sizes of `@` differ [inner-size-mismatch]
    1 |     h = x @ w1
      |         ^   ^^ 256 rows
      |         784 columns
   = note: `h` is defined at 1:5
)");
}

TEST_F(Rendering, LeadsDownToTextsThatAreStillToCome) {
  source("a + b + c\n");
  diagnostics.error(Code::unknown_name, find("a"), "three")
      .label(find("a"), "first")
      .label(find("b"), "second")
      .label(find("c"), "third");
  EXPECT_EQ(rendered(), R"(model.net:1:1: error: three [unknown-name]
    1 | a + b + c
      | ^   ^   ^ third
      | |   second
      | first
)");
}

TEST_F(Rendering, ShowsEveryLineThatHasALabel) {
  source("fn f(\n  x\n");
  diagnostics.error(Code::unclosed_bracket, find("x"), "expected `)`")
      .label(find("("), "opened here");
  EXPECT_EQ(rendered(), R"(model.net:2:3: error: expected `)` [unclosed-bracket]
    1 | fn f(
      |     ^ opened here
    2 |   x
      |   ^
)");
}

TEST_F(Rendering, CountsColumnsOfTabsAndWideCharacters) {
  source("\t\"\xe6\xbc\xa2\xc3\xa9\" bad\n");
  diagnostics.error(Code::unknown_name, find("bad"), "bad");
  EXPECT_EQ(rendered(),
            "model.net:1:10: error: bad [unknown-name]\n"
            "    1 |     \"\xe6\xbc\xa2\xc3\xa9\" bad\n"
            "      |           ^~~\n");
}

TEST_F(Rendering, CutsALongLineAroundItsMark) {
  source(std::string(100000, 'a') + " bad " + std::string(100000, 'b'));
  diagnostics.error(Code::unknown_name, find("bad"), "bad");
  std::string text = rendered();
  EXPECT_LT(text.size(), 400u);
  size_t shown = text.find(" bad b");
  size_t caret = text.find("^~~");
  ASSERT_NE(shown, text.npos);
  size_t line = text.find("    1 |"), marks = text.find("      |");
  EXPECT_EQ(shown + 1 - line, caret - marks);
}

TEST_F(Rendering, DoesNotPassControlCharactersOn) {
  source("a \x1b[31m b\n");
  diagnostics.error(Code::unknown_name, find("b"), "bad");
  EXPECT_EQ(rendered().find('\x1b'), std::string::npos);
}

TEST_F(Rendering, PointsBehindTheLastCharacter) {
  source("a =");
  diagnostics.error(Code::unexpected_token, {file, 3, 3}, "the end");
  EXPECT_NE(rendered().find("    1 | a =\n      |    ^\n"), std::string::npos) << rendered();
}

TEST_F(Rendering, StandsInSourceOrderAndStopsAtTheLimit) {
  source("a\nb\nc\n");
  for (const char* name : {"c", "a", "b"})
    diagnostics.error(Code::unknown_name, find(name), "about {}", name);
  std::string text = rendered({.max_errors = 2});
  EXPECT_LT(text.find("about a"), text.find("about b"));
  EXPECT_EQ(text.find("about c"), text.npos);
  EXPECT_NE(text.find("1 more error is not shown"), text.npos);
}

TEST_F(Rendering, NamesTheFileOfALabelElsewhere) {
  source("one\n");
  SourceRange here = find("one");
  file = sources.add("other.net", "two\n");
  diagnostics.error(Code::unknown_name, here, "bad").label(find("two"), "there");
  EXPECT_EQ(rendered(), R"(model.net:1:1: error: bad [unknown-name]
    1 | one
      | ^~~
  in other.net:
    1 | two
      | ^^^ there
)");
}

TEST_F(Rendering, WithoutAPlaceThereIsNoExcerpt) {
  diagnostics.error(Code::unknown_name, {}, "there is no model");
  EXPECT_EQ(rendered(), "error: there is no model [unknown-name]\n");
}

TEST_F(Rendering, ColoursOnlyWhenAsked) {
  source("a\n");
  diagnostics.warning(Code::unknown_name, find("a"), "bad");
  EXPECT_EQ(rendered().find('\x1b'), std::string::npos);
  EXPECT_NE(rendered({.colour = true}).find("\x1b["), std::string::npos);
}

TEST_F(Rendering, JsonIsOneObjectALine) {
  source("say \"x\"\n");
  diagnostics.error(Code::unknown_name, find("\"x\""), "no \"x\"\t")
      .label(find("say"), "it")
      .help("h");
  EXPECT_EQ(rendered({.json = true}),
            R"({"severity":"error","code":"unknown-name","message":"no \"x\"\u0009",)"
            R"("file":"model.net","line":1,"column":5,"end_line":1,"end_column":8,)"
            R"("labels":[{"text":"it","file":"model.net","line":1,"column":1,"end_line":1,)"
            R"("end_column":4}],"notes":[],"helps":["h"]})"
            "\n");
}

}  // namespace
}  // namespace netc
