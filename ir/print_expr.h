// Prints the expressions of one definition. Nodes used more than once become `let` lines.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// A number as the text has it: the shortest decimal that reads back as the same double.
std::string number_text(double value);

class ExprPrinter {
 public:
  /// With `share`, nodes used more than once, or nested too deep to be read back, get a name;
  /// without, they are written out at each use.
  ExprPrinter(const Graph& graph, const Definition& definition, bool share);

  /// The name under which an index is printed: its own, unless that clashes.
  const std::string& index_name(IndexId index) const { return index_names_[index.index]; }

  /// The `let` lines, in order, each without its semicolon.
  std::vector<std::string> lets();

  /// An expression, in parentheses if it binds looser than `level`. `typed` says that its context
  /// gives the type of its constants.
  std::string text(ExprId node, int level, bool typed);

  /// Subscripts with their brackets; nothing for rank 0.
  std::string subscripts(const std::vector<Subscript>& subscripts);

  /// Whether the text of the node tells its type without help from its context.
  bool tells_type(ExprId node) const { return tells_type_[node.index]; }

  /// Indices in the order in which they were first written since the last call.
  std::vector<IndexId> take_mentioned();

 private:
  void name_indices();
  void choose_lets(const std::vector<ExprId>& nodes, const std::vector<int>& uses);
  std::string written(ExprId node, int level, bool typed);
  std::string constant(const Expr& expr, int level, bool typed);
  std::string read(const Expr& expr);
  std::string apply(const Expr& expr, int level, bool typed);
  std::string subscript(const Subscript& subscript);
  std::string data(ExprId node);
  const std::string& mention(IndexId index);

  const Graph& graph_;
  const Definition& definition_;
  std::vector<std::string> index_names_;
  std::vector<std::string> let_names_;  ///< by node; empty: written where it is used
  std::vector<bool> tells_type_;        ///< by node
  std::vector<IndexId> mentioned_;
};

}  // namespace netc
