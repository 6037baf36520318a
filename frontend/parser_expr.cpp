// Operators: everything looser than calls and subscripts.
#include <algorithm>

#include "frontend/parser_state.h"

namespace netc {

using ast::BinaryOp;
using ast::Expr;

namespace {

/// How tightly operators bind. `|>` and `if` are looser, `^` and postfix tighter.
enum Level : int {
  level_or = 1,
  level_and,
  level_not,
  level_comparison,
  level_sum,
  level_product,
  level_matmul,
};

struct Operator {
  TokenKind kind;
  BinaryOp op;
  int level;
};

constexpr Operator operators[] = {
    {TokenKind::kw_or, BinaryOp::logical_or, level_or},
    {TokenKind::kw_and, BinaryOp::logical_and, level_and},
    {TokenKind::equal, BinaryOp::equal, level_comparison},
    {TokenKind::not_equal, BinaryOp::not_equal, level_comparison},
    {TokenKind::less, BinaryOp::less, level_comparison},
    {TokenKind::less_equal, BinaryOp::less_equal, level_comparison},
    {TokenKind::greater, BinaryOp::greater, level_comparison},
    {TokenKind::greater_equal, BinaryOp::greater_equal, level_comparison},
    {TokenKind::plus, BinaryOp::add, level_sum},
    {TokenKind::minus, BinaryOp::subtract, level_sum},
    {TokenKind::star, BinaryOp::multiply, level_product},
    {TokenKind::slash, BinaryOp::divide, level_product},
    {TokenKind::percent, BinaryOp::modulo, level_product},
    {TokenKind::at, BinaryOp::matmul, level_matmul},
};

const Operator* find_operator(TokenKind kind) {
  if (kind != TokenKind::kw_and && kind != TokenKind::kw_or && kind < TokenKind::equal)
    return nullptr;
  if (kind > TokenKind::at) return nullptr;
  auto found = std::find_if(std::begin(operators), std::end(operators),
                            [&](const Operator& row) { return row.kind == kind; });
  return found == std::end(operators) ? nullptr : &*found;
}

/// The height of the highest child of a node.
struct ChildHeight {
  int highest = 0;

  void add(const Expr* child) {
    if (child) highest = std::max<int>(highest, child->height);
  }
  void operator()(const ast::Number&) {}
  void operator()(const ast::String&) {}
  void operator()(const ast::Boolean&) {}
  void operator()(const ast::NameRef&) {}
  void operator()(const ast::Rest&) {}
  void operator()(const ast::List& node) {
    for (const Expr* item : node.items) add(item);
  }
  void operator()(const ast::Unary& node) { add(node.operand); }
  void operator()(const ast::Binary& node) { add(node.left), add(node.right); }
  void operator()(const ast::Conditional& node) {
    add(node.condition), add(node.then_value), add(node.else_value);
  }
  void operator()(const ast::Range& node) { add(node.from), add(node.to); }
  void operator()(const ast::Call& node) {
    add(node.callee), add(node.piped);
    for (const ast::Argument& argument : node.arguments) add(argument.value);
    if (node.as)
      for (const Expr* subscript : node.as->subscripts) add(subscript);
  }
  void operator()(const ast::Index& node) {
    add(node.base);
    for (const ast::Subscript& subscript : node.subscripts)
      add(subscript.value), add(subscript.to), add(subscript.step);
  }
  void operator()(const ast::Field& node) { add(node.base); }
  void operator()(const ast::Otherwise& node) { add(node.read), add(node.value); }
  void operator()(const ast::Reduction& node) {
    add(node.body);
    for (const ast::IndexBinder& binder : node.indices) add(binder.size);
  }
  void operator()(const ast::Scan& node) {
    add(node.axis);
    for (const ast::ScanSource& source : node.sources) add(source.source);
  }
};

}  // namespace

const Expr* Parser::make(SourceRange range, Expr::Node node) {
  ChildHeight height;
  std::visit(height, node);
  if (height.highest >= ast::max_height) {
    fail(Code::nesting_too_deep, range,
         fmt::format("this expression nests more than {} operations", ast::max_height))
        .help("bind its parts to names, or repeat them with `for`");
    hopeless_ = true;
    height.highest = 0;
  }
  file_.expressions.push_back(
      {range, false, static_cast<uint16_t>(height.highest + 1), std::move(node)});
  return &file_.expressions.back();
}

// expr := conditional | pipe
const Expr* Parser::expression() {
  Nested nested(*this);
  return at(Kind::kw_if) ? conditional() : pipe();
}

// range := expr ('..' expr)?
const Expr* Parser::range_or_expression() {
  const Expr* from = expression();
  if (!accept(Kind::dot_dot)) return from;
  const Expr* to = expression();
  return make(cover(from->range, to->range), ast::Range{from, to});
}

// conditional := 'if' expr 'then' expr 'else' expr
const Expr* Parser::conditional() {
  uint32_t first = position_;
  expect(Kind::kw_if);
  const Expr* condition = expression();
  expect(Kind::kw_then);
  const Expr* then_value = expression();
  expect(Kind::kw_else);
  const Expr* else_value = expression();
  return make(range_from(first), ast::Conditional{condition, then_value, else_value});
}

// pipe := or ('|>' target)*
const Expr* Parser::pipe() {
  const Expr* value = binary(level_or);
  while (accept(Kind::pipe)) value = pipe_target(value);
  return value;
}

// target := NAME ('[' subscript,+ ']' | '.' NAME)* ('(' argument,* ')')? ('as' instance)?
const Expr* Parser::pipe_target(const Expr* piped) {
  if (!at(Kind::name)) {
    fail_expected("a function or a layer after `|>`");
    return piped;
  }
  const Expr* callee = name_reference();
  while (at(Kind::left_square) || at(Kind::dot))
    callee = at(Kind::dot) ? field(callee) : index(callee);
  check_callee(callee);
  ast::Call call{callee, piped, {}, nullptr};
  if (at(Kind::left_paren)) arguments(call);
  call.as = instance_after_as();
  SourceRange range{id_, piped->range.begin, tokens_[position_ - 1].end};
  return make(range, std::move(call));
}

// or := and ('or' and)*                   and := not ('and' not)*
// not := 'not' not | comparison           comparison := sum (COMPARISON sum)?
// sum := product (('+' | '-') product)*   product := matmul (('*' | '/' | '%') matmul)*
// matmul := unary ('@' unary)*
const Expr* Parser::binary(int loosest) {
  const Expr* left = prefix(loosest);
  while (const Operator* found = find_operator(kind())) {
    if (found->level < loosest) break;
    SourceRange op_range = here();
    auto* compared = left->as<ast::Binary>();
    if (found->level == level_comparison && compared && ast::is_comparison(compared->op) &&
        !left->parenthesised)
      report(Code::chained_comparison, op_range, "comparisons do not chain")
          .label(compared->op_range, "the first one")
          .help("join two comparisons with `and`");
    advance();
    const Expr* right = binary(found->level + 1);
    left = make(cover(left->range, right->range), ast::Binary{found->op, op_range, left, right});
  }
  return left;
}

const Expr* Parser::product() { return binary(level_product); }

const Expr* Parser::prefix(int loosest) {
  if (!at(Kind::kw_not) || loosest > level_not) return unary();
  Nested nested(*this);
  uint32_t first = position_;
  advance();
  const Expr* operand = binary(level_not);
  return make(range_from(first), ast::Unary{ast::UnaryOp::logical_not, operand});
}

// unary := '-' unary | power
const Expr* Parser::unary() {
  if (!at(Kind::minus)) return power();
  Nested nested(*this);
  uint32_t first = position_;
  advance();
  const Expr* operand = unary();
  return make(range_from(first), ast::Unary{ast::UnaryOp::negate, operand});
}

// power := postfix ('^' unary)?
const Expr* Parser::power() {
  const Expr* base = postfix();
  if (!at(Kind::caret)) return base;
  Nested nested(*this);
  SourceRange op_range = here();
  advance();
  const Expr* exponent = unary();
  return make(cover(base->range, exponent->range),
              ast::Binary{BinaryOp::power, op_range, base, exponent});
}

}  // namespace netc
