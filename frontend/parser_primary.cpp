// Operands: literals, names, brackets, reductions and scans.
#include <charconv>
#include <cmath>
#include <limits>

#include "frontend/parser_state.h"

namespace netc {

using ast::Expr;

// primary := NUMBER | STRING | 'true' | 'false' | NAME | parenthesised | list | reduction | scan
const Expr* Parser::primary() {
  switch (kind()) {
    case Kind::number:
      return number();
    case Kind::string:
      return string();
    case Kind::kw_true:
    case Kind::kw_false: {
      bool value = at(Kind::kw_true);
      SourceRange range = here();
      advance();
      return make(range, ast::Boolean{value});
    }
    case Kind::name:
      if (ast::find_reduction(text()) && kind_after(1) == Kind::left_square) return reduction();
      return name_reference();
    case Kind::left_paren:
      return parenthesised();
    case Kind::left_square:
      return list();
    case Kind::kw_scan:
      return scan();
    default:
      break;
  }
  SourceRange range = here();
  Diagnostic& made = fail_expected("an expression");
  TokenKind found = tokens_[position_].kind;
  TokenKind before = position_ > 0 ? tokens_[position_ - 1].kind : TokenKind::end;
  if (found == Kind::kw_if || found == Kind::kw_not)
    made.help("put the `{}` in parentheses", spelling(found));
  else if (found == Kind::star && before == Kind::star)
    made.help("a power is written with `^`");
  else if (found == Kind::minus && before == Kind::less)
    made.help("`<-` updates a variable; write `< -` to compare");
  return make(range, ast::Rest{});
}

const Expr* Parser::number() {
  std::string_view digits = text();
  SourceRange range = here();
  advance();
  if (digits == "inf")
    return make(range, ast::Number{std::numeric_limits<double>::infinity(), 0, false});
  ast::Number number;
  number.is_integer = digits.find_first_not_of("0123456789") == digits.npos;
  const char* last = digits.data() + digits.size();
  std::errc problem{};
  if (number.is_integer) {
    problem = std::from_chars(digits.data(), last, number.integer).ec;
    number.value = static_cast<double>(number.integer);
  } else {
    problem = std::from_chars(digits.data(), last, number.value).ec;
    bool tiny = problem != std::errc{} && digits.find_first_of("eE") + 1 == digits.find('-');
    if (tiny) {
      number.value = 0;
      problem = {};
    }
  }
  if (problem != std::errc{})
    report(Code::number_too_large, range,
           number.is_integer ? "this integer does not fit in 64 bits"
                             : "this number is larger than any float");
  return make(range, number);
}

const Expr* Parser::string() {
  SourceRange range = here();
  std::string_view quoted = text();
  advance();
  return make(range, ast::String{intern(unescape(quoted.substr(1, quoted.size() - 2)))});
}

const Expr* Parser::name_reference() {
  SourceRange range = here();
  ast::NameRef name{intern(std::string(text()))};
  advance();
  return make(range, name);
}

/// Marks an expression as parenthesised. The node is shared with nobody yet.
const Expr* Parser::parenthesise(const Expr* inner, SourceRange range) {
  Expr& expr = file_.expressions.back();
  if (&expr != inner) return inner;
  expr.parenthesised = true;
  bool leaf = expr.as<ast::NameRef>() || expr.as<ast::Number>() || expr.as<ast::String>() ||
              expr.as<ast::Boolean>();
  if (!leaf) expr.range = range;
  return &expr;
}

// parenthesised := '(' expr ')' | '(' read 'else' expr ')'
const Expr* Parser::parenthesised() {
  uint32_t opening = position_;
  expect(Kind::left_paren);
  const Expr* value = expression();
  if (at(Kind::kw_else)) {
    if (!value->as<ast::Index>() || value->parenthesised)
      report(Code::misplaced_else, value->range,
             "`else` gives the value outside of a tensor and follows a read such as `x[i, j]`");
    advance();
    const Expr* otherwise = expression();
    expect_closing(Kind::right_paren, opening);
    return make(range_from(opening), ast::Otherwise{value, otherwise});
  }
  if (at(Kind::comma))
    fail(Code::unexpected_token, here(),
         "several values stand only behind `return` and `yield`, "
         "and left of `=`")
        .help("a list is written `[a, b]`");
  expect_closing(Kind::right_paren, opening);
  return parenthesise(value, range_from(opening));
}

// list := '[' (expr | '..'),* ']'
const Expr* Parser::list() {
  uint32_t opening = position_;
  expect(Kind::left_square);
  ast::List list;
  comma_list(Kind::right_square, opening, [&] { list.items.push_back(list_item()); });
  return make(range_from(opening), std::move(list));
}

const Expr* Parser::list_item() {
  SourceRange range = here();
  return accept(Kind::dot_dot) ? make(range, ast::Rest{}) : expression();
}

// reduction := REDUCTION '[' binder,+ ']' product
const Expr* Parser::reduction() {
  Nested nested(*this);
  uint32_t first = position_;
  ast::Reduction reduction{*ast::find_reduction(text()), {}, nullptr};
  advance();
  if (kind_after(1) == Kind::right_square) {
    advance();
    fail_expected("an index");
  }
  reduction.indices = index_binders();
  reduction.body = product();
  return make(range_from(first), std::move(reduction));
}

// '[' binder,* ']'      binder := NAME (':' expr)? | '..'
std::vector<ast::IndexBinder> Parser::index_binders() {
  uint32_t opening = position_;
  expect(Kind::left_square);
  std::vector<ast::IndexBinder> binders;
  bool open = false;
  comma_list(Kind::right_square, opening, [&] {
    check_single_rest(open);
    ast::IndexBinder binder;
    SourceRange range = here();
    if (accept(Kind::dot_dot)) {
      binder.name = {"..", range};
      binder.rest = true;
    } else {
      binder.name = expect_bindable("an index");
      if (accept(Kind::colon)) binder.size = expression();
    }
    binders.push_back(binder);
  });
  return binders;
}

// scan := 'scan' NAME,+ 'in' expr,+ 'axis' expr block
const Expr* Parser::scan() {
  Nested nested(*this);
  uint32_t first = position_;
  expect(Kind::kw_scan);
  std::vector<ast::Name> names;
  do names.push_back(expect_bindable("a variable"));
  while (accept(Kind::comma));
  expect(Kind::kw_in);
  std::vector<const Expr*> sources;
  do sources.push_back(expression());
  while (accept(Kind::comma));
  SourceRange head = range_from(first);
  ast::Scan scan;
  if (at_word("axis")) {
    advance();
    scan.axis = expression();
  } else {
    fail_expected("`axis` and a number");
  }
  if (names.size() != sources.size())
    report(Code::scan_count_mismatch, head,
           fmt::format("{} names for {} tensors", names.size(), sources.size()))
        .help("a scan names one variable for each tensor: `scan a, b in x, y axis 1`");
  for (size_t i = 0; i < std::min(names.size(), sources.size()); ++i)
    scan.sources.push_back({names[i], sources[i]});
  BlockContext body = context_;
  body.in_scan = true;
  file_.blocks.push_back(block(body));
  scan.body = &file_.blocks.back();
  return make(range_from(first), std::move(scan));
}

}  // namespace netc
