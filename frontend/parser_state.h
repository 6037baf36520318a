// The parser's state: where it stands in the tokens, and how it goes on after an error.
//
// After an error the parser is `failed_`: every look at the next token sees the end of the file,
// so that all open rules return, silently. `recover` then goes to the next statement. Expressions
// of a failed rule are dummies; since a file with errors has no tree, nobody sees them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "frontend/lexer.h"
#include "frontend/parser.h"

namespace netc {

class Parser {
 public:
  Parser(const SourceMap& sources, LexedFile tokens, ast::File& file, Diagnostics& diagnostics);

  void parse_file();

 private:
  using Kind = TokenKind;

  /// What may stand in a block.
  enum class Place : uint8_t { fn, layer, optimizer, model };
  struct BlockContext {
    Place place{};
    bool in_scan = false;
  };

  /// Counts how deep rules stand in each other.
  struct Nested {
    explicit Nested(Parser& parser);
    ~Nested() { --parser_.depth_; }
    Parser& parser_;
  };

  // parser_state.cpp: tokens
  Kind kind() const;
  Kind kind_after(uint32_t ahead) const;
  std::string_view text() const { return text(position_); }
  std::string_view text(uint32_t token) const;
  SourceRange range(uint32_t token) const;
  SourceRange here() const { return range(position_); }
  SourceRange range_from(uint32_t first_token) const;
  bool at(Kind kind) const { return this->kind() == kind; }
  bool at_word(std::string_view word) const { return at(Kind::name) && text() == word; }
  void advance() { ++position_; }
  bool accept(Kind kind);
  void expect(Kind kind);
  void expect_closing(Kind kind, uint32_t opening);
  ast::Name expect_name(std::string_view what);
  ast::Name expect_bindable(std::string_view what);
  std::string_view intern(std::string text);

  // parser_state.cpp: errors
  Diagnostic& report(Code code, SourceRange range, std::string message);
  Diagnostic& fail(Code code, SourceRange range, std::string message);
  Diagnostic& fail_expected(std::string_view expected);
  std::string describe_token() const;
  SourceRange found_range() const;
  void recover();
  bool find_block();

  // parser_expr.cpp
  const ast::Expr* make(SourceRange range, ast::Expr::Node node);
  const ast::Expr* parenthesise(const ast::Expr* inner, SourceRange range);
  const ast::Expr* expression();
  const ast::Expr* range_or_expression();
  const ast::Expr* conditional();
  const ast::Expr* pipe();
  const ast::Expr* pipe_target(const ast::Expr* piped);
  const ast::Expr* binary(int loosest);
  const ast::Expr* product();
  const ast::Expr* prefix(int loosest);
  const ast::Expr* unary();
  const ast::Expr* power();

  // parser_postfix.cpp
  const ast::Expr* postfix();
  const ast::Expr* index(const ast::Expr* base);
  const ast::Expr* field(const ast::Expr* base);
  const ast::Expr* call(const ast::Expr* callee);
  void arguments(ast::Call& call);
  void check_callee(const ast::Expr* callee);
  const ast::InstanceName* instance_after_as();
  ast::InstanceName instance_name();
  ast::Subscript subscript();

  // parser_primary.cpp
  const ast::Expr* primary();
  const ast::Expr* number();
  const ast::Expr* string();
  const ast::Expr* name_reference();
  const ast::Expr* parenthesised();
  const ast::Expr* list();
  const ast::Expr* list_item();
  const ast::Expr* reduction();
  const ast::Expr* scan();
  std::vector<ast::IndexBinder> index_binders();

  // parser_type.cpp
  ast::Type type();
  ast::TypeAlternative type_alternative();
  void tensor_dims(ast::TypeAlternative& alternative);
  void check_single_rest(bool& seen);

  // parser_stmt.cpp
  ast::Block block(BlockContext context);
  void statement(std::vector<ast::Stmt>& into);
  ast::Stmt::Node statement_node();
  void end_statement();
  bool opens_statement() const;
  bool definition_follows() const;
  bool tuple_follows() const;
  ast::Stmt::Node worded_statement(std::string_view word);
  ast::Stmt::Node name_statement();
  ast::Stmt::Node tuple_binding();
  ast::Stmt::Node lone_expression();
  ast::Stmt::Node for_statement();
  ast::Stmt::Node if_statement();
  ast::Stmt::Node let_statement();
  ast::Stmt::Node param_statement();
  ast::Stmt::Node state_statement();
  ast::Const const_binding();
  const ast::Expr* initialiser();
  std::vector<const ast::Expr*> returned_values();
  void check_place(std::string_view word, bool allowed, std::string_view where);

  // parser_message.cpp
  ast::Stmt::Node require_statement();
  std::vector<ast::MessagePart> message();
  const ast::Expr* embedded_expression(SourceRange inside);

  // parser_decl.cpp
  void declaration();
  ast::Decl::Node declaration_node();
  ast::Use use();
  ast::Function function(ast::Function::Kind kind);
  ast::Parameter parameter();
  ast::Train train();
  std::optional<ast::TrainItem> train_item();
  ast::DataBlock data_block();
  void lost_declaration();
  bool declaration_follows() const;
  void unclosed_before_declaration();
  void check_parameters(const ast::Function& function);
  void result_types(ast::Function& function);

  /// Parses items up to a closing bracket; a comma may end the last.
  template <typename Item>
  void comma_list(Kind closing, uint32_t opening, Item item) {
    while (!at(closing) && !at(Kind::end) && !at(Kind::line_end)) {
      item();
      if (!accept(Kind::comma)) break;
    }
    expect_closing(closing, opening);
  }

  /// '{' item* '}': after an error in an item, goes on with the next. Returns the range.
  template <typename Item>
  SourceRange braced(Item item) {
    Nested nested(*this);
    if (!at(Kind::left_brace)) {
      fail_expected("`{`");
      if (!find_block()) return {};
    }
    uint32_t opening = position_;
    uint32_t around = std::exchange(open_block_, opening);
    advance();
    while (true) {
      statement_start_ = position_;
      if (at(Kind::right_brace) || at(Kind::end)) break;
      item();
      if (hopeless_ || unclosed_) return {};
      if (failed_) recover();
    }
    expect_closing(Kind::right_brace, opening);
    unclosed_ = failed_;
    open_block_ = around;
    return range_from(opening);
  }

  const SourceMap& sources_;
  std::vector<Token> tokens_;
  std::vector<uint32_t> closing_;  ///< as in LexedFile
  ast::File& file_;
  FileId id_;
  Diagnostics& diagnostics_;
  Diagnostic ignored_;  ///< takes the chained words of reports that are not made

  uint32_t position_ = 0;
  uint32_t statement_start_ = 0;  ///< the token whose `starts_statement` is behind us
  uint32_t open_block_ = 0;       ///< the `{` of the innermost open block
  int depth_ = 0;
  BlockContext context_;
  bool embedded_ = false;  ///< reads what stands in the braces of a message
  int errors_ = 0;
  int statements_ = 0;
  bool failed_ = false;
  bool hopeless_ = false;  ///< nothing after this error would be worth reading
  bool unclosed_ = false;  ///< a block lacks its `}`: all that are open end here
};

}  // namespace netc
