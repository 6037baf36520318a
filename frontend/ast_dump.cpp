#include "frontend/ast_dump.h"

#include <fmt/format.h>

#include <utility>

namespace netc {

namespace {

class Dumper {
 public:
  void dump(const ast::File& file) {
    for (const ast::Decl& decl : file.declarations)
      std::visit([&](const auto& node) { show(node); }, decl.node);
  }

  std::string take() { return std::move(text_); }

 private:
  /// Lines written while it lives are one level deeper.
  struct Deeper {
    explicit Deeper(Dumper& dumper) : dumper_(dumper) { ++dumper_.depth_; }
    ~Deeper() { --dumper_.depth_; }
    Dumper& dumper_;
  };

  template <typename... Args>
  void line(fmt::format_string<Args...> words, Args&&... args) {
    text_.append(2 * depth_, ' ');
    text_ += std::exchange(label_, "");
    text_ += fmt::format(words, std::forward<Args>(args)...);
    text_ += '\n';
  }

  /// The node as a child; the label stands before it on its line.
  void child(const ast::Expr* expr, std::string label = "") {
    if (!expr) return;
    Deeper deeper(*this);
    label_ = std::move(label);
    std::visit([&](const auto& node) { show(node); }, expr->node);
  }
  void children(const std::vector<const ast::Expr*>& exprs) {
    for (const ast::Expr* expr : exprs) child(expr);
  }
  void child(const ast::Block& block, std::string_view label) {
    Deeper deeper(*this);
    line("{}", label);
    Deeper inner(*this);
    for (const ast::Stmt& stmt : block.statements)
      std::visit([&](const auto& node) { show(node); }, stmt.node);
  }
  void child(const ast::Type& type) {
    Deeper deeper(*this);
    line("type");
    for (const ast::TypeAlternative& alternative : type.alternatives) show(alternative);
  }

  void show(const ast::Number& node) {
    if (node.is_integer)
      line("integer {}", node.integer);
    else
      line("float {}", node.value);
  }
  void show(const ast::String& node) { line("string {}", quoted(node.value)); }
  void show(const ast::Boolean& node) { line("{}", node.value); }
  void show(const ast::NameRef& node) { line("name {}", node.text); }
  void show(const ast::Rest&) { line(".."); }
  void show(const ast::List& node) { line("list"), children(node.items); }
  void show(const ast::Unary& node) { line("unary {}", ast::symbol(node.op)), child(node.operand); }
  void show(const ast::Binary& node) {
    line("binary {}", ast::symbol(node.op)), child(node.left), child(node.right);
  }
  void show(const ast::Conditional& node) {
    line("if"), child(node.condition), child(node.then_value, "then "),
        child(node.else_value, "else ");
  }
  void show(const ast::Range& node) { line("range"), child(node.from), child(node.to); }
  void show(const ast::Call& node) {
    line("call"), child(node.callee, "callee "), child(node.piped, "piped ");
    for (const ast::Argument& argument : node.arguments)
      child(argument.value, argument.name ? fmt::format("{}: ", argument.name->text) : "");
    if (node.as) child(*node.as, "as");
  }
  void show(const ast::Index& node) {
    line("index"), child(node.base);
    for (const ast::Subscript& subscript : node.subscripts) {
      Deeper deeper(*this);
      if (subscript.kind == ast::Subscript::Kind::rest) line("subscript ..");
      if (subscript.kind == ast::Subscript::Kind::slice) line("subscript slice");
      if (subscript.kind == ast::Subscript::Kind::value) line("subscript");
      child(subscript.value), child(subscript.to, "to "), child(subscript.step, "step ");
    }
  }
  void show(const ast::Field& node) { line("field {}", node.name.text), child(node.base); }
  void show(const ast::Otherwise& node) {
    line("read-or-else"), child(node.read), child(node.value);
  }
  void show(const ast::Reduction& node) {
    line("reduction {}", ast::symbol(node.op)), binders(node.indices), child(node.body);
  }
  void show(const ast::Scan& node) {
    line("scan");
    for (const ast::ScanSource& each : node.sources)
      child(each.source, fmt::format("{} in ", each.variable.text));
    child(node.axis, "axis "), child(*node.body, "body");
  }
  void binders(const std::vector<ast::IndexBinder>& binders) {
    Deeper deeper(*this);
    for (const ast::IndexBinder& binder : binders)
      line("index {}", binder.name.text), child(binder.size, "size ");
  }
  void child(const ast::InstanceName& name, std::string_view label) {
    Deeper deeper(*this);
    line("{} {}", label, name.base.text), children(name.subscripts);
  }

  void show(const ast::TypeAlternative& type) {
    static constexpr std::string_view names[] = {"int", "float", "bool", "string", "list"};
    Deeper deeper(*this);
    if (type.kind != ast::TypeAlternative::Kind::tensor)
      return line("{}", names[static_cast<size_t>(type.kind)]);
    line("tensor{}{}",
         type.element       ? " "
         : type.any_integer ? " int"
                            : "",
         type.element ? name(*type.element) : "");
    children(type.dims);
  }

  void show(const ast::Const& node) { line("const {}", node.name.text), child(node.value); }
  void show(const ast::Bind& node) {
    std::string names;
    for (const ast::Name& name : node.names) names += fmt::format(" {}", name.text);
    line("bind{}", names), child(node.value);
  }
  void show(const ast::Define& node) {
    line("define {}", node.name.text), binders(node.indices), child(node.value);
  }
  void show(const ast::Update& node) { line("update {}", node.name.text), child(node.value); }
  void show(const ast::Param& node) {
    line("param {}", node.name.text), child(node.type), child(node.init, "init ");
  }
  void show(const ast::State& node) {
    line("state {}", node.name.text);
    if (node.type) child(*node.type);
    child(node.init, "init ");
  }
  void show(const ast::Let& node) { line("let"), child(node.name, "instance"), child(node.value); }
  void show(const ast::For& node) {
    line("for {}", node.name.text), child(node.range), child(node.body, "body");
  }
  void show(const ast::If& node) {
    line("if");
    for (const ast::If::Branch& branch : node.branches)
      child(branch.condition), child(branch.body, "then");
    if (node.otherwise) child(*node.otherwise, "else");
  }
  void show(const ast::Require& node) {
    line("require"), child(node.condition);
    for (const ast::MessagePart& part : node.message) {
      Deeper deeper(*this);
      line("message{}", part.value ? "" : " " + quoted(part.text)), child(part.value);
    }
  }
  void show(const ast::Return& node) { line("return"), children(node.values); }
  void show(const ast::Yield& node) { line("yield"), children(node.values); }
  void show(const ast::ScanStatement& node) { line("statement"), child(node.scan); }
  void show(const ast::Input& node) { line("input {}", node.name.text), child(node.type); }
  void show(const ast::Output& node) { line("output {}", node.name.text), child(node.value); }
  void show(const ast::Loss& node) { line("loss"), child(node.value); }
  void show(const ast::Metric& node) { line("metric {}", node.name.text), child(node.value); }

  void show(const ast::Use& node) { line("use {}", quoted(node.path)); }
  void show(const ast::Function& node) {
    static constexpr std::string_view words[] = {"fn", "layer", "optimizer"};
    line("{} {}", words[static_cast<size_t>(node.kind)], node.name.text);
    for (const ast::Parameter& parameter : node.parameters) {
      Deeper deeper(*this);
      line("parameter {}", parameter.name.text), child(parameter.type);
      child(parameter.default_value, "default ");
    }
    for (const ast::Type& result : node.results) child(result);
    child(node.body, "body");
  }
  void show(const ast::Model& node) { line("model {}", node.name.text), child(node.body, "body"); }
  void show(const ast::Train& node) {
    line("train {}", node.model.text);
    Deeper deeper(*this);
    for (const ast::TrainItem& item : node.items)
      std::visit([&](const auto& inner) { show(inner); }, item.node);
  }
  void show(const ast::DataBlock& node) {
    line("{}", node.validation ? "validation" : "data");
    for (const ast::Source& source : node.sources)
      child(source.value, fmt::format("{} = ", source.input.text));
  }
  void show(const ast::Setting& node) {
    line("setting {}", node.name.text), child(node.value), child(node.on, "on ");
  }

  static std::string quoted(std::string_view text) {
    std::string shown = "\"";
    for (char c : text) {
      if (c == '\n') {
        shown += "\\n";
      } else {
        if (c == '"' || c == '\\') shown += '\\';
        shown += c;
      }
    }
    return shown + '"';
  }

  std::string text_;
  std::string label_;
  size_t depth_ = 0;
};

}  // namespace

std::string dump_ast(const ast::File& file) {
  Dumper dumper;
  dumper.dump(file);
  return dumper.take();
}

}  // namespace netc
