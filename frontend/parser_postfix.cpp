// What stands behind an operand: calls, subscripts, fields, and the names of instances.
#include "frontend/parser_state.h"

namespace netc {

using ast::Expr;

// postfix := primary ('(' argument,* ')' ('as' instance)? | '[' subscript,+ ']' | '.' NAME)*
const Expr* Parser::postfix() {
  const Expr* value = primary();
  if (value->as<ast::Scan>()) return value;
  while (true) {
    if (at(Kind::left_paren)) {
      value = call(value);
    } else if (at(Kind::left_square)) {
      value = index(value);
    } else if (at(Kind::dot)) {
      value = field(value);
    } else {
      break;
    }
  }
  if (at(Kind::kw_as))
    fail(Code::unexpected_token, here(), "`as` names a layer where it is applied")
        .help("write `layer(x) as name`");
  return value;
}

const Expr* Parser::index(const Expr* base) {
  uint32_t opening = position_;
  expect(Kind::left_square);
  ast::Index index{base, {}};
  if (at(Kind::right_square)) fail_expected("a subscript");
  bool open = false;
  comma_list(Kind::right_square, opening, [&] {
    check_single_rest(open);
    index.subscripts.push_back(subscript());
  });
  return make(cover(base->range, range_from(opening)), std::move(index));
}

const Expr* Parser::field(const Expr* base) {
  expect(Kind::dot);
  ast::Name name = expect_name("a parameter");
  return make(cover(base->range, name.range), ast::Field{base, name});
}

const Expr* Parser::call(const Expr* callee) {
  uint32_t opening = position_;
  check_callee(callee);
  ast::Call call{callee, nullptr, {}, nullptr};
  arguments(call);
  call.as = instance_after_as();
  return make(cover(callee->range, range_from(opening)), std::move(call));
}

// '(' argument,* ')'      argument := (NAME ':')? range
void Parser::arguments(ast::Call& call) {
  uint32_t opening = position_;
  expect(Kind::left_paren);
  bool named = false;
  comma_list(Kind::right_paren, opening, [&] {
    ast::Argument argument;
    if (at(Kind::name) && kind_after(1) == Kind::colon) {
      argument.name = expect_name("an argument");
      advance();
      named = true;
    } else if (named) {
      report(Code::positional_after_named, here(), "an argument without a name follows a named one")
          .help("name this one too, as in `f(x, size: 2)`, or move it to the front");
    }
    argument.value = range_or_expression();
    call.arguments.push_back(argument);
  });
}

/// Only what a name leads to can be called: `f`, `fc`, `block[i]`, `fc.inner`.
void Parser::check_callee(const Expr* callee) {
  const Expr* base = callee;
  while (!base->as<ast::NameRef>()) {
    if (auto* index = base->as<ast::Index>()) {
      base = index->base;
    } else if (auto* field = base->as<ast::Field>()) {
      base = field->base;
    } else {
      fail(Code::not_callable, callee->range, "only a function, a layer or an instance is called")
          .help("a product is written with `*`");
      return;
    }
    if (base->parenthesised) {
      fail(Code::not_callable, callee->range, "only a function, a layer or an instance is called");
      return;
    }
  }
}

const ast::InstanceName* Parser::instance_after_as() {
  if (!accept(Kind::kw_as)) return nullptr;
  file_.instances.push_back(instance_name());
  return &file_.instances.back();
}

// instance := NAME ('[' expr,+ ']')?
ast::InstanceName Parser::instance_name() {
  uint32_t first = position_;
  ast::InstanceName instance{expect_bindable("an instance"), {}, {}};
  if (at(Kind::left_square)) {
    uint32_t opening = position_;
    advance();
    if (at(Kind::right_square)) fail_expected("a number");
    comma_list(Kind::right_square, opening, [&] { instance.subscripts.push_back(expression()); });
  }
  instance.range = range_from(first);
  return instance;
}

// subscript := '..' | expr | expr? ':' expr? (':' expr?)?
ast::Subscript Parser::subscript() {
  uint32_t first = position_;
  ast::Subscript subscript;
  auto bound = [&]() -> const Expr* {
    bool absent = at(Kind::colon) || at(Kind::comma) || at(Kind::right_square);
    return absent ? nullptr : expression();
  };
  if (accept(Kind::dot_dot)) {
    subscript.kind = ast::Subscript::Kind::rest;
  } else {
    if (at(Kind::comma)) fail_expected("a subscript");
    subscript.value = bound();
    if (accept(Kind::colon)) {
      subscript.kind = ast::Subscript::Kind::slice;
      subscript.to = bound();
      if (accept(Kind::colon)) subscript.step = bound();
    }
  }
  subscript.range = range_from(first);
  return subscript;
}

}  // namespace netc
