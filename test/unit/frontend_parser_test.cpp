// What the parser makes of a text: trees as dumps, errors as "line:column code".
#include "frontend/parser.h"

#include <gtest/gtest.h>

#include "frontend/ast_dump.h"

namespace netc {
namespace {

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  std::optional<ast::File> file;

  explicit Parsed(std::string text) {
    FileId id = sources.add("test.net", std::move(text));
    file = parse(sources, id, diagnostics);
  }
  std::string errors() const {
    std::string all;
    for (const Diagnostic& report : diagnostics.all()) {
      LineColumn at = sources.position(report.range.file, report.range.begin);
      all += fmt::format("{}:{} {}\n", at.line, at.column, code_name(report.code));
    }
    return all;
  }
};

std::string errors(std::string text) { return Parsed(std::move(text)).errors(); }
std::string errors_in_body(const std::string& body) { return errors("model m {\n" + body + "\n}"); }

/// The dump of a file, or its errors.
std::string tree(std::string text) {
  Parsed parsed(std::move(text));
  return parsed.file ? dump_ast(*parsed.file) : parsed.errors();
}

/// An expression with all its parentheses.
struct Shown {
  std::string operator()(const ast::Expr* expr) const {
    if (auto* binary = expr->as<ast::Binary>())
      return fmt::format("({} {} {})", (*this)(binary->left), ast::symbol(binary->op),
                         (*this)(binary->right));
    if (auto* unary = expr->as<ast::Unary>())
      return fmt::format("({} {})", ast::symbol(unary->op), (*this)(unary->operand));
    if (auto* reduction = expr->as<ast::Reduction>())
      return fmt::format("{}<{}>", ast::symbol(reduction->op), (*this)(reduction->body));
    if (auto* choice = expr->as<ast::Conditional>())
      return fmt::format("if({}, {}, {})", (*this)(choice->condition), (*this)(choice->then_value),
                         (*this)(choice->else_value));
    if (auto* call = expr->as<ast::Call>()) {
      std::string arguments = call->piped ? (*this)(call->piped) : "";
      for (const ast::Argument& argument : call->arguments)
        arguments += (arguments.empty() ? "" : ", ") + (*this)(argument.value);
      return fmt::format("{}({})", (*this)(call->callee), arguments);
    }
    return std::string(sources.text(expr->range));
  }
  const SourceMap& sources;
};

std::string grouped(const std::string& expr) {
  Parsed parsed("const a = " + expr + "\n");
  if (!parsed.file) return parsed.errors();
  return Shown{parsed.sources}(parsed.file->declarations[0].as<ast::Const>()->value);
}

TEST(Operators, BindAsInTheLanguageReference) {
  EXPECT_EQ(grouped("a + b * c @ d"), "(a + (b * (c @ d)))");
  EXPECT_EQ(grouped("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(grouped("a ^ b ^ c"), "(a ^ (b ^ c))");
  EXPECT_EQ(grouped("-a ^ 2"), "(- (a ^ 2))");
  EXPECT_EQ(grouped("2 ^ -1"), "(2 ^ (- 1))");
  EXPECT_EQ(grouped("-a @ b"), "((- a) @ b)");
  EXPECT_EQ(grouped("a or b and not c == d + 1"), "(a or (b and (not (c == (d + 1)))))");
  EXPECT_EQ(grouped("not a and b"), "((not a) and b)");
  EXPECT_EQ(grouped("(a + b) * c"), "((a + b) * c)");
  EXPECT_EQ(grouped("if a then b else c + d"), "if(a, b, (c + d))");
  EXPECT_EQ(grouped("a / 255 |> f |> g(2) |> h"), "h(g(f((a / 255)), 2))");
  EXPECT_EQ(grouped("if c then x else y |> f"), "if(c, x, f(y))");
}

TEST(Operators, AReductionTakesInTheLongestProduct) {
  EXPECT_EQ(grouped("b + sum[i] x[i] * w[i, o] + c"), "((b + sum<(x[i] * w[i, o])>) + c)");
  EXPECT_EQ(grouped("2 * sum[i] x[i] * y[i]"), "(2 * sum<(x[i] * y[i])>)");
  EXPECT_EQ(grouped("a / sum[i] b[i] * c[i]"), "(a / sum<(b[i] * c[i])>)");
  EXPECT_EQ(grouped("mean[n] -logp[n, label[n]]"), "mean<(- logp[n, label[n]])>");
  EXPECT_EQ(grouped("mean[n] (a[n] + b[n])"), "mean<(a[n] + b[n])>");
  EXPECT_EQ(grouped("sum[i] max[j] x[i, j] ^ 2"), "sum<max<(x[i, j] ^ 2)>>");
  EXPECT_EQ(grouped("max(a, b)"), "max(a, b)");
}

TEST(Lines, EndStatements) {
  EXPECT_EQ(grouped("a\n  + b"), "(a + b)");
  EXPECT_EQ(grouped("a -\n  b"), "(a - b)");
  EXPECT_EQ(grouped("x\n  // why\n  |> f"), "f(x)");
  EXPECT_EQ(grouped("if a\n then b\n else c"), "if(a, b, c)");
  EXPECT_EQ(grouped("f(a\n -b,\n c\n)"), "f((a - b), c)");
  EXPECT_EQ(errors_in_body("a = b\n-c"), "3:1 unused-value\n");
  EXPECT_EQ(errors_in_body("a = b\n(c, d) = f(a)"), "");
  EXPECT_EQ(errors_in_body("a = f(scan x in y axis 0 {\n b = x\n yield b\n})"), "");
  EXPECT_EQ(errors("fn f(x: [..]) -> [..] { return x } fn g() -> int { return 1 }"), "");
}

TEST(Words, AreReservedOnlyWhereTheyOpenAStatement) {
  EXPECT_EQ(errors_in_body("loss = mse(input, state)\nloss loss\nstate[i] = axis[i]\ninit <- 1"),
            "");
  EXPECT_EQ(errors("fn f(input: [..], axis: int) -> [..] { return input * axis }"), "");
  EXPECT_EQ(errors("train m { data { state = npy(\"a\")\n data = npy(\"b\") } }"), "");
  EXPECT_EQ(errors_in_body("for = 3"), "2:5 unexpected-token\n");
}

TEST(Trees, OfScansAndInstances) {
  EXPECT_EQ(tree("layer f(x: [..]) -> [..] {\n"
                 "  let b[0] = dense(units: 3)\n"
                 "  return scan t in x axis 1 { yield (t |> b[0] as c, b.w[:, 1:]) }\n"
                 "}\n"),
            R"(layer f
  parameter x
    type
      tensor
        ..
  type
    tensor
      ..
  body
    let
      instance b
        integer 0
      call
        callee name dense
        units: integer 3
    return
      scan
        t in name x
        axis integer 1
        body
          yield
            call
              callee index
                name b
                subscript
                  integer 0
              piped name t
              as c
            index
              field w
                name b
              subscript slice
              subscript slice
                integer 1
)");
}

TEST(Trees, OfTypes) {
  EXPECT_EQ(tree("fn f(p: int | string, t: int[..] | u8[.., C] | f32[]) -> ([N], bool) { }\n"),
            R"(fn f
  parameter p
    type
      int
      string
  parameter t
    type
      tensor int
        ..
      tensor u8
        ..
        name C
      tensor f32
  type
    tensor
      name N
  type
    bool
  body
)");
}

TEST(Trees, OfMessages) {
  EXPECT_EQ(tree("fn f(a: int) -> int { require a > 0, \"{{{a + 1}}} is\\n\" }\n"),
            R"(fn f
  parameter a
    type
      int
  type
    int
  body
    require
      binary >
        name a
        integer 0
      message "{"
      message
        binary +
          name a
          integer 1
      message "} is\n"
)");
}

TEST(Trees, OfTraining) {
  EXPECT_EQ(tree("train m {\n  validation { x = npy(\"a\", part: 0..9) }\n"
                 "  optimizer sgd(rate: 1e-1) on \"h.*\"\n}\n"),
            R"(train m
  validation
    x = call
      callee name npy
      string "a"
      part: range
        integer 0
        integer 9
  setting optimizer
    call
      callee name sgd
      rate: float 0.1
    on string "h.*"
)");
}

TEST(Ranges, OfNamesAndOperators) {
  Parsed parsed("const a = (b + c) * inf\n");
  auto* constant = parsed.file->declarations[0].as<ast::Const>();
  EXPECT_EQ(parsed.sources.text(constant->name.range), "a");
  EXPECT_EQ(parsed.sources.text(constant->value->range), "(b + c) * inf");
  auto* product = constant->value->as<ast::Binary>();
  EXPECT_EQ(parsed.sources.text(product->op_range), "*");
  EXPECT_EQ(parsed.sources.text(product->left->range), "(b + c)");
}

TEST(Recovery, ReportsEveryStatementOnce) {
  EXPECT_EQ(errors_in_body("a = \nb = f(x, 3\nc = d e\nx = 1"),
            "2:4 unexpected-token\n3:11 unclosed-bracket\n4:7 unexpected-token\n");
}

TEST(Recovery, GoesOnInTheBodyBehindABadHead) {
  EXPECT_EQ(
      errors("fn f(x y: int) -> int {\n  a = \n}\nmodel m {\n  if x = 3 {\n    b = \n  }\n}"),
      "1:8 unexpected-token\n2:6 unexpected-token\n5:8 unexpected-token\n6:8 unexpected-token\n");
}

TEST(Recovery, AMissingBraceIsOneError) {
  EXPECT_EQ(errors("model m {\n  for i in 0..3 {\n    x = 1\n}\nfn f() -> int { return 1 }\n"),
            "5:1 unclosed-bracket\n");
  EXPECT_EQ(errors("model m {\n  x = 1\n"), "2:8 unclosed-bracket\n");
}

TEST(Limits, AreReachedQuickly) {
  constexpr int deep = 100000;
  auto repeat = [](const char* text) {
    std::string all;
    for (int i = 0; i < deep; ++i) all += text;
    return all;
  };
  for (const char* open : {"(", "[", "-", "not ", "f(", "x[", "2 ^ ", "sum[i] ", "if a then ",
                           "if a then b else ", "1 + ", "a |> "})
    EXPECT_NE(errors("const a = " + repeat(open) + "1").find("nesting-too-deep"), std::string::npos)
        << open;
  EXPECT_NE(errors("const a = x" + repeat("[0]")).find("nesting-too-deep"), std::string::npos);
  EXPECT_NE(errors("const a = x" + repeat(" |> f")).find("nesting-too-deep"), std::string::npos);
  EXPECT_NE(errors_in_body(repeat("for i in 0..2 {")).find("nesting-too-deep"), std::string::npos);
}

}  // namespace
}  // namespace netc
