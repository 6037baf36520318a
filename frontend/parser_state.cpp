#include "frontend/parser_state.h"

namespace netc {

std::optional<ast::File> parse(const SourceMap& sources, FileId id, Diagnostics& diagnostics) {
  size_t errors_before = diagnostics.error_count();
  ast::File file;
  file.id = id;
  LexedFile lexed = lex(sources, id, diagnostics);
  file.comments = std::move(lexed.comments);
  Parser(sources, std::move(lexed), file, diagnostics).parse_file();
  if (diagnostics.error_count() > errors_before) return std::nullopt;
  return file;
}

Parser::Parser(const SourceMap& sources, LexedFile lexed, ast::File& file, Diagnostics& diagnostics)
    : sources_(sources),
      tokens_(std::move(lexed.tokens)),
      closing_(std::move(lexed.closing)),
      file_(file),
      id_(file.id),
      diagnostics_(diagnostics) {}

Parser::Nested::Nested(Parser& parser) : parser_(parser) {
  if (++parser_.depth_ <= ast::max_nesting) return;
  parser_.fail(Code::nesting_too_deep, parser_.here(),
               fmt::format("nesting is deeper than the limit of {}", ast::max_nesting));
  parser_.hopeless_ = true;
}

TokenKind Parser::kind() const { return kind_after(0); }

TokenKind Parser::kind_after(uint32_t ahead) const {
  if (failed_ || position_ + ahead >= tokens_.size()) return Kind::end;
  for (uint32_t token = position_; token <= position_ + ahead; ++token)
    if (tokens_[token].starts_statement && token != statement_start_ &&
        tokens_[token].kind != Kind::end)
      return Kind::line_end;
  return tokens_[position_ + ahead].kind;
}

std::string_view Parser::text(uint32_t token) const { return sources_.text(range(token)); }

SourceRange Parser::range(uint32_t token) const {
  return {id_, tokens_[token].begin, tokens_[token].end};
}

/// From the first of these tokens to the last one that was read.
SourceRange Parser::range_from(uint32_t first_token) const {
  uint32_t last = position_ > first_token ? position_ - 1 : first_token;
  return {id_, tokens_[first_token].begin, tokens_[last].end};
}

bool Parser::accept(Kind wanted) {
  if (!at(wanted)) return false;
  advance();
  return true;
}

void Parser::expect(Kind wanted) {
  if (!accept(wanted)) fail_expected(fmt::format("`{}`", spelling(wanted)));
}

void Parser::expect_closing(Kind wanted, uint32_t opening) {
  if (accept(wanted) || failed_) return;
  bool in_list = wanted != Kind::right_brace && !at(Kind::line_end) && !at(Kind::end);
  if (in_list) {
    fail_expected(fmt::format("`,` or `{}`", spelling(wanted)));
    return;
  }
  fail(Code::unclosed_bracket, found_range(),
       fmt::format("expected `{}`, found {}", spelling(wanted), describe_token()))
      .label(range(opening), "opened here");
}

ast::Name Parser::expect_name(std::string_view what) {
  if (!at(Kind::name)) {
    fail_expected(fmt::format("the name of {}", what));
    return {};
  }
  ast::Name name{intern(std::string(text())), here()};
  advance();
  return name;
}

/// A name that is given a meaning; the names of the reductions have theirs already.
ast::Name Parser::expect_bindable(std::string_view what) {
  ast::Name name = expect_name(what);
  if (ast::find_reduction(name.text))
    report(Code::reserved_name, name.range,
           fmt::format("`{}` opens a reduction and cannot be bound", name.text));
  return name;
}

std::string_view Parser::intern(std::string text) {
  return *file_.strings.insert(std::move(text)).first;
}

/// Reports an error after which parsing goes on.
Diagnostic& Parser::report(Code code, SourceRange range, std::string message) {
  if (failed_) return ignored_ = {};
  if (++errors_ >= max_syntax_errors) hopeless_ = failed_ = true;
  return diagnostics_.error(code, range, "{}", message);
}

/// Reports an error that ends the statement.
Diagnostic& Parser::fail(Code code, SourceRange range, std::string message) {
  Diagnostic& made = report(code, range, std::move(message));
  failed_ = true;
  return made;
}

Diagnostic& Parser::fail_expected(std::string_view expected) {
  if (at(Kind::error)) {  // the lexer has said what is wrong
    failed_ = true;
    return ignored_ = {};
  }
  return fail(Code::unexpected_token, found_range(),
              fmt::format("expected {}, found {}", expected, describe_token()));
}

std::string Parser::describe_token() const {
  switch (Kind found = kind()) {
    case Kind::end:
      return embedded_ ? "the end of the braces" : "the end of the file";
    case Kind::line_end:
      return "the end of the line";
    case Kind::number:
      return fmt::format("the number `{}`", text());
    case Kind::string:
      return "a string";
    default:
      return fmt::format("{}`{}`", is_keyword(found) ? "the reserved word " : "", text());
  }
}

/// Where the next token stands; the end of a line stands behind its last token.
SourceRange Parser::found_range() const {
  if ((!at(Kind::line_end) && !at(Kind::end)) || position_ == 0) return here();
  uint32_t end = tokens_[position_ - 1].end;
  return {id_, end, end};
}

/// Goes to the next statement of the innermost open block, or to the block's end.
void Parser::recover() {
  if (hopeless_) return;
  failed_ = false;
  while (tokens_[position_].kind != Kind::end && tokens_[position_].kind != Kind::right_brace) {
    if (tokens_[position_].starts_statement && position_ != statement_start_) return;
    if (closing_[position_]) position_ = closing_[position_];
    ++position_;
  }
}

/// The head of a block may be wrong and its body still worth reading: goes to the `{`, if one
/// stands before the end of the statement.
bool Parser::find_block() {
  if (hopeless_ || unclosed_) return false;
  for (uint32_t token = position_; tokens_[token].kind != Kind::end; ++token) {
    if (tokens_[token].starts_statement && token != statement_start_) return false;
    if (tokens_[token].kind == Kind::right_brace) return false;
    if (tokens_[token].kind == Kind::left_brace) {
      position_ = token;
      failed_ = false;
      return true;
    }
    if (closing_[token]) token = closing_[token];
  }
  return false;
}

}  // namespace netc
