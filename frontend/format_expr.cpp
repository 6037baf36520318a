#include "frontend/format_expr.h"

#include <algorithm>

namespace netc {

namespace {

using ast::BinaryOp;

/// Whether `a op b` may share the lines of a chain with its left side: `a + b - c`.
bool same_chain(BinaryOp left, BinaryOp right) {
  auto level = [](BinaryOp op) {
    if (op == BinaryOp::subtract) return BinaryOp::add;
    if (op == BinaryOp::divide || op == BinaryOp::modulo) return BinaryOp::multiply;
    return op;
  };
  return level(left) == level(right) && left != BinaryOp::power && !ast::is_comparison(left);
}

}  // namespace

DocId ExprFormatter::expression(const ast::Expr& expr) {
  DocId inner = node(expr);
  if (!expr.parenthesised) return inner;
  return layout_.group(
      concat({text("("), layout_.indent(concat({layout_.soft_line(), inner})), text(")")}));
}

DocId ExprFormatter::node(const ast::Expr& expr) {
  if (auto* list = expr.as<ast::List>()) return bracketed("[", expressions(list->items), "]");
  if (auto* unary = expr.as<ast::Unary>())
    return concat(
        {text(unary->op == ast::UnaryOp::negate ? "-" : "not "), expression(*unary->operand)});
  if (auto* binary = expr.as<ast::Binary>()) return layout_.group(layout_.indent(chain(*binary)));
  if (auto* choice = expr.as<ast::Conditional>()) return conditional(*choice);
  if (auto* range = expr.as<ast::Range>())
    return concat({expression(*range->from), text(".."), expression(*range->to)});
  if (auto* call = expr.as<ast::Call>()) return call->piped ? pipeline(expr) : applied(*call);
  if (auto* index = expr.as<ast::Index>()) {
    std::vector<DocId> subscripts;
    for (const ast::Subscript& each : index->subscripts) subscripts.push_back(subscript(each));
    return concat({expression(*index->base), bracketed("[", std::move(subscripts), "]")});
  }
  if (auto* field = expr.as<ast::Field>())
    return concat({expression(*field->base), text("."), text(field->name.text)});
  if (auto* read = expr.as<ast::Otherwise>())
    return concat(
        {text("("), expression(*read->read), text(" else "), expression(*read->value), text(")")});
  if (auto* reduction = expr.as<ast::Reduction>())
    return concat({text(ast::symbol(reduction->op)), binders(reduction->indices), text(" "),
                   expression(*reduction->body)});
  if (auto* each = expr.as<ast::Scan>()) return scan(*each);
  return source(expr.range);  // literals and names stay as they were written
}

std::vector<DocId> ExprFormatter::expressions(const std::vector<const ast::Expr*>& exprs) {
  std::vector<DocId> docs;
  for (const ast::Expr* expr : exprs) docs.push_back(expression(*expr));
  return docs;
}

DocId ExprFormatter::bracketed(std::string_view open, std::vector<DocId> items,
                               std::string_view close) {
  std::vector<DocId> parts;
  for (size_t i = 0; i < items.size(); ++i) {
    bool last = i + 1 == items.size();
    DocId item = last ? items[i] : concat({items[i], text(",")});
    parts.push_back(i == 0 ? item : layout_.group(concat({layout_.line(), item})));
  }
  return concat({text(open), layout_.align(concat(std::move(parts))), text(close)});
}

/// Lines break before an operator, but behind a minus, which could begin a statement's value.
DocId ExprFormatter::chain(const ast::Binary& binary) {
  auto* left = binary.left->as<ast::Binary>();
  bool continues = left && !binary.left->parenthesised && same_chain(left->op, binary.op);
  DocId before = continues ? chain(*left) : expression(*binary.left);
  DocId behind = expression(*binary.right);
  DocId op = text(ast::symbol(binary.op));
  if (binary.op == BinaryOp::subtract)
    return concat({before, text(" "), op, layout_.line(), behind});
  return concat({before, layout_.line(), op, text(" "), behind});
}

/// A pipeline stands on one line if it fits there and was not broken before its first `|>`.
DocId ExprFormatter::pipeline(const ast::Expr& last) {
  std::vector<const ast::Call*> calls;
  const ast::Expr* head = &last;
  while (auto* call = head->as<ast::Call>()) {
    if (!call->piped || (head->parenthesised && head != &last)) break;
    calls.push_back(call);
    head = call->piped;
  }
  std::reverse(calls.begin(), calls.end());
  SourceRange between{head->range.file, head->range.end, calls[0]->callee->range.begin};
  bool broken = sources_.text(between).find('\n') != std::string_view::npos;
  std::vector<DocId> steps;
  for (const ast::Call* call : calls) {
    steps.push_back(layout_.line());
    steps.push_back(text("|> "));
    steps.push_back(applied(*call));
  }
  return layout_.group(concat({expression(*head), layout_.indent(concat(std::move(steps)))}),
                       broken);
}

DocId ExprFormatter::applied(const ast::Call& call) {
  std::vector<DocId> arguments;
  for (const ast::Argument& argument : call.arguments) {
    DocId value = expression(*argument.value);
    arguments.push_back(argument.name ? concat({text(argument.name->text), text(": "), value})
                                      : value);
  }
  std::vector<DocId> parts = {expression(*call.callee)};
  if (!call.piped || !arguments.empty()) parts.push_back(bracketed("(", std::move(arguments), ")"));
  if (call.as) {
    parts.push_back(text(" as "));
    parts.push_back(instance(*call.as));
  }
  return concat(std::move(parts));
}

DocId ExprFormatter::conditional(const ast::Conditional& choice) {
  DocId branches = concat({layout_.line(), text("then "), expression(*choice.then_value),
                           layout_.line(), text("else "), expression(*choice.else_value)});
  return layout_.group(
      concat({text("if "), expression(*choice.condition), layout_.indent(branches)}));
}

DocId ExprFormatter::subscript(const ast::Subscript& subscript) {
  using Kind = ast::Subscript::Kind;
  if (subscript.kind == Kind::rest) return text("..");
  if (subscript.kind == Kind::value) return expression(*subscript.value);
  std::vector<DocId> parts;
  if (subscript.value) parts.push_back(expression(*subscript.value));
  parts.push_back(text(":"));
  if (subscript.to) parts.push_back(expression(*subscript.to));
  if (subscript.step) {
    parts.push_back(text(":"));
    parts.push_back(expression(*subscript.step));
  }
  return concat(std::move(parts));
}

DocId ExprFormatter::scan(const ast::Scan& scan) {
  std::vector<DocId> parts = {text("scan ")};
  for (const ast::ScanSource& source : scan.sources) {
    if (&source != &scan.sources[0]) parts.push_back(text(", "));
    parts.push_back(text(source.variable.text));
  }
  parts.push_back(text(" in "));
  for (const ast::ScanSource& source : scan.sources) {
    if (&source != &scan.sources[0]) parts.push_back(text(", "));
    parts.push_back(expression(*source.source));
  }
  parts.push_back(text(" axis "));
  parts.push_back(expression(*scan.axis));
  parts.push_back(text(" "));
  parts.push_back(block(*scan.body));
  return concat(std::move(parts));
}

DocId ExprFormatter::instance(const ast::InstanceName& instance) {
  DocId base = text(instance.base.text);
  if (instance.subscripts.empty()) return base;
  return concat({base, bracketed("[", expressions(instance.subscripts), "]")});
}

DocId ExprFormatter::binders(const std::vector<ast::IndexBinder>& binders) {
  std::vector<DocId> items;
  for (const ast::IndexBinder& binder : binders) {
    DocId name = text(binder.name.text);
    items.push_back(binder.size ? concat({name, text(": "), expression(*binder.size)}) : name);
  }
  return bracketed("[", std::move(items), "]");
}

DocId ExprFormatter::type(const ast::Type& type) {
  std::vector<DocId> parts;
  for (const ast::TypeAlternative& alternative : type.alternatives) {
    if (!parts.empty()) parts.push_back(text(" | "));
    if (alternative.kind != ast::TypeAlternative::Kind::tensor) {
      parts.push_back(source(alternative.range));
      continue;
    }
    if (alternative.element) parts.push_back(text(name(*alternative.element)));
    if (alternative.any_integer) parts.push_back(text("int"));
    parts.push_back(bracketed("[", expressions(alternative.dims), "]"));
  }
  return concat(std::move(parts));
}

}  // namespace netc
