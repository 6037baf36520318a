// Layout of blocks and declarations, and where comments go: one on a line of its own stays before
// what follows it, one behind a statement or a `{` stays there, and one inside of a statement moves
// before it.
#include "frontend/format.h"

#include <algorithm>

#include "frontend/format_expr.h"

namespace netc {

namespace {

constexpr int page_width = 100;

class Formatter : public ExprFormatter {
 public:
  Formatter(Layout& layout, const ast::File& file, const SourceMap& sources)
      : ExprFormatter(layout, sources), file_(file), source_(sources.text(file.id)) {}

  DocId file() {
    Lines lines;
    for (const ast::Decl& decl : file_.declarations)
      item(
          lines, decl.range, [&] { return declaration(decl); }, has_block(decl));
    comments_before(lines, static_cast<uint32_t>(source_.size()));
    return joined(lines);
  }

  DocId block(const ast::Block& block) override {
    return braced(block.range, [&](Lines& lines) {
      for (const ast::Stmt& stmt : block.statements)
        item(lines, stmt.range, [&] { return statement(stmt); });
    });
  }

 private:
  /// What stands on lines of its own, with the blank lines between.
  struct Lines {
    struct Entry {
      DocId doc;
      bool blank_before = false;
    };
    std::vector<Entry> entries;
    bool after_block = false;
  };

  static bool has_block(const ast::Decl& decl) {
    return !decl.as<ast::Use>() && !decl.as<ast::Const>();
  }

  const ast::Comment* next_comment(uint32_t before) const {
    bool there =
        next_comment_ < file_.comments.size() && file_.comments[next_comment_].range.begin < before;
    return there ? &file_.comments[next_comment_] : nullptr;
  }

  bool blank_line_before(uint32_t offset) const {
    std::string_view before = source_.substr(0, offset);
    size_t last = before.find_last_not_of(" \t\r\n");
    std::string_view gap = before.substr(last == before.npos ? 0 : last + 1);
    return std::count(gap.begin(), gap.end(), '\n') > 1;
  }

  void comments_before(Lines& lines, uint32_t offset) {
    while (const ast::Comment* comment = next_comment(offset)) {
      ++next_comment_;
      lines.entries.push_back({source(comment->range), blank_line_before(comment->range.begin)});
    }
  }

  /// The comment that stands on the same line right behind `end`, with nothing between.
  DocId trailing_comment(uint32_t end) {
    const ast::Comment* comment = next_comment(static_cast<uint32_t>(source_.size()));
    if (!comment || comment->range.begin < end) return text("");
    std::string_view gap = source_.substr(end, comment->range.begin - end);
    if (gap.find_first_not_of(" \t") != gap.npos) return text("");
    ++next_comment_;
    return layout_.unmeasured("  " + std::string(sources_.text(comment->range)));
  }

  template <typename Build>
  void item(Lines& lines, SourceRange range, Build build, bool is_block = false) {
    size_t first = lines.entries.size();
    comments_before(lines, range.begin);
    bool blank = blank_line_before(range.begin);
    DocId doc = build();
    comments_before(lines, range.end);
    doc = concat({doc, trailing_comment(range.end)});
    lines.entries.push_back({doc, blank});
    if (is_block || lines.after_block) lines.entries[first].blank_before = true;
    lines.after_block = is_block;
  }

  DocId joined(const Lines& lines) {
    std::vector<DocId> parts;
    for (const auto& [doc, blank_before] : lines.entries) {
      if (!parts.empty()) parts.push_back(layout_.hard_line());
      if (!parts.empty() && blank_before) parts.push_back(layout_.hard_line());
      parts.push_back(doc);
    }
    return concat(std::move(parts));
  }

  template <typename Fill>
  DocId braced(SourceRange range, Fill fill) {
    Lines lines;
    size_t comments_taken = next_comment_;
    DocId behind_brace = trailing_comment(range.begin + 1);
    bool comment_behind = next_comment_ > comments_taken;
    fill(lines);
    comments_before(lines, range.end);
    if (lines.entries.empty() && !comment_behind) return text("{}");
    DocId inner = lines.entries.empty() ? text("") : concat({layout_.hard_line(), joined(lines)});
    return concat({text("{"), behind_brace, layout_.indent(inner), layout_.hard_line(), text("}")});
  }

  DocId assignment(DocId target, std::string_view arrow, const ast::Expr& value) {
    return concat({target, text(arrow), expression(value)});
  }

  DocId named(std::string_view word, const ast::Name& name, const ast::Expr& value) {
    return assignment(concat({text(word), text(name.text)}), " = ", value);
  }

  DocId typed(std::string_view word, const ast::Name& name, const ast::Type& type_of) {
    return concat({text(word), text(name.text), text(": "), type(type_of)});
  }

  DocId values(std::string_view word, const std::vector<const ast::Expr*>& values) {
    if (values.size() == 1) return concat({text(word), expression(*values[0])});
    std::vector<DocId> docs;
    for (const ast::Expr* value : values) docs.push_back(expression(*value));
    return concat({text(word), bracketed("(", std::move(docs), ")")});
  }

  DocId statement(const ast::Stmt& stmt) {
    return std::visit([&](const auto& node) { return format(node); }, stmt.node);
  }

  DocId format(const ast::Const& node) { return named("const ", node.name, *node.value); }
  DocId format(const ast::Bind& node) {
    std::vector<DocId> names;
    for (const ast::Name& name : node.names) names.push_back(text(name.text));
    DocId target = names.size() == 1 ? names[0] : bracketed("(", std::move(names), ")");
    return assignment(target, " = ", *node.value);
  }
  DocId format(const ast::Define& node) {
    return assignment(concat({text(node.name.text), binders(node.indices)}), " = ", *node.value);
  }
  DocId format(const ast::Update& node) {
    return assignment(text(node.name.text), " <- ", *node.value);
  }
  DocId format(const ast::Param& node) {
    return assignment(typed("param ", node.name, node.type), " init ", *node.init);
  }
  DocId format(const ast::State& node) {
    DocId head = node.type ? typed("state ", node.name, *node.type)
                           : concat({text("state "), text(node.name.text)});
    return assignment(head, " init ", *node.init);
  }
  DocId format(const ast::Let& node) {
    return assignment(concat({text("let "), instance(node.name)}), " = ", *node.value);
  }
  DocId format(const ast::For& node) {
    return concat({text("for "), text(node.name.text), text(" in "), expression(*node.range),
                   text(" "), block(node.body)});
  }
  DocId format(const ast::If& node) {
    std::vector<DocId> parts;
    for (const ast::If::Branch& branch : node.branches) {
      parts.push_back(text(parts.empty() ? "if " : " else if "));
      parts.push_back(expression(*branch.condition));
      parts.push_back(text(" "));
      parts.push_back(block(branch.body));
    }
    if (node.otherwise) {
      parts.push_back(text(" else "));
      parts.push_back(block(*node.otherwise));
    }
    return concat(std::move(parts));
  }
  DocId format(const ast::Require& node) {
    DocId condition = concat({text("require "), expression(*node.condition)});
    if (!node.message_range.valid()) return condition;
    return layout_.group(
        concat({condition, text(","),
                layout_.indent(concat({layout_.line(), source(node.message_range)}))}));
  }
  DocId format(const ast::Return& node) { return values("return ", node.values); }
  DocId format(const ast::Yield& node) { return values("yield ", node.values); }
  DocId format(const ast::ScanStatement& node) { return expression(*node.scan); }
  DocId format(const ast::Input& node) { return typed("input ", node.name, node.type); }
  DocId format(const ast::Output& node) { return named("output ", node.name, *node.value); }
  DocId format(const ast::Loss& node) { return assignment(text("loss"), " ", *node.value); }
  DocId format(const ast::Metric& node) { return named("metric ", node.name, *node.value); }

  DocId declaration(const ast::Decl& decl) {
    return std::visit([&](const auto& node) { return format(node); }, decl.node);
  }

  DocId format(const ast::Use& node) { return concat({text("use "), source(node.path_range)}); }
  DocId format(const ast::Model& node) {
    return concat({text("model "), text(node.name.text), text(" "), block(node.body)});
  }

  DocId format(const ast::Function& node) {
    using Kind = ast::Function::Kind;
    std::string_view word = node.kind == Kind::fn      ? "fn "
                            : node.kind == Kind::layer ? "layer "
                                                       : "optimizer ";
    std::vector<DocId> parts = {text(word), text(node.name.text)};
    std::vector<DocId> parameters;
    for (const ast::Parameter& each : node.parameters) parameters.push_back(parameter(each));
    if (node.kind != Kind::optimizer || !parameters.empty())
      parts.push_back(bracketed("(", std::move(parameters), ")"));
    parts.push_back(results(node.results));
    parts.push_back(text(" "));
    parts.push_back(block(node.body));
    return concat(std::move(parts));
  }

  DocId parameter(const ast::Parameter& node) {
    DocId head = typed("", node.name, node.type);
    return node.default_value ? assignment(head, " = ", *node.default_value) : head;
  }

  DocId results(const std::vector<ast::Type>& results) {
    if (results.empty()) return text("");
    if (results.size() == 1) return concat({text(" -> "), type(results[0])});
    std::vector<DocId> types;
    for (const ast::Type& result : results) types.push_back(type(result));
    return concat({text(" -> "), bracketed("(", std::move(types), ")")});
  }

  DocId format(const ast::Train& node) {
    return concat({text("train "), text(node.model.text), text(" "),
                   braced(node.body_range, [&](Lines& lines) {
                     for (const ast::TrainItem& each : node.items)
                       item(lines, each.range, [&] {
                         return std::visit([&](const auto& inner) { return format(inner); },
                                           each.node);
                       });
                   })});
  }

  DocId format(const ast::DataBlock& node) {
    return concat({text(node.validation ? "validation " : "data "),
                   braced(node.body_range, [&](Lines& lines) {
                     for (const ast::Source& each : node.sources)
                       item(lines, cover(each.input.range, each.value->range),
                            [&] { return named("", each.input, *each.value); });
                   })});
  }

  DocId format(const ast::Setting& node) {
    std::vector<DocId> parts = {text(node.name.text), text(" "), expression(*node.value)};
    if (node.on) {
      parts.push_back(text(" on "));
      parts.push_back(expression(*node.on));
    }
    return concat(std::move(parts));
  }

  const ast::File& file_;
  std::string_view source_;
  size_t next_comment_ = 0;
};

}  // namespace

std::string format(const ast::File& file, const SourceMap& sources) {
  Layout layout;
  DocId whole = Formatter(layout, file, sources).file();
  std::string text = layout.render(whole, page_width);
  text.erase(text.find_last_not_of(" \n") + 1);
  return text.empty() ? text : text + '\n';
}

}  // namespace netc
