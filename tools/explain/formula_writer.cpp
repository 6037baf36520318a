#include "tools/explain/formula_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ir/inference.h"

namespace netc::explain {

namespace {

constexpr size_t smallest_shared = 4;  ///< nodes of an expression that is worth a letter

void append(Formula& to, Formula from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

Formula parenthesized(Formula inner, bool needed) {
  if (!needed) return inner;
  Formula outer = {text_piece("(")};
  append(outer, std::move(inner));
  outer.push_back(text_piece(")"));
  return outer;
}

Piece index_piece(std::string name) { return {PieceKind::index, std::move(name), {}, {}, {}}; }

/// Six digits tell a reader enough.
std::string number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return fmt::format("{:.6g}", value);
}

/// Conversions that leave the value of a number what it is, but for rounding.
bool keeps_value(DType from, DType to) {
  return is_float(to) || (is_integer(from) && is_integer(to) && byte_size(to) >= byte_size(from));
}

bool is_point(const Definition& definition, const Subscript& subscript, size_t axis, Dim size) {
  if (subscript.data.valid()) return false;
  const Affine& affine = subscript.affine;
  const bool is_only = size.is_constant() && size.factor == 1;
  if (is_only && affine.is_constant() && affine.constant == 0) return true;
  const std::optional<IndexId> index = affine.single();
  return index && index->index == axis && definition.is_free(*index);
}

}  // namespace

FormulaWriter::FormulaWriter(const Graph& graph, const Definition& definition, SymbolOf symbol,
                             bool with_subscripts)
    : graph_(graph),
      definition_(definition),
      symbol_(std::move(symbol)),
      with_subscripts_(with_subscripts) {
  std::set<std::string> taken;
  for (const Index& index : definition.indices) {
    std::string name = index.name;
    for (int copy = 2; taken.contains(name); ++copy) name = index.name + std::to_string(copy);
    taken.insert(name);
    index_names_.push_back(name);
  }
}

ExprId FormulaWriter::without_conversion(ExprId node) const {
  const Expr& expr = definition_.dag[node];
  const bool drops =
      expr.kind == ExprKind::convert && keeps_value(definition_.dag[expr.args[0]].type, expr.type);
  const bool stops = expr.kind == ExprKind::apply && expr.function == Function::stop_gradient;
  return drops || stops ? without_conversion(expr.args[0]) : node;
}

void FormulaWriter::share(const std::vector<ExprId>& roots) {
  const ExprDag& dag = definition_.dag;
  letters_.assign(dag.size(), "");
  std::vector<int> uses(dag.size());
  std::vector<size_t> sizes(dag.size(), 1);
  const auto use = [&](ExprId user, ExprId node) {
    if (!node.valid()) return;
    node = without_conversion(node);
    ++uses[node.index];
    if (user.valid()) sizes[user.index] += sizes[node.index];
  };
  for (const ExprId root : roots) use({}, root);
  int count = 0;
  const std::vector<ExprId> nodes = reachable(dag, roots);
  for (const ExprId node : nodes) {
    if (without_conversion(node) != node) continue;
    for (const ExprId arg : dag[node].args) use(node, arg);
    for (const Subscript& subscript : dag[node].subscripts) use(node, subscript.data);
    use(node, dag[node].otherwise);
  }
  for (const ExprId node : nodes)
    if (uses[node.index] > 1 && sizes[node.index] >= smallest_shared)
      letters_[node.index] = fmt::format("t{}", ++count);
}

std::vector<std::pair<Formula, Formula>> FormulaWriter::where() {
  std::vector<std::pair<Formula, Formula>> lines;
  for (uint32_t i = 0; i < letters_.size(); ++i)
    if (!letters_[i].empty())
      lines.push_back({{index_piece(letters_[i])}, written(ExprId{i}, level_loosest)});
  return lines;
}

Formula FormulaWriter::target(ValueId result) {
  Piece piece{PieceKind::symbol, "", symbol_(result), {}, {}};
  if (with_subscripts_) piece.parts = subscripts(definition_.target);
  return {std::move(piece)};
}

Piece FormulaWriter::reduction() {
  Piece piece{PieceKind::reduction, std::string(name(definition_.reduction)), {}, {}, {}};
  const std::vector<InferredExtent> extents = infer_extents(graph_, definition_, nullptr);
  for (size_t i = definition_.free_count; i < definition_.indices.size(); ++i) {
    Formula index = {index_piece(index_names_[i])};
    const Dim extent = definition_.indices[i].extent;
    if (extents[i].dim != extent) index.push_back(text_piece(": " + to_string(extent)));
    piece.parts.push_back(std::move(index));
  }
  return piece;
}

Formula FormulaWriter::expression(ExprId node, int level) {
  node = without_conversion(node);
  if (node.index < letters_.size() && !letters_[node.index].empty())
    return {index_piece(letters_[node.index])};
  return written(node, level);
}

Formula FormulaWriter::written(ExprId node, int level) {
  const Expr& expr = definition_.dag[node];
  switch (expr.kind) {
    case ExprKind::constant: {
      if (expr.type == DType::boolean) return {text_piece(expr.integer ? "true" : "false")};
      const std::string digits =
          is_float(expr.type) ? number(expr.number) : std::to_string(expr.integer);
      return parenthesized({text_piece(digits)}, digits[0] == '-' && level > level_negation);
    }
    case ExprKind::index:
      return {index_piece(index_names_[expr.index.index])};
    case ExprKind::batch:
      return {index_piece("N")};
    case ExprKind::read:
      return read(expr);
    case ExprKind::convert: {
      Formula text = {{PieceKind::function, std::string(name(expr.type)), {}, {}, {}}};
      append(text, parenthesized(expression(expr.args[0], level_loosest), true));
      return text;
    }
    case ExprKind::apply:
      return application(expr, level);
  }
  return {};
}

Formula FormulaWriter::read(const Expr& expr) {
  Piece piece{PieceKind::symbol, "", symbol_(expr.tensor), {}, {}};
  if (with_subscripts_) piece.parts = subscripts(expr.subscripts);
  if (!expr.otherwise.valid()) return {std::move(piece)};
  Formula text = {text_piece("("), std::move(piece), text_piece(" else ")};
  append(text, expression(expr.otherwise, level_loosest));
  text.push_back(text_piece(")"));
  return text;
}

Formula FormulaWriter::application(const Expr& expr, int level) {
  const FunctionInfo& row = info(expr.function);
  if (row.kind == FunctionClass::selection) return choice(expr, level);
  if (row.syntax.symbol.empty()) return call(expr);
  const int own = row.syntax.precedence;
  const std::string symbol{row.syntax.symbol};
  Formula text;
  if (row.arity == 1) {
    text.push_back(text_piece(symbol == "-" ? symbol : symbol + " "));
    append(text, expression(expr.args[0], own + 1));
    return parenthesized(std::move(text), level > own);
  }
  if (row.syntax.right_associative) {
    Piece power{PieceKind::power, symbol, {}, {}, {}};
    power.parts = {expression(expr.args[0], own + 1), expression(expr.args[1], level_negation)};
    return parenthesized({std::move(power)}, level > own);
  }
  const bool is_chain = row.kind == FunctionClass::arithmetic || row.kind == FunctionClass::logic;
  append(text, expression(expr.args[0], is_chain ? own : own + 1));
  text.push_back(op_piece(symbol));
  append(text, expression(expr.args[1], own + 1));
  return parenthesized(std::move(text), level > own);
}

/// Of what a draw is made of, its position is enough to tell it from others.
Formula FormulaWriter::call(const Expr& expr) {
  const FunctionInfo& row = info(expr.function);
  const size_t first = row.kind == FunctionClass::draw ? expr.args.size() - 1 : 0;
  Formula arguments;
  for (size_t i = first; i < expr.args.size(); ++i) {
    if (i > first) arguments.push_back(text_piece(", "));
    append(arguments, expression(expr.args[i], level_loosest));
  }
  Formula text = {{PieceKind::function, std::string(row.name), {}, {}, {}}};
  append(text, parenthesized(std::move(arguments), true));
  return text;
}

Formula FormulaWriter::choice(const Expr& expr, int level) {
  Formula text = {text_piece("if ")};
  append(text, expression(expr.args[0], level_loosest + 1));
  text.push_back(text_piece(" then "));
  append(text, expression(expr.args[1], level_loosest + 1));
  text.push_back(text_piece(" else "));
  append(text, expression(expr.args[2], level_loosest));
  return parenthesized(std::move(text), level > level_loosest);
}

std::vector<Formula> FormulaWriter::subscripts(const std::vector<Subscript>& subscripts) {
  std::vector<Formula> parts;
  for (const Subscript& one : subscripts) parts.push_back(subscript(one));
  return parts;
}

/// `27 - i` and `N - n - 1` read better than `-i + 27` and `-n + N - 1`.
Formula FormulaWriter::subscript(const Subscript& subscript) {
  Formula text;
  if (subscript.data.valid()) text = expression(subscript.data, level_sum);
  const auto add = [&text](int64_t times, const std::string& what) {
    if (times == 0) return;
    if (text.empty() && times < 0) text.push_back(text_piece("-"));
    if (!text.empty() && text.back().text != "-") text.push_back(op_piece(times < 0 ? "-" : "+"));
    const uint64_t size = times < 0 ? -static_cast<uint64_t>(times) : static_cast<uint64_t>(times);
    if (size != 1 || what.empty()) text.push_back(text_piece(std::to_string(size)));
    if (size != 1 && !what.empty()) text.push_back(op_piece("*"));
    if (!what.empty()) text.push_back(index_piece(what));
  };
  const Affine& affine = subscript.affine;
  const bool turned = text.empty() && !affine.terms.empty() && affine.terms[0].coefficient < 0;
  if (turned) {
    add(affine.batch, "N");
    if (affine.constant > 0) add(affine.constant, "");
  }
  for (const Affine::Term& term : affine.terms)
    add(term.coefficient, index_names_[term.index.index]);
  if (!turned) add(affine.batch, "N");
  if (!turned || affine.constant < 0) add(affine.constant, "");
  if (text.empty()) text.push_back(text_piece("0"));
  return text;
}

bool is_elementwise(const Graph& graph, const Definition& definition) {
  if (definition.reduction != Reduction::none || definition.accumulate) return false;
  if (!definition.has_identity_target()) return false;
  for (const ExprId node : reachable(definition)) {
    const Expr& expr = definition.dag[node];
    if (expr.kind == ExprKind::index || expr.otherwise.valid()) return false;
    if (expr.kind != ExprKind::read || expr.subscripts.empty()) continue;
    const std::vector<Dim>& dims = graph[expr.tensor].type.dims;
    if (expr.subscripts.size() != definition.free_count) return false;
    for (size_t axis = 0; axis < dims.size(); ++axis)
      if (!is_point(definition, expr.subscripts[axis], axis, dims[axis])) return false;
  }
  return true;
}

}  // namespace netc::explain
