// Declarations, and the settings of a `train` block.
#include <map>

#include "frontend/parser_state.h"

namespace netc {

namespace {

const std::vector<std::string>& declaration_words() {
  static const std::vector<std::string> words = {"use",       "const", "fn",   "layer",
                                                 "optimizer", "model", "train"};
  return words;
}

}  // namespace

// file := declaration*
void Parser::parse_file() {
  while (true) {
    statement_start_ = position_;
    if (at(Kind::end)) return;
    declaration();
    if (hopeless_) return;
    if (unclosed_) {
      unclosed_ = failed_ = false;
    } else if (failed_) {
      recover();
      while (tokens_[position_].kind == Kind::right_brace) advance();
    }
  }
}

void Parser::declaration() {
  uint32_t first = position_;
  ast::Decl::Node node = declaration_node();
  SourceRange range = range_from(first);
  end_statement();
  if (!failed_) file_.declarations.push_back({range, std::move(node)});
}

// declaration := use | const | function | model | train
ast::Decl::Node Parser::declaration_node() {
  if (at(Kind::name) && kind_after(1) != Kind::assign) {
    std::string_view word = text();
    if (word == "use") return use();
    if (word == "const") return const_binding();
    if (word == "fn") return function(ast::Function::Kind::fn);
    if (word == "layer") return function(ast::Function::Kind::layer);
    if (word == "optimizer") return function(ast::Function::Kind::optimizer);
    if (word == "train") return train();
    if (word == "model") {
      advance();
      ast::Name name = expect_name("the model");
      return ast::Model{name, block({Place::model})};
    }
  }
  lost_declaration();
  return ast::Use{};
}

/// Reports what stands where only a declaration can.
void Parser::lost_declaration() {
  if (at(Kind::right_brace)) {
    fail_expected("a declaration").note({}, "no block is open here");
    advance();
    return;
  }
  bool binding = at(Kind::name) && kind_after(1) == Kind::assign;
  std::string word(text());
  std::string near = at(Kind::name) && !binding ? nearest(word, declaration_words()) : "";
  Diagnostic& made = fail_expected("a declaration");
  if (binding)
    made.help("outside of a body, write `const {} = ...`", word);
  else if (!near.empty())
    made.help("did you mean `{}`?", near);
  else
    made.help("a file holds `use`, `const`, `fn`, `layer`, `optimizer`, `model` and `train`");
}

/// Whether a declaration begins here, where a block should have ended: its word and a name, and a
/// block before the statement ends.
bool Parser::declaration_follows() const {
  if (!at(Kind::name)) return false;
  std::string_view word = text();
  if (word == "use") return kind_after(1) == Kind::string;
  bool opens =
      word == "fn" || word == "layer" || word == "optimizer" || word == "model" || word == "train";
  if (!opens || kind_after(1) != Kind::name) return false;
  for (uint32_t token = position_ + 1; tokens_[token].kind != Kind::end; ++token) {
    if (tokens_[token].kind == Kind::left_brace) return true;
    if (tokens_[token].starts_statement || tokens_[token].kind == Kind::right_brace) return false;
    if (closing_[token]) token = closing_[token];
  }
  return false;
}

void Parser::unclosed_before_declaration() {
  fail(Code::unclosed_bracket, here(),
       fmt::format("expected `}}` before the next declaration, found `{}`", text()))
      .label(range(open_block_), "opened here");
  unclosed_ = true;
}

// use := 'use' STRING
ast::Use Parser::use() {
  advance();
  if (!at(Kind::string)) {
    fail_expected("the path of a file, a string");
    return {};
  }
  const ast::Expr* path = string();
  return {path->as<ast::String>()->value, path->range};
}

// function := ('fn' | 'layer') NAME parameters '->' (type | '(' type,+ ')') block
//           | 'optimizer' NAME parameters? block
// parameters := '(' parameter,* ')'
ast::Function Parser::function(ast::Function::Kind which) {
  bool optimizer = which == ast::Function::Kind::optimizer;
  ast::Function function;
  function.kind = which;
  std::string word(text());
  advance();
  function.name = expect_bindable(fmt::format("the {}", word == "fn" ? "function" : word));
  uint32_t opening = position_;
  if (!optimizer || at(Kind::left_paren)) {
    expect(Kind::left_paren);
    comma_list(Kind::right_paren, opening, [&] { function.parameters.push_back(parameter()); });
    check_parameters(function);
  }
  if (!optimizer) result_types(function);
  function.body = block({optimizer                             ? Place::optimizer
                         : which == ast::Function::Kind::layer ? Place::layer
                                                               : Place::fn});
  return function;
}

void Parser::check_parameters(const ast::Function& function) {
  std::map<std::string_view, SourceRange> first;
  for (const ast::Parameter& parameter : function.parameters) {
    const auto [place, fresh] = first.emplace(parameter.name.text, parameter.name.range);
    if (!fresh)
      report(Code::duplicate_name, parameter.name.range,
             fmt::format("`{}` has two parameters called `{}`", function.name.text,
                         parameter.name.text))
          .label(place->second, "first here");
  }
}

void Parser::result_types(ast::Function& function) {
  if (!at(Kind::right_arrow))
    fail_expected("`->`").help("the type of the result follows the parameters: `-> [..]`");
  expect(Kind::right_arrow);
  uint32_t opening = position_;
  if (!accept(Kind::left_paren)) {
    function.results.push_back(type());
    return;
  }
  comma_list(Kind::right_paren, opening, [&] { function.results.push_back(type()); });
}

// parameter := NAME ':' type ('=' expr)?
ast::Parameter Parser::parameter() {
  ast::Parameter parameter;
  parameter.name = expect_bindable("a parameter");
  if (!at(Kind::colon))
    fail_expected("`:` and a type").help("a parameter has a type: `{}: [..]`", parameter.name.text);
  expect(Kind::colon);
  parameter.type = type();
  if (accept(Kind::assign)) parameter.default_value = expression();
  return parameter;
}

// train := 'train' NAME '{' item* '}'
ast::Train Parser::train() {
  ast::Train train;
  advance();
  train.model = expect_name("the model to train");
  train.body_range = braced([&] {
    if (auto item = train_item()) train.items.push_back(std::move(*item));
  });
  return train;
}

// item := ('data' | 'validation') '{' source* '}' | const | NAME expr ('on' expr)?
std::optional<ast::TrainItem> Parser::train_item() {
  uint32_t first = position_;
  ast::TrainItem item;
  if ((at_word("data") || at_word("validation")) && kind_after(1) == Kind::left_brace) {
    item.node = data_block();
  } else if (at_word("const") && kind_after(1) == Kind::name) {
    item.node = const_binding();
  } else if (declaration_follows()) {
    unclosed_before_declaration();
  } else {
    ast::Setting setting;
    setting.name = expect_name("a setting");
    if (at(Kind::assign) || at(Kind::colon))
      fail_expected(fmt::format("the value of `{}`", setting.name.text))
          .help("a setting is a word and a value: `batch 32`");
    setting.value = expression();
    if (at_word("on")) {
      advance();
      setting.on = expression();
    }
    item.node = setting;
  }
  item.range = range_from(first);
  end_statement();
  if (failed_) return std::nullopt;
  return item;
}

// source := NAME '=' expr
ast::DataBlock Parser::data_block() {
  ast::DataBlock data;
  data.validation = at_word("validation");
  advance();
  data.body_range = braced([&] {
    ast::Source source;
    source.input = expect_name("an input");
    expect(Kind::assign);
    source.value = expression();
    end_statement();
    if (!failed_) data.sources.push_back(source);
  });
  return data;
}

}  // namespace netc
