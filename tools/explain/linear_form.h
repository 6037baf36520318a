// What an expression does with the gradients that it reads.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ir/expr.h"

namespace netc::explain {

/// A gradient that is read, and what it is multiplied by.
struct LinearTerm {
  ExprId incoming;
  ExprId factor;
};

/// The expression as a sum of terms, each a gradient times a factor that reads no gradient; nothing
/// if it is no such sum. Factors are nodes of the same DAG.
std::optional<std::vector<LinearTerm>> linear_form(ExprDag& dag, ExprId root,
                                                   const std::function<bool(ValueId)>& is_gradient);

}  // namespace netc::explain
