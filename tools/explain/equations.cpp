// d.z[n] = d.h[n] * [sigmoid'(z[n])]            a map: the factor is the amplifier
// d.w[i, o] = sum[n] [x[n, i]] * [d.z[n, o]]    a sum: forward times backward pass
#include "tools/explain/equations.h"

#include "ir/inference.h"
#include "tools/explain/linear_form.h"

namespace netc::explain {

namespace {

void append(Formula& to, Formula from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

Piece marked(Mark mark, Formula inner) {
  Piece piece{PieceKind::marked, "", {}, mark, {}};
  piece.parts.push_back(std::move(inner));
  return piece;
}

bool is_number(const ExprDag& dag, ExprId node, double value) {
  return dag[node].kind == ExprKind::constant && is_float(dag[node].type) &&
         dag[node].number == value;
}

Formula base_of(FormulaWriter& writer, const Definition& definition) {
  Formula text;
  if (definition.base.valid()) {
    text = writer.expression(definition.base, level_sum);
    text.push_back(op_piece("+"));
  }
  return text;
}

Formula right_side(FormulaWriter& writer, const Definition& definition) {
  if (definition.reduction == Reduction::none)
    return writer.expression(definition.body, level_loosest);
  Formula text = base_of(writer, definition);
  text.push_back(writer.reduction());
  append(text, writer.expression(definition.body, level_product));
  return text;
}

/// `y = reshape(x)`, `y = concat(a, b)`: for what is no definition.
Equation movement(const Op& op, const SymbolOf& symbol) {
  const auto tensor = [&](ValueId value) {
    return Piece{PieceKind::symbol, "", symbol(value), {}, {}};
  };
  Equation result;
  result.left = {tensor(op.results[0])};
  const bool is_reshape = std::holds_alternative<Reshape>(op.what);
  result.right = {{PieceKind::function, is_reshape ? "reshape" : "concat", {}, {}, {}}};
  for (const ValueId operand : operands(op)) {
    result.right.push_back(text_piece(result.right.size() == 1 ? "(" : ", "));
    result.right.push_back(tensor(operand));
  }
  result.right.push_back(text_piece(")"));
  return result;
}

Equation equation(const Graph& graph, const Op& op, const SymbolOf& symbol, bool with_subscripts) {
  const auto* definition = std::get_if<Definition>(&op.what);
  if (!definition) return movement(op, symbol);
  FormulaWriter writer(graph, *definition, symbol, with_subscripts);
  std::vector<ExprId> roots = {definition->body};
  if (definition->base.valid()) roots.push_back(definition->base);
  writer.share(roots);
  Equation result;
  result.left = writer.target(op.results[0]);
  result.right = right_side(writer, *definition);
  result.accumulates = definition->accumulate;
  result.where = writer.where();
  return result;
}

/// Writes a gradient whose body is a sum of gradients times factors.
class GradientWriter {
 public:
  GradientWriter(const Graph& graph, const Definition& definition, const SymbolOf& symbol,
                 const GradientAbout& about, const std::vector<LinearTerm>& terms)
      : definition_(definition),
        writer_(graph, definition, symbol),
        about_(about),
        terms_(terms),
        is_map_(definition.reduction == Reduction::none) {}

  Equation equation(ValueId result) {
    std::vector<ExprId> roots;
    if (definition_.base.valid()) roots.push_back(definition_.base);
    for (const LinearTerm& term : terms_) roots.push_back(term.factor);
    writer_.share(roots);
    equation_.left = writer_.target(result);
    equation_.accumulates = definition_.accumulate;
    Formula body;
    for (const LinearTerm& term : terms_) add_term(body, term);
    equation_.right = base_of(writer_, definition_);
    if (!is_map_) {
      equation_.right.push_back(writer_.reduction());
      if (terms_.size() > 1) {
        body.insert(body.begin(), text_piece("("));
        body.push_back(text_piece(")"));
      }
    }
    append(equation_.right, std::move(body));
    equation_.where = writer_.where();
    return std::move(equation_);
  }

 private:
  void add_term(Formula& body, const LinearTerm& term) {
    const ExprDag& dag = definition_.dag;
    const bool is_one = is_number(dag, term.factor, 1);
    const bool is_minus_one = is_number(dag, term.factor, -1);
    if (!body.empty()) body.push_back(op_piece(is_minus_one ? "-" : "+"));
    if (body.empty() && is_minus_one) body.push_back(text_piece("-"));
    Formula incoming = writer_.expression(term.incoming, level_product + 1);
    if (is_one || is_minus_one) return append(body, std::move(incoming));
    Formula factor = writer_.expression(term.factor, level_product);
    if (is_map_) {
      note_amplifier(term);
      append(body, std::move(incoming));
      body.push_back(op_piece("*"));
      body.push_back(marked(Mark::amplifier, std::move(factor)));
      return;
    }
    if (!about_.of_parameter || terms_.size() > 1) {
      append(body, std::move(incoming));
      body.push_back(op_piece("*"));
      return append(body, std::move(factor));
    }
    equation_.forward_factor = factor;
    equation_.backward_factor = incoming;
    body.push_back(marked(Mark::forward, std::move(factor)));
    body.push_back(op_piece("*"));
    body.push_back(marked(Mark::backward, std::move(incoming)));
  }

  /// The first amplifier that has a name is told.
  void note_amplifier(const LinearTerm& term) {
    const ExprDag& dag = definition_.dag;
    if (!about_.derivative || !equation_.amplifier.empty() ||
        dag[term.factor].kind == ExprKind::constant)
      return;
    equation_.amplifier = about_.derivative(dag[term.incoming].tensor);
    if (!equation_.amplifier.empty())
      equation_.amplifier_value = writer_.expression(term.factor, level_loosest);
  }

  const Definition& definition_;
  FormulaWriter writer_;
  const GradientAbout& about_;
  const std::vector<LinearTerm>& terms_;
  bool is_map_;
  Equation equation_;
};

}  // namespace

Equation equation_of(const Graph& graph, const Op& op, const SymbolOf& symbol) {
  return equation(graph, op, symbol, true);
}

Equation elementwise_equation(const Graph& graph, const Op& op, const SymbolOf& symbol) {
  const auto* definition = std::get_if<Definition>(&op.what);
  return equation(graph, op, symbol, !definition || !is_elementwise(graph, *definition));
}

Equation gradient_equation(const Graph& graph, const Op& op, const SymbolOf& symbol,
                           const GradientAbout& about) {
  const auto* definition = std::get_if<Definition>(&op.what);
  if (!definition) return movement(op, symbol);
  Definition copy = *definition;
  const bool adds = copy.reduction == Reduction::none || copy.reduction == Reduction::sum;
  const auto terms = adds ? linear_form(copy.dag, copy.body, about.is_gradient) : std::nullopt;
  if (!terms || terms->empty()) return equation_of(graph, op, symbol);
  return GradientWriter(graph, copy, symbol, about, *terms).equation(op.results[0]);
}

}  // namespace netc::explain
