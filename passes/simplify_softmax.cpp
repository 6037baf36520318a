#include "passes/simplify_softmax.h"

#include "passes/nest.h"

namespace netc {

namespace {

const Definition* definition_of(const Graph& graph, ValueId value, Reduction reduction) {
  const Value& about = graph[value];
  if (about.kind != ValueKind::result || !about.producer.valid()) return nullptr;
  const Op& op = graph[about.producer];
  const auto* definition = std::get_if<Definition>(&op.what);
  const bool is_plain = definition != nullptr && !definition->accumulate && !op.scan.valid() &&
                        definition->reduction == reduction && !definition->base.valid() &&
                        definition->has_identity_target();
  return is_plain ? definition : nullptr;
}

/// The tensor that an expression is an element of, at the first `count` indices; invalid: none.
ValueId tensor_at(const Expr& expr, size_t count) {
  const bool is_element = expr.kind == ExprKind::read && !expr.otherwise.valid() &&
                          is_identity(expr.subscripts, static_cast<uint32_t>(count));
  return is_element ? expr.tensor : ValueId{};
}

}  // namespace

bool is_total_of_softmax(const Graph& graph, ValueId value) {
  const Definition* total = definition_of(graph, value, Reduction::sum);
  if (total == nullptr) return false;
  const ValueId terms = tensor_at(total->dag[total->body], total->indices.size());
  const Definition* term = terms.valid() ? definition_of(graph, terms, Reduction::none) : nullptr;
  if (term == nullptr || !term->dag[term->body].is_call(Function::exp)) return false;
  const Expr& exponent = term->dag[term->dag[term->body].args[0]];
  if (!exponent.is_call(Function::sub)) return false;
  const ValueId x = tensor_at(term->dag[exponent.args[0]], term->free_count);
  const ValueId top = tensor_at(term->dag[exponent.args[1]], total->free_count);
  const Definition* most = top.valid() ? definition_of(graph, top, Reduction::max) : nullptr;
  return most != nullptr && x.valid() && most->free_count == total->free_count &&
         tensor_at(most->dag[most->body], most->indices.size()) == x;
}

}  // namespace netc
