// Writes the expressions of one definition as formulas for people: without the conversions and
// types that the IR's own text needs to be read back.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "tools/explain/formula.h"

namespace netc::explain {

using SymbolOf = std::function<Symbol(ValueId)>;

class FormulaWriter {
 public:
  /// `with_subscripts` is false for what is meant element by element. Both references are kept.
  FormulaWriter(const Graph& graph, const Definition& definition, SymbolOf symbol,
                bool with_subscripts = true);

  /// Names what these expressions use more than once; `where` defines the names.
  void share(const std::vector<ExprId>& roots);
  std::vector<std::pair<Formula, Formula>> where();

  /// The tensor with the positions that are written.
  Formula target(ValueId result);
  /// `sum[i, j: 3]`, with the ranges that nothing else tells.
  Piece reduction();
  /// An expression, in parentheses if it binds looser than `level`.
  Formula expression(ExprId node, int level);

 private:
  Formula written(ExprId node, int level);
  Formula read(const Expr& expr);
  Formula application(const Expr& expr, int level);
  Formula call(const Expr& expr);
  Formula choice(const Expr& expr, int level);
  Formula subscript(const Subscript& subscript);
  std::vector<Formula> subscripts(const std::vector<Subscript>& subscripts);
  ExprId without_conversion(ExprId node) const;

  const Graph& graph_;
  const Definition& definition_;
  SymbolOf symbol_;
  bool with_subscripts_;
  std::vector<std::string> index_names_;
  std::vector<std::string> letters_;  ///< by node; empty: written where it is used
};

/// Whether a definition works element by element: it reads every tensor at the point that it
/// writes, or as a scalar.
bool is_elementwise(const Graph& graph, const Definition& definition);

}  // namespace netc::explain
