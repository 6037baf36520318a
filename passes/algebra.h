// Algebra on scalar expressions: nodes are built in the simplest form that has the same value for
// every operand, NaN, infinities and the sign of zero included.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ir/expr.h"

namespace netc {

/// An application of `function`, simplified. Operands are taken to be simplified already.
ExprId apply_simplified(ExprBuilder& builder, Function function, std::vector<ExprId> args);

/// A conversion, simplified.
ExprId convert_simplified(ExprBuilder& builder, ExprId value, DType type);

/// Whether a node is the constant 0, of either sign.
bool is_zero(const ExprDag& dag, ExprId node);
/// Whether a node is the constant 0 that memory has when all its bits are: not -0.
bool is_positive_zero(const ExprDag& dag, ExprId node);

/// An integer expression as an affine value, if it is one.
std::optional<Affine> affine_of(const ExprDag& dag, ExprId node);
/// Of a constant, an index or the batch.
std::optional<Affine> affine_leaf(const Expr& expr);
/// Of an application whose operands have these values. None of its numbers are so large that
/// products of them leave 64 bits, where integers wrap and affine values do not.
std::optional<Affine> affine_application(
    const Expr& expr, const std::function<std::optional<Affine>(ExprId)>& value_of);
bool is_huge(const Affine& affine);

/// What becomes of a read, an index or the batch in a rewritten expression. The operands of `expr`
/// (gathers and `otherwise`) are nodes of the new expression already; the result is one as well.
using RewriteLeaf = CopyNode;

/// What becomes of an application that has been rebuilt: itself, or an equal node.
using RewriteApplication = std::function<ExprId(ExprId node)>;

/// Rebuilds `root` of `from` in `to`, simplified.
ExprId rewrite(const ExprDag& from, ExprId root, ExprBuilder& to, const RewriteLeaf& leaf,
               const RewriteApplication& application = {});

}  // namespace netc
