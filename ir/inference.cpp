// Extents of indices from the places where they stand alone.
#include "ir/inference.h"

#include <algorithm>
#include <array>

namespace netc {

namespace {

void join(InferredExtent& extent, Dim dim) {
  if (extent.conflict || extent.dim == dim) return;
  extent.conflict = extent.dim.has_value();
  extent.dim = extent.conflict ? std::nullopt : std::optional(dim);
}

/// Lets every place of `subscripts` where an index stands alone speak.
void join_subscripts(std::vector<InferredExtent>& extents, const std::vector<Subscript>& subscripts,
                     const TensorType& type) {
  for (size_t i = 0; i < subscripts.size() && i < type.dims.size(); ++i) {
    const auto index = subscripts[i].affine.single();
    if (index && !subscripts[i].data.valid()) join(extents[index->index], type.dims[i]);
  }
}

}  // namespace

std::vector<InferredExtent> infer_extents(const Graph& graph, const Definition& definition,
                                          const TensorType* annotated) {
  const size_t count = definition.indices.size();
  std::vector<InferredExtent> certain(count), padded(count), written(count);
  for (const ExprId node : reachable(definition)) {
    const Expr& expr = definition.dag[node];
    if (expr.kind != ExprKind::read) continue;
    join_subscripts(expr.otherwise.valid() ? padded : certain, expr.subscripts,
                    graph[expr.tensor].type);
  }
  if (annotated) join_subscripts(written, definition.target, *annotated);

  const auto is_silent = [](const InferredExtent& extent) {
    return !extent.dim && !extent.conflict;
  };
  for (size_t i = 0; i < count; ++i) {
    if (is_silent(certain[i])) certain[i] = padded[i];
    if (is_silent(certain[i])) certain[i] = written[i];
  }
  return certain;
}

bool is_reserved_word(std::string_view word) {
  constexpr std::array<std::string_view, 22> words = {
      "if",     "then",    "else",   "and",      "or",   "not", "true", "false",
      "inf",    "nan",     "let",    "for",      "in",   "N",   "sum",  "prod",
      "argmax", "reshape", "concat", "gradient", "axis", "mean"};
  if (std::find(words.begin(), words.end(), word) != words.end()) return true;
  return parse_dtype(word).has_value() || find_function(word).has_value();
}

}  // namespace netc
