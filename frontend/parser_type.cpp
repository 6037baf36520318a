// Types of parameters, inputs, params, states and results.
#include "frontend/parser_state.h"

namespace netc {

using TypeKind = ast::TypeAlternative::Kind;

namespace {

std::optional<TypeKind> compile_time_type(std::string_view name) {
  if (name == "int") return TypeKind::integer;
  if (name == "float") return TypeKind::floating;
  if (name == "bool") return TypeKind::boolean;
  if (name == "string") return TypeKind::string;
  if (name == "list") return TypeKind::list;
  return std::nullopt;
}

const std::vector<std::string>& type_names() {
  static const std::vector<std::string> names = {"int", "float", "bool", "string", "list", "f64",
                                                 "f32", "f16",   "bf16", "i64",    "i32",  "u8"};
  return names;
}

}  // namespace

// type := alternative ('|' alternative)*
ast::Type Parser::type() {
  uint32_t first = position_;
  ast::Type type;
  do type.alternatives.push_back(type_alternative());
  while (accept(TokenKind::bar));
  type.range = range_from(first);
  return type;
}

// alternative := 'int' | 'float' | 'bool' | 'string' | 'list' | (ELEMENT | 'int')? dims
ast::TypeAlternative Parser::type_alternative() {
  uint32_t first = position_;
  ast::TypeAlternative type;
  type.kind = TypeKind::tensor;
  if (at(TokenKind::name)) {
    std::string name(text());
    bool has_dims = kind_after(1) == TokenKind::left_square;
    type.element = parse_dtype(name);
    type.any_integer = name == "int";
    auto compile_time = compile_time_type(name);
    if (compile_time && !has_dims) {
      advance();
      type.kind = *compile_time;
      type.range = range_from(first);
      return type;
    }
    if (!type.element && !type.any_integer) {
      Diagnostic& made = fail_expected(compile_time ? "an element type" : "a type");
      std::string near = nearest(name, type_names());
      if (name == "float")
        made.help("`[..]` takes any float type; the element types are f64 f32 f16 bf16");
      else if (!near.empty() && !compile_time)
        made.help("did you mean `{}`?", near);
      return type;
    }
    advance();
    if (!has_dims) fail_expected("`[` and dimensions").help("a scalar is `{}[]`", name);
  } else if (!at(TokenKind::left_square)) {
    fail_expected("a type");
  }
  tensor_dims(type);
  type.range = range_from(first);
  return type;
}

/// `..` may stand once in a list; `seen` says whether it did.
void Parser::check_single_rest(bool& seen) {
  if (!at(TokenKind::dot_dot)) return;
  if (seen) report(Code::misplaced_rest, here(), "`..` stands here a second time");
  seen = true;
}

// dims := '[' (expr | '..'),* ']'
void Parser::tensor_dims(ast::TypeAlternative& type) {
  uint32_t opening = position_;
  expect(TokenKind::left_square);
  bool open = false;
  comma_list(TokenKind::right_square, opening, [&] {
    check_single_rest(open);
    type.dims.push_back(list_item());
  });
}

}  // namespace netc
