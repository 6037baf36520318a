#include "frontend/statement_ends.h"

namespace netc {

namespace {

using Kind = TokenKind;

bool opens(Kind kind) {
  return kind == Kind::left_paren || kind == Kind::left_square || kind == Kind::left_brace;
}

/// The bracket that `kind` closes, or `end`.
Kind opening_of(Kind kind) {
  if (kind == Kind::right_paren) return Kind::left_paren;
  if (kind == Kind::right_square) return Kind::left_square;
  if (kind == Kind::right_brace) return Kind::left_brace;
  return Kind::end;
}

/// The brackets that are open, with how many of each sort a closing bracket could reach: `)` and
/// `]` do not look past a `{`, and `}` closes whatever stands inside its block.
class OpenBrackets {
 public:
  void open(Kind kind, uint32_t token) {
    Entry entry = stack_.empty() ? Entry{} : stack_.back();
    if (kind == Kind::left_brace) entry.parens = entry.squares = 0;
    entry.parens += kind == Kind::left_paren;
    entry.squares += kind == Kind::left_square;
    entry.braces += kind == Kind::left_brace;
    entry.kind = kind;
    entry.token = token;
    stack_.push_back(entry);
  }

  /// The token of the bracket that this one closes, if there is one; forgets what it passes over.
  std::optional<uint32_t> close(Kind opening) {
    if (!reachable(opening)) return std::nullopt;
    while (stack_.back().kind != opening) stack_.pop_back();
    uint32_t token = stack_.back().token;
    stack_.pop_back();
    return token;
  }

 private:
  struct Entry {
    Kind kind = Kind::end;
    uint32_t token = 0;
    uint32_t parens = 0, squares = 0, braces = 0;
  };

  bool reachable(Kind opening) const {
    if (stack_.empty()) return false;
    const Entry& top = stack_.back();
    if (opening == Kind::left_paren) return top.parens > 0;
    if (opening == Kind::left_square) return top.squares > 0;
    return top.braces > 0;
  }

  std::vector<Entry> stack_;
};

void match_brackets(LexedFile& file) {
  file.closing.assign(file.tokens.size(), 0);
  OpenBrackets open;
  for (uint32_t i = 0; i < file.tokens.size(); ++i) {
    Kind kind = file.tokens[i].kind;
    if (opens(kind)) {
      open.open(kind, i);
    } else if (opening_of(kind) != Kind::end) {
      if (auto other = open.close(opening_of(kind))) file.closing[*other] = i;
    }
  }
}

bool is_binary_operator(Kind kind) {
  return (kind >= Kind::pipe && kind <= Kind::caret) || kind == Kind::kw_and || kind == Kind::kw_or;
}

bool continues_after(Kind kind) {
  switch (kind) {
    case Kind::comma:
    case Kind::assign:
    case Kind::left_arrow:
    case Kind::right_arrow:
    case Kind::bar:
    case Kind::dot_dot:
    case Kind::kw_not:
    case Kind::kw_in:
    case Kind::kw_then:
    case Kind::kw_else:
    case Kind::kw_as:
      return true;
    default:
      return is_binary_operator(kind);
  }
}

bool continues_before(Kind kind) {
  return kind == Kind::kw_then || kind == Kind::kw_else ||
         (kind != Kind::minus && is_binary_operator(kind));
}

/// After a dangling operator the next line goes on, unless the block ends there or, behind `=`, a
/// binding begins: then the operand is missing, and the error belongs to the first line.
bool lacks_operand(const std::vector<Token>& tokens, uint32_t i) {
  if (tokens[i].kind == Kind::right_brace) return true;
  Kind before = tokens[i - 1].kind;
  if (before != Kind::assign && before != Kind::left_arrow) return false;
  if (tokens[i].kind != Kind::name || i + 1 >= tokens.size()) return false;
  Kind next = tokens[i + 1].kind;
  return next == Kind::assign || next == Kind::left_arrow;
}

}  // namespace

void mark_statement_ends(LexedFile& file) {
  match_brackets(file);
  auto& tokens = file.tokens;
  std::vector<std::pair<Kind, uint32_t>> open;  // matched brackets: which, and where it closes
  for (uint32_t i = 0; i < tokens.size(); ++i) {
    bool lines_count = open.empty() || open.back().first == Kind::left_brace;
    bool continued = i > 0 && (continues_before(tokens[i].kind) ||
                               (continues_after(tokens[i - 1].kind) && !lacks_operand(tokens, i)));
    tokens[i].starts_statement = tokens[i].first_on_line && lines_count && !continued;
    if (!open.empty() && open.back().second == i) open.pop_back();
    if (file.closing[i]) open.emplace_back(tokens[i].kind, file.closing[i]);
  }
}

}  // namespace netc
