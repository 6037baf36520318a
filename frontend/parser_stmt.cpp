// Blocks and their statements.
//
// Most words that open a statement are reserved only where they do: `loss mse(y, t)` is the
// statement, `loss = mse(y, t)` binds a name.
#include <algorithm>

#include "frontend/parser_state.h"

namespace netc {

namespace {

/// More than this would make more operations than a program may have.
constexpr int max_statements = 1'000'000;

const std::vector<std::string>& statement_words() {
  static const std::vector<std::string> words = {"const",  "param", "state",  "input",
                                                 "output", "loss",  "metric", "require"};
  return words;
}

/// What a misspelt first word may have been meant to be.
const std::vector<std::string>& first_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all = statement_words();
    for (const char* reserved : {"for", "if", "scan", "let", "return", "yield"})
      all.push_back(reserved);
    return all;
  }();
  return words;
}

}  // namespace

// block := '{' statement* '}'
ast::Block Parser::block(BlockContext context) {
  std::swap(context, context_);
  ast::Block block;
  block.range = braced([&] { statement(block.statements); });
  std::swap(context, context_);
  return block;
}

void Parser::statement(std::vector<ast::Stmt>& into) {
  if (++statements_ > max_statements) {
    fail(Code::too_many_statements, here(),
         fmt::format("a file holds at most {} statements", max_statements));
    hopeless_ = true;
    return;
  }
  uint32_t first = position_;
  ast::Stmt::Node node = statement_node();
  SourceRange range = range_from(first);
  end_statement();
  if (!failed_) into.push_back({range, std::move(node)});
}

/// A statement ends with its line, with the block around it, or with a block of its own.
void Parser::end_statement() {
  bool ended = at(Kind::line_end) || at(Kind::end) || at(Kind::right_brace) ||
               tokens_[position_ - 1].kind == Kind::right_brace;
  if (ended || failed_) return;
  Diagnostic& made = fail_expected("an operator or the end of the line");
  if (tokens_[position_].kind == Kind::assign) made.help("equality is `==`");
  if (tokens_[position_].kind == Kind::kw_else)
    made.help("what stands outside of a tensor stands in parentheses: `(x[i + 1] else 0)`");
}

ast::Stmt::Node Parser::statement_node() {
  switch (kind()) {
    case Kind::kw_for:
      return for_statement();
    case Kind::kw_if:
      return if_statement();
    case Kind::kw_let:
      return let_statement();
    case Kind::kw_return:
      check_place("return", context_.place <= Place::layer && !context_.in_scan,
                  "the body of a function or layer");
      advance();
      return ast::Return{returned_values()};
    case Kind::kw_yield:
      check_place("yield", context_.in_scan, "the body of a `scan`");
      advance();
      return ast::Yield{returned_values()};
    case Kind::left_paren:
      return tuple_binding();
    case Kind::name:
      break;
    default:
      return lone_expression();
  }
  if (declaration_follows()) {
    unclosed_before_declaration();
    return ast::Bind{};
  }
  return opens_statement() ? worded_statement(text()) : name_statement();
}

/// NAME '[' ... ']' '='
bool Parser::definition_follows() const {
  if (kind_after(1) != Kind::left_square) return false;
  uint32_t closing = closing_[position_ + 1];
  return closing && (tokens_[closing + 1].kind == Kind::assign ||
                     tokens_[closing + 1].kind == Kind::left_arrow);
}

bool Parser::opens_statement() const {
  const auto& words = statement_words();
  if (std::find(words.begin(), words.end(), text()) == words.end()) return false;
  TokenKind next = kind_after(1);
  return next != Kind::assign && next != Kind::left_arrow && !definition_follows();
}

void Parser::check_place(std::string_view word, bool allowed, std::string_view where) {
  if (!allowed)
    report(Code::misplaced_statement, here(), fmt::format("`{}` stands only in {}", word, where));
}

ast::Stmt::Node Parser::worded_statement(std::string_view word) {
  Place place = context_.place;
  bool in_model = place == Place::model && !context_.in_scan;
  if (word == "const") return const_binding();
  if (word == "require") return require_statement();
  if (word == "param") {
    check_place(word, place == Place::layer || place == Place::model, "a layer or a model");
    return param_statement();
  }
  if (word == "state") {
    check_place(word, place != Place::fn, "a layer, a model or an optimizer");
    return state_statement();
  }
  check_place(word, in_model, "a model");
  advance();
  if (word == "loss") return ast::Loss{expression()};
  if (word == "input") {
    ast::Name name = expect_bindable("an input");
    expect(Kind::colon);
    return ast::Input{name, type()};
  }
  ast::Name name = expect_name(word == "output" ? "an output" : "a metric");
  if (!at(Kind::assign)) fail_expected("`=`").help("write `{} {} = ...`", word, name.text);
  expect(Kind::assign);
  const ast::Expr* value = expression();
  if (word == "output") return ast::Output{name, value};
  return ast::Metric{name, value};
}

// NAME '=' expr | NAME '<-' expr | NAME '[' binder,* ']' '=' expr
ast::Stmt::Node Parser::name_statement() {
  TokenKind next = kind_after(1);
  if (definition_follows()) {
    ast::Define define{expect_bindable("a tensor"), index_binders(), nullptr};
    if (at(Kind::left_arrow))
      fail(Code::not_assignable, here(), "an update gives a variable its whole new value")
          .help("define a new tensor with `=`, then update with `{} <- ...`", define.name.text);
    expect(Kind::assign);
    define.value = expression();
    return define;
  }
  if (next == Kind::assign || next == Kind::left_arrow) {
    ast::Name name = expect_bindable("a variable");
    advance();
    if (next == Kind::assign) return ast::Bind{{name}, expression()};
    return ast::Update{name, expression()};
  }
  bool word_and_operand = next == Kind::name || next == Kind::number || next == Kind::string;
  if (word_and_operand) {
    std::string near = nearest(text(), first_words());
    Diagnostic& made =
        fail(Code::unknown_statement, here(), fmt::format("no statement begins with `{}`", text()));
    if (!near.empty()) made.help("did you mean `{}`?", near);
    return ast::Bind{};
  }
  return lone_expression();
}

// '(' NAME,+ ')' '=' expr
ast::Stmt::Node Parser::tuple_binding() {
  uint32_t opening = position_;
  uint32_t closing = closing_[opening];
  if (!closing || tokens_[closing + 1].kind != Kind::assign) return lone_expression();
  ast::Bind bind;
  advance();
  if (at(Kind::right_paren)) fail_expected("the name of a variable");
  comma_list(Kind::right_paren, opening,
             [&] { bind.names.push_back(expect_bindable("a variable")); });
  expect(Kind::assign);
  bind.value = expression();
  return bind;
}

/// A scan, or an expression where none can stand.
ast::Stmt::Node Parser::lone_expression() {
  const ast::Expr* value = expression();
  if (value->as<ast::Scan>() && !value->parenthesised) return ast::ScanStatement{value};
  if (at(Kind::assign) || at(Kind::left_arrow))
    fail(Code::not_assignable, value->range, fmt::format("only a name stands left of `{}`", text()))
        .help("write `x = ...`, `(a, b) = ...` or `y[i, j] = ...`");
  else if (at(Kind::line_end) || at(Kind::end) || at(Kind::right_brace))
    report(Code::unused_value, value->range, "this value is not used")
        .help("bind it to a name: `y = ...`");
  return ast::ScanStatement{value};
}

// for := 'for' NAME 'in' range block
ast::Stmt::Node Parser::for_statement() {
  ast::For node;
  expect(Kind::kw_for);
  node.name = expect_bindable("a variable");
  expect(Kind::kw_in);
  node.range = range_or_expression();
  node.body = block(context_);
  return node;
}

// if := 'if' expr block ('else' 'if' expr block)* ('else' block)?
ast::Stmt::Node Parser::if_statement() {
  ast::If node;
  do {
    expect(Kind::kw_if);
    const ast::Expr* condition = expression();
    if (at(Kind::kw_then))
      fail_expected("`{`").help("bind the value of an `if ... then ... else` to a name");
    else if (at(Kind::assign))
      fail_expected("`{`").help("equality is `==`");
    node.branches.push_back({condition, block(context_)});
  } while (at(Kind::kw_else) && kind_after(1) == Kind::kw_if && accept(Kind::kw_else));
  if (accept(Kind::kw_else)) node.otherwise = block(context_);
  return node;
}

// let := 'let' instance '=' expr
ast::Stmt::Node Parser::let_statement() {
  ast::Let let;
  expect(Kind::kw_let);
  let.name = instance_name();
  expect(Kind::assign);
  let.value = expression();
  return let;
}

// param := 'param' NAME ':' type 'init' expr
ast::Stmt::Node Parser::param_statement() {
  ast::Param param;
  advance();
  param.name = expect_bindable("a parameter");
  expect(Kind::colon);
  param.type = type();
  param.init = initialiser();
  return param;
}

// state := 'state' NAME (':' type)? 'init' expr
ast::Stmt::Node Parser::state_statement() {
  ast::State state;
  advance();
  state.name = expect_bindable("a state");
  if (context_.place != Place::optimizer || at(Kind::colon)) {
    expect(Kind::colon);
    state.type = type();
  }
  state.init = initialiser();
  return state;
}

const ast::Expr* Parser::initialiser() {
  if (at_word("init"))
    advance();
  else
    fail_expected("`init`").help("say how it starts, as in `init zeros` or `init glorot_uniform`");
  return expression();
}

// const := 'const' NAME '=' expr
ast::Const Parser::const_binding() {
  ast::Const constant;
  advance();
  constant.name = expect_bindable("a constant");
  expect(Kind::assign);
  constant.value = expression();
  return constant;
}

// expr | '(' expr (',' expr)+ ')'
std::vector<const ast::Expr*> Parser::returned_values() {
  std::vector<const ast::Expr*> values;
  uint32_t opening = position_;
  if (!tuple_follows()) {
    values.push_back(expression());
    return values;
  }
  advance();
  comma_list(Kind::right_paren, opening, [&] { values.push_back(expression()); });
  return values;
}

/// Whether the parentheses that open here are the whole rest of the statement and hold a comma.
bool Parser::tuple_follows() const {
  if (!at(Kind::left_paren) || !closing_[position_]) return false;
  uint32_t closing = closing_[position_];
  const Token& after = tokens_[closing + 1];
  if (!after.starts_statement && after.kind != Kind::right_brace && after.kind != Kind::end)
    return false;
  for (uint32_t token = position_ + 1; token < closing; ++token) {
    if (tokens_[token].kind == Kind::comma) return true;
    if (closing_[token]) token = closing_[token];
  }
  return false;
}

}  // namespace netc
