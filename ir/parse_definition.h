// Reads definitions: `%z[n, o] = @b[o] + sum[i] %x[n, i] * @w[i, o]`.
#pragma once

#include "ir/graph.h"
#include "ir/parse_expr.h"

namespace netc {

/// dim = integer ["*" "N"] | "N"
Dim parse_dim(ParseCursor& cursor);

/// type = dtype "[" [dim {"," dim}] "]"
TensorType parse_type(ParseCursor& cursor);

/// A definition and the type of its result; what is read after a failure means nothing.
struct ParsedDefinition {
  Definition definition;
  TensorType type;
};

/// The left side of an operation after its result's name: subscripts, type, domain, sign.
struct LeftSide {
  struct IndexSyntax {
    std::string_view name;
    std::optional<Dim> extent;
    SourceRange range;
  };
  SyntaxTree tree;
  std::vector<SyntaxId> target;
  std::vector<std::optional<Dim>> extents;  ///< written in the target: `[n, p: 14]`
  std::optional<TensorType> type;
  std::optional<std::vector<IndexSyntax>> domain;  ///< `for n, q: 14`
  bool accumulate = false;
  SourceRange range;
};

/// left = ["[" position [":" dim] {"," ...} "]"] [":" type] ["for" index {"," index}] ("=" | "+=")
LeftSide parse_left_side(ParseCursor& cursor, const GraphNames& names);

/// right = {"let" name "=" expression ";"} (expression | [base "+"] reduction "[" ... "]" product)
ParsedDefinition parse_right_side(ParseCursor& cursor, const GraphNames& names, const Graph& graph,
                                  LeftSide left);

}  // namespace netc
