// Layout of expressions, types and what else fits into a statement.
#pragma once

#include "frontend/ast.h"
#include "frontend/layout.h"

namespace netc {

class ExprFormatter {
 public:
  ExprFormatter(Layout& layout, const SourceMap& sources) : layout_(layout), sources_(sources) {}
  virtual ~ExprFormatter() = default;

  DocId expression(const ast::Expr& expr);
  DocId type(const ast::Type& type);
  DocId instance(const ast::InstanceName& instance);
  DocId binders(const std::vector<ast::IndexBinder>& binders);
  /// `open`, the items as many on a line as fit, aligned, `close`.
  DocId bracketed(std::string_view open, std::vector<DocId> items, std::string_view close);
  DocId text(std::string_view words) { return layout_.text(std::string(words)); }
  DocId source(SourceRange range) { return text(sources_.text(range)); }

  /// A block has statements and comments, which are laid out elsewhere.
  virtual DocId block(const ast::Block& block) = 0;

 protected:
  DocId concat(std::vector<DocId> parts) { return layout_.concat(std::move(parts)); }

  Layout& layout_;
  const SourceMap& sources_;

 private:
  DocId node(const ast::Expr& expr);
  DocId chain(const ast::Binary& binary);
  DocId pipeline(const ast::Expr& last);
  DocId applied(const ast::Call& call);
  DocId conditional(const ast::Conditional& conditional);
  DocId subscript(const ast::Subscript& subscript);
  DocId scan(const ast::Scan& scan);
  std::vector<DocId> expressions(const std::vector<const ast::Expr*>& exprs);
};

}  // namespace netc
