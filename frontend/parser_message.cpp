// `require`, and the expressions in the braces of its message.
#include "frontend/parser_state.h"

namespace netc {

// require := 'require' expr (',' STRING)?
ast::Stmt::Node Parser::require_statement() {
  ast::Require require;
  advance();
  require.condition = expression();
  if (!accept(Kind::comma)) return require;
  if (!at(Kind::string)) {
    fail_expected("the message, a string");
    return require;
  }
  require.message_range = here();
  require.message = message();
  advance();
  return require;
}

/// Splits the string that stands here; `{{` and `}}` are braces themselves.
std::vector<ast::MessagePart> Parser::message() {
  std::vector<ast::MessagePart> parts;
  std::string_view quoted = text();
  uint32_t begin = here().begin;
  std::string literal;
  auto end_literal = [&] {
    if (!literal.empty()) parts.push_back({intern(unescape(literal)), nullptr});
    literal.clear();
  };
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    char c = quoted[i];
    literal += c;
    if (c == '\\') literal += quoted[++i];
    bool doubled = (c == '{' || c == '}') && quoted[i + 1] == c;
    if (doubled) ++i;
    if (c != '{' || doubled) continue;
    literal.pop_back();
    end_literal();
    size_t close = quoted.find('}', i);
    auto at = static_cast<uint32_t>(begin + i);
    if (close == quoted.npos) {
      report(Code::unclosed_bracket, {id_, at, at + 1}, "this `{` has no `}` in the message")
          .help("a brace itself is written `{{{{`");
      return parts;
    }
    SourceRange inside{id_, at + 1, static_cast<uint32_t>(begin + close)};
    parts.push_back({{}, embedded_expression(inside)});
    i = close;
  }
  end_literal();
  return parts;
}

const ast::Expr* Parser::embedded_expression(SourceRange inside) {
  Parser embedded(sources_, lex(sources_, inside, diagnostics_), file_, diagnostics_);
  embedded.depth_ = depth_;
  embedded.embedded_ = true;
  const ast::Expr* value = embedded.expression();
  if (!embedded.at(Kind::end)) embedded.fail_expected("`}`");
  return value;
}

}  // namespace netc
