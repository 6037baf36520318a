// Operations as equations.
#pragma once

#include "tools/explain/formula_writer.h"

namespace netc::explain {

/// An operation with a result, as it stands.
Equation equation_of(const Graph& graph, const Op& op, const SymbolOf& symbol);

/// The same without subscripts where it works element by element.
Equation elementwise_equation(const Graph& graph, const Op& op, const SymbolOf& symbol);

/// What a gradient's definition is about.
struct GradientAbout {
  std::function<bool(ValueId)> is_gradient;
  /// The derivative that a factor of this incoming gradient is: `sigmoid'(y)`; empty: it is none.
  std::function<Formula(ValueId incoming)> derivative;
  bool of_parameter = false;
};

/// The definition of a gradient, with what it multiplies other gradients by.
Equation gradient_equation(const Graph& graph, const Op& op, const SymbolOf& symbol,
                           const GradientAbout& about);

}  // namespace netc::explain
