// The reading position of the graph parser. After the first failure it stands at the end, so that
// every rule unwinds without asking; one graph reports one error.
#pragma once

#include <utility>
#include <vector>

#include "ir/lexer.h"
#include "ir/support/diagnostics.h"

namespace netc {

class ParseCursor {
 public:
  ParseCursor(std::vector<Token> tokens, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), diagnostics_(diagnostics) {}

  const Token& peek(size_t ahead = 0) const {
    return failed_ ? tokens_.back() : tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool at_end() const { return peek().kind == TokenKind::end; }
  bool failed() const { return failed_; }

  Token take() {
    const Token token = peek();
    if (!failed_ && at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  /// Takes the token if it is this word or symbol.
  bool accept(std::string_view text) {
    if (!peek().is(text)) return false;
    take();
    return true;
  }
  /// Takes a token that must be this word or symbol, or of this kind; `what` says it in words.
  Token expect(std::string_view text) {
    if (!peek().is(text)) fail_expecting(fmt::format("`{}`", text));
    return take();
  }
  Token expect(TokenKind kind, std::string_view what) {
    if (peek().kind != kind) fail_expecting(what);
    return take();
  }

  template <typename... Args>
  void fail(SourceRange range, fmt::format_string<Args...> text, Args&&... args) {
    if (failed_) return;
    diagnostics_.error(Code::graph_syntax, range, text, std::forward<Args>(args)...);
    failed_ = true;
  }
  void fail_expecting(std::string_view what) {
    const Token token = peek();
    const std::string_view seen = token.kind == TokenKind::end ? "the end of the text" : token.text;
    const std::string_view quote = token.kind == TokenKind::end ? "" : "`";
    fail(token.range, "expected {}, found {}{}{}", what, quote, seen.substr(0, 40), quote);
  }

  /// Goes on at the next graph after a failure.
  void recover() {
    failed_ = false;
    do take();
    while (!at_end() && !(peek().is("graph") && peek(1).kind == TokenKind::variable));
  }

 private:
  std::vector<Token> tokens_;
  Diagnostics& diagnostics_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace netc
