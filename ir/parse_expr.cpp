// Reads scalar expressions by precedence. Operators come from the table of functions; each rule
// of the grammar is one function, named and commented after it.
#include "ir/parse_expr.h"

#include <algorithm>

#include "ir/inference.h"

namespace netc {

namespace {

/// Deeper nesting is refused, so that no text can exhaust the stack.
constexpr int deepest_nesting = 256;

constexpr int level_not = 3;
constexpr int level_comparison = 4;

/// Counts the nesting of one rule for as long as it runs.
class Nesting {
 public:
  Nesting(int& depth, ParseCursor& cursor) : depth_(depth) {
    if (++depth_ > deepest_nesting)
      cursor.fail(cursor.peek().range, "expressions nest deeper than {}", deepest_nesting);
  }
  ~Nesting() { --depth_; }

 private:
  int& depth_;
};

}  // namespace

ValueId parse_reference(ParseCursor& cursor, const GraphNames& names) {
  const Token token = cursor.take();
  const bool is_variable = token.kind == TokenKind::variable;
  if (!is_variable && token.kind != TokenKind::value) {
    cursor.fail(token.range, "expected a value such as `%x` or `@w`, found `{}`",
                token.text.substr(0, 40));
    return {};
  }
  const auto& table = is_variable ? names.variables : names.values;
  const auto entry = table.find(token.text);
  if (entry != table.end()) return entry->second;
  std::vector<std::string> candidates;
  for (const auto& [name, id] : table) candidates.push_back(name);
  const std::string near = nearest(token.text, candidates);
  const char sign = is_variable ? '@' : '%';
  const std::string hint = near.empty() ? "" : fmt::format("; there is `{}{}`", sign, near);
  cursor.fail(token.range, "no value `{}{}` stands above{}", sign, token.text, hint);
  return {};
}

bool ExprParser::at_reduction(size_t ahead) const {
  if (!cursor_.peek(ahead + 1).is("[")) return false;
  for (const Reduction reduction :
       {Reduction::sum, Reduction::prod, Reduction::max, Reduction::min, Reduction::argmax})
    if (cursor_.peek(ahead).is(name(reduction))) return true;
  return false;
}

SyntaxId ExprParser::expression() {
  const Nesting nesting(depth_, cursor_);
  if (!cursor_.peek().is("if")) return infix(1);
  const SourceRange start = cursor_.take().range;
  const SyntaxId condition = infix(1);
  cursor_.expect("then");
  const SyntaxId chosen = infix(1);
  cursor_.expect("else");
  const SyntaxId other = expression();
  return apply(Function::select, {condition, chosen, other}, start);
}

std::optional<Function> ExprParser::infix_at(int level) const {
  const Token& token = cursor_.peek();
  if (token.kind != TokenKind::symbol && token.kind != TokenKind::word) return std::nullopt;
  const auto function = find_operator(token.text, 2);
  if (!function || info(*function).syntax.precedence != level) return std::nullopt;
  // `base + sum[i] ...` is a matter of the definition: the base ends here.
  if (token.is("+") && at_reduction(1)) return std::nullopt;
  return function;
}

/// infix(level) = infix(level + 1) {operator infix(level + 1)}; comparisons do not chain.
SyntaxId ExprParser::infix(int level) {
  if (level == level_not && cursor_.peek().is("not")) {
    const Nesting nesting(depth_, cursor_);
    const SourceRange start = cursor_.take().range;
    return apply(Function::logical_not, {infix(level)}, start);
  }
  if (level > level_product) return unary();
  SyntaxId left = infix(level + 1);
  while (const auto function = infix_at(level)) {
    const SourceRange place = cursor_.take().range;
    left = apply(*function, {left, infix(level + 1)}, place);
    if (level == level_comparison) break;
  }
  return left;
}

/// unary = "-" unary | "-" number | power
SyntaxId ExprParser::unary() {
  if (!cursor_.peek().is("-")) return power();
  const Nesting nesting(depth_, cursor_);
  const SourceRange start = cursor_.take().range;
  const bool is_number = cursor_.peek().kind == TokenKind::number || cursor_.peek().is("inf");
  if (is_number && !cursor_.peek(1).is("^")) return number(true);
  return apply(Function::neg, {unary()}, start);
}

/// power = primary ["^" unary]
SyntaxId ExprParser::power() {
  const SyntaxId base = primary();
  if (!cursor_.peek().is("^")) return base;
  const Nesting nesting(depth_, cursor_);
  const SourceRange place = cursor_.take().range;
  return apply(Function::pow, {base, unary()}, place);
}

/// primary = number | "true" | "false" | "(" ... ")" | read | function "(" ... ")"
///         | type "(" expression ")" | name
SyntaxId ExprParser::primary() {
  const Token& token = cursor_.peek();
  switch (token.kind) {
    case TokenKind::number:
      return number(false);
    case TokenKind::value:
    case TokenKind::variable:
      return read();
    case TokenKind::symbol:
      if (token.is("(")) return parenthesis();
      break;
    case TokenKind::word: {
      if (token.is("inf") || token.is("nan")) return number(false);
      if (token.is("true") || token.is("false")) {
        const Token truth = cursor_.take();
        return tree_.add({SyntaxNode::Kind::truth, truth.range, truth.text});
      }
      const bool is_called = cursor_.peek(1).is("(");
      if (const auto type = parse_dtype(token.text); type && is_called) return conversion(*type);
      if (const auto function = find_function(token.text); function && is_called)
        return call(*function);
      if (is_called) cursor_.fail(token.range, "no function is called `{}`", token.text);
      if (is_reserved_word(token.text) && token.text != "N") break;
      const Token name = cursor_.take();
      return tree_.add({SyntaxNode::Kind::name, name.range, name.text});
    }
    default:
      break;
  }
  if (at_reduction())
    cursor_.fail(token.range, "a reduction stands alone, or after a base and `+`");
  cursor_.fail_expecting("an expression");
  return tree_.add({SyntaxNode::Kind::truth, token.range, "false"});
}

/// "(" expression ")" | "(" read "else" expression ")"
SyntaxId ExprParser::parenthesis() {
  cursor_.expect("(");
  const SyntaxId inner = expression();
  if (cursor_.peek().is("else")) {
    SyntaxNode& node = tree_[inner];
    if (node.kind != SyntaxNode::Kind::read || node.has_otherwise || node.parenthesized)
      cursor_.fail(cursor_.peek().range, "`else` follows a read or `if ... then ...`");
    cursor_.take();
    const SyntaxId otherwise = expression();
    // The read is made again, after the value outside, so that children come first.
    SyntaxNode complete = tree_[inner];
    tree_[inner].silent = true;
    complete.children.push_back(otherwise);
    complete.has_otherwise = true;
    complete.parenthesized = true;
    cursor_.expect(")");
    return tree_.add(std::move(complete));
  }
  cursor_.expect(")");
  tree_[inner].parenthesized = true;
  return inner;
}

SyntaxId ExprParser::read() {
  const SourceRange range = cursor_.peek().range;
  const ValueId tensor = parse_reference(cursor_, names_);
  std::vector<SyntaxId> positions = subscripts();
  return tree_.add({.kind = SyntaxNode::Kind::read,
                    .range = range,
                    .tensor = tensor,
                    .children = std::move(positions)});
}

std::vector<SyntaxId> ExprParser::subscripts() {
  std::vector<SyntaxId> positions;
  if (!cursor_.accept("[")) return positions;
  do positions.push_back(expression());
  while (cursor_.accept(","));
  cursor_.expect("]");
  return positions;
}

SyntaxId ExprParser::number(bool negative) {
  const Token token = cursor_.take();
  return tree_.add({.kind = SyntaxNode::Kind::number,
                    .range = token.range,
                    .text = token.text,
                    .negative = negative});
}

SyntaxId ExprParser::call(Function function) {
  const SourceRange start = cursor_.take().range;
  cursor_.expect("(");
  std::vector<SyntaxId> args;
  do args.push_back(expression());
  while (cursor_.accept(","));
  cursor_.expect(")");
  return apply(function, std::move(args), start);
}

/// `f32(0.5)` is a number of that type; of anything else it is a conversion.
SyntaxId ExprParser::conversion(DType type) {
  const SourceRange start = cursor_.take().range;
  cursor_.expect("(");
  const SyntaxId inner = expression();
  cursor_.expect(")");
  SyntaxNode& node = tree_[inner];
  if (node.kind == SyntaxNode::Kind::number && !node.type && !node.parenthesized) {
    node.type = type;
    return inner;
  }
  return tree_.add(
      {.kind = SyntaxNode::Kind::convert, .range = start, .type = type, .children = {inner}});
}

SyntaxId ExprParser::apply(Function function, std::vector<SyntaxId> args, SourceRange range) {
  const FunctionInfo& row = info(function);
  if (args.size() != row.arity)
    cursor_.fail(range, "`{}` takes {} operands, found {}", row.name, row.arity, args.size());
  return tree_.add({.kind = SyntaxNode::Kind::apply,
                    .range = range,
                    .function = function,
                    .children = std::move(args)});
}

}  // namespace netc
