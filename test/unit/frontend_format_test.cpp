// The canonical layout: what it looks like, that it is stable, and that it keeps tree and comments.
#include "frontend/format.h"

#include <gtest/gtest.h>

#include "frontend/ast_dump.h"
#include "frontend/parser.h"
#include "frontend/program.h"

namespace netc {
namespace {

/// Formats, and checks what holds of every text.
std::string formatted(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  auto once = parse(sources, sources.add("once.net", text), diagnostics);
  EXPECT_TRUE(once) << render(diagnostics, sources);
  if (!once) return "";
  std::string result = format(*once, sources);
  auto twice = parse(sources, sources.add("twice.net", result), diagnostics);
  EXPECT_TRUE(twice) << render(diagnostics, sources) << result;
  if (!twice) return result;
  EXPECT_EQ(dump_ast(*once), dump_ast(*twice));
  EXPECT_EQ(format(*twice, sources), result);
  EXPECT_EQ(once->comments.size(), twice->comments.size());
  return result;
}

std::string body(const std::string& statements) {
  std::string text = formatted("model m {\n" + statements + "\n}");
  return text.substr(10, text.size() - 12);
}

TEST(Format, SpacesAndIndents) {
  EXPECT_EQ(formatted("model   m{input x:f32[N,3]\n  for i in 0..3{x<-x|>dense( 3 ) as b[ i ]}\n"
                      "if a{b=1}else if c{b=2}\nelse{b=- 3 ^2}}"),
            R"(model m {
  input x: f32[N, 3]
  for i in 0..3 {
    x <- x |> dense(3) as b[i]
  }
  if a {
    b = 1
  } else if c {
    b = 2
  } else {
    b = -3 ^ 2
  }
}
)");
}

TEST(Format, KeepsOneBlankLineAndSeparatesBlocks) {
  EXPECT_EQ(
      formatted("\n\nconst A=1\nconst B=2\n\n\n\nconst C=3\nmodel m{}\n// about n\nmodel n{}"),
      "const A = 1\nconst B = 2\n\nconst C = 3\n\nmodel m {}\n\n// about n\nmodel n {}\n");
}

TEST(Format, KeepsCommentsWhereTheyBelong) {
  EXPECT_EQ(
      body("  // own\n  a = 1// behind\n  b = f(x, // inside\n    y)\n  if c { // open\n  d = 1\n"
           "  // last\n  } // closed\n// end"),
      R"(  // own
  a = 1  // behind
  // inside
  b = f(x, y)
  if c {  // open
    d = 1
    // last
  }  // closed
  // end
)");
}

TEST(Format, BreaksLongLines) {
  EXPECT_EQ(body("y[n, f] = bias_of_the_filter[f] + sum[i, j, channel] weight_of_the_filter[i, j, "
                 "channel, f] * image[n, i, j, channel]"),
            R"(  y[n, f] = bias_of_the_filter[f]
    + sum[i, j, channel] weight_of_the_filter[i, j, channel, f] * image[n, i, j, channel]
)");
  EXPECT_EQ(
      body("x = some_function_with_a_name(argument_number_one, argument_number_two, "
           "argument_number_three: 3, argument_number_four: 4)"),
      R"(  x = some_function_with_a_name(argument_number_one, argument_number_two, argument_number_three: 3,
                                argument_number_four: 4)
)");
}

TEST(Format, APipelineStaysBroken) {
  EXPECT_EQ(body("y = x |> f\n  |> g()\n"), "  y = x |> f |> g\n");
  EXPECT_EQ(body("y = x\n |> f |> g(1)\n"), "  y = x\n    |> f\n    |> g(1)\n");
}

TEST(Format, KeepsLiteralsAndParentheses) {
  EXPECT_EQ(body("a = ((b)) + (1e-3 * 0.50) * \"\\\"{\"\n"),
            "  a = (b) + (1e-3 * 0.50) * \"\\\"{\"\n");
}

TEST(Format, TheStandardLibraryKeepsItsTree) {
  formatted(std::string(elaboration::standard_library()));
}

}  // namespace
}  // namespace netc
