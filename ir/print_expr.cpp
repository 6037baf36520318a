// Scalar expressions as text. What is written reads back as exactly the same nodes: shared nodes
// are named once, constants say their type where their context does not, and parentheses stand
// exactly where precedence needs them.
#include "ir/print_expr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ir/inference.h"

namespace netc {

namespace {

/// Expressions nested deeper than this are cut by a `let`, so that they can be read back.
constexpr int deepest_nesting = 40;

std::string parenthesized(std::string text, bool needed) {
  return needed ? "(" + text + ")" : text;
}

bool is_identifier(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

bool is_leaf(const Expr& expr) {
  if (expr.kind == ExprKind::apply || expr.kind == ExprKind::convert) return false;
  const auto gathers = [](const Subscript& subscript) { return subscript.data.valid(); };
  return !expr.otherwise.valid() &&
         std::none_of(expr.subscripts.begin(), expr.subscripts.end(), gathers);
}

/// The operands that share the type of the result or of each other.
std::span<const ExprId> alike_operands(const Expr& expr) {
  const std::span<const ExprId> args = expr.args;
  return info(expr.function).kind == FunctionClass::selection ? args.subspan(1) : args;
}

}  // namespace

std::string number_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return fmt::format("{}", value);
}

ExprPrinter::ExprPrinter(const Graph& graph, const Definition& definition, bool share)
    : graph_(graph), definition_(definition), let_names_(definition.dag.size()) {
  name_indices();
  const ExprDag& dag = definition.dag;
  const std::vector<ExprId> nodes = reachable(definition);
  std::vector<int> uses(dag.size());
  const auto use = [&uses](ExprId node) {
    if (node.valid()) ++uses[node.index];
  };
  use(definition.body);
  use(definition.base);
  for (const Subscript& target : definition.target) use(target.data);
  for (const ExprId node : nodes) {
    for (const ExprId arg : dag[node].args) use(arg);
    for (const Subscript& subscript : dag[node].subscripts) use(subscript.data);
    use(dag[node].otherwise);
  }
  if (share) choose_lets(nodes, uses);

  tells_type_.resize(dag.size());
  for (size_t i = 0; i < dag.size(); ++i) {
    const Expr& expr = dag[ExprId{static_cast<uint32_t>(i)}];
    bool tells = expr.kind != ExprKind::constant || expr.type == DType::boolean;
    if (expr.kind == ExprKind::apply && expr.type != DType::boolean) {
      const auto args = alike_operands(expr);
      tells =
          std::any_of(args.begin(), args.end(), [&](ExprId arg) { return tells_type_[arg.index]; });
    }
    tells_type_[i] = tells || !let_names_[i].empty();
  }
}

void ExprPrinter::name_indices() {
  std::set<std::string> taken;
  for (const Index& index : definition_.indices) {
    const bool readable = is_identifier(index.name) && !is_reserved_word(index.name);
    const std::string stem = readable ? index.name : "i";
    std::string name = stem;
    for (int i = 2; taken.contains(name) || is_reserved_word(name); ++i)
      name = stem + std::to_string(i);
    taken.insert(name);
    index_names_.push_back(name);
  }
}

void ExprPrinter::choose_lets(const std::vector<ExprId>& nodes, const std::vector<int>& uses) {
  const std::set<std::string> indices(index_names_.begin(), index_names_.end());
  std::vector<int> heights(definition_.dag.size());
  int count = 0;
  for (const ExprId node : nodes) {
    const Expr& expr = definition_.dag[node];
    int height = 0;
    const auto cover = [&](ExprId operand) {
      if (operand.valid()) height = std::max(height, heights[operand.index] + 1);
    };
    for (const ExprId arg : expr.args) cover(arg);
    for (const Subscript& subscript : expr.subscripts) cover(subscript.data);
    cover(expr.otherwise);
    heights[node.index] = height;
    const bool shared = uses[node.index] > 1 && !is_leaf(expr);
    if (!shared && height < deepest_nesting) continue;
    heights[node.index] = 0;
    std::string& name = let_names_[node.index];
    do name = "t" + std::to_string(++count);
    while (indices.contains(name));
  }
}

std::vector<std::string> ExprPrinter::lets() {
  std::vector<std::string> lines;
  for (size_t i = 0; i < let_names_.size(); ++i)
    if (!let_names_[i].empty()) {
      const ExprId node{static_cast<uint32_t>(i)};
      lines.push_back(
          fmt::format("let {} = {}", let_names_[i], written(node, level_loosest, false)));
    }
  return lines;
}

std::vector<IndexId> ExprPrinter::take_mentioned() { return std::exchange(mentioned_, {}); }

const std::string& ExprPrinter::mention(IndexId index) {
  if (std::find(mentioned_.begin(), mentioned_.end(), index) == mentioned_.end())
    mentioned_.push_back(index);
  return index_name(index);
}

std::string ExprPrinter::text(ExprId node, int level, bool typed) {
  const std::string& let = let_names_[node.index];
  return let.empty() ? written(node, level, typed) : let;
}

std::string ExprPrinter::written(ExprId node, int level, bool typed) {
  const Expr& expr = definition_.dag[node];
  switch (expr.kind) {
    case ExprKind::constant:
      return constant(expr, level, typed);
    case ExprKind::index:
      return mention(expr.index);
    case ExprKind::batch:
      return "N";
    case ExprKind::read:
      return read(expr);
    case ExprKind::convert:
      return fmt::format("{}({})", name(expr.type), text(expr.args[0], level_loosest, false));
    case ExprKind::apply:
      return apply(expr, level, typed);
  }
  return {};
}

std::string ExprPrinter::constant(const Expr& expr, int level, bool typed) {
  if (expr.type == DType::boolean) return expr.integer ? "true" : "false";
  const std::string digits =
      is_float(expr.type) ? number_text(expr.number) : std::to_string(expr.integer);
  if (!typed) return fmt::format("{}({})", name(expr.type), digits);
  return parenthesized(digits, digits[0] == '-' && level > level_negation);
}

std::string ExprPrinter::read(const Expr& expr) {
  const Value& value = graph_[expr.tensor];
  const std::string element =
      (value.kind == ValueKind::variable ? "@" : "%") + value.name + subscripts(expr.subscripts);
  if (!expr.otherwise.valid()) return element;
  return fmt::format("({} else {})", element, text(expr.otherwise, level_loosest, true));
}

std::string ExprPrinter::apply(const Expr& expr, int level, bool typed) {
  const FunctionInfo& row = info(expr.function);
  const auto alike = alike_operands(expr);
  // One operand that tells its type tells those of the others; without any, the first must.
  bool known = std::any_of(alike.begin(), alike.end(), [&](ExprId arg) { return tells_type(arg); });
  known = known || (typed && row.kind != FunctionClass::comparison);
  const auto operand = [&](size_t i, int operand_level) {
    return text(expr.args[i], operand_level, known || &expr.args[i] != alike.data());
  };

  const int own = row.syntax.precedence;
  const std::string_view symbol = row.syntax.symbol;
  if (row.kind == FunctionClass::selection) {
    // One after the other: the order in which indices are mentioned is that of the text.
    std::string choice = "if " + text(expr.args[0], level_loosest + 1, true);
    choice += " then " + operand(1, level_loosest + 1);
    choice += " else " + operand(2, level_loosest);
    return parenthesized(choice, level > level_loosest);
  }
  if (symbol.empty()) {
    std::string call = std::string(row.name) + "(";
    for (size_t i = 0; i < expr.args.size(); ++i)
      call += (i ? ", " : "") + operand(i, level_loosest);
    return call + ")";
  }
  if (row.arity == 1) {
    if (expr.function == Function::logical_not)
      return parenthesized(fmt::format("not {}", operand(0, own)), level > own);
    // `-1` is a number: the negative of the number 1 is written `-(1)`.
    const bool is_number = definition_.dag[expr.args[0]].kind == ExprKind::constant && known;
    const std::string inner = operand(0, is_number ? level_loosest : own + 1);
    return parenthesized("-" + parenthesized(inner, is_number), level > own);
  }
  const bool is_power = row.syntax.right_associative;
  const bool is_chain = row.kind == FunctionClass::arithmetic || row.kind == FunctionClass::logic;
  const int left = is_power || !is_chain ? own + 1 : own;
  const int right = is_power ? level_negation : own + 1;
  std::string infix = operand(0, left);
  infix += fmt::format(" {} ", symbol);
  infix += operand(1, right);
  return parenthesized(infix, level > own);
}

std::string ExprPrinter::subscripts(const std::vector<Subscript>& subscripts) {
  if (subscripts.empty()) return {};
  std::string text = "[";
  for (size_t i = 0; i < subscripts.size(); ++i) text += (i ? ", " : "") + subscript(subscripts[i]);
  return text + "]";
}

std::string ExprPrinter::subscript(const Subscript& subscript) {
  std::string text;
  const auto add = [&text](int64_t times, std::string_view what) {
    const uint64_t size = times < 0 ? -static_cast<uint64_t>(times) : static_cast<uint64_t>(times);
    text += text.empty() ? (times < 0 ? "-" : "") : (times < 0 ? " - " : " + ");
    if (what.empty())
      text += std::to_string(size);
    else
      text += size == 1 ? std::string(what) : fmt::format("{} * {}", size, what);
  };
  if (subscript.data.valid()) text = data(subscript.data);
  // `27 - i` and `N - n - 1` read better than `-i + 27` and `-n + N - 1`.
  const Affine& affine = subscript.affine;
  const bool starts_negative =
      text.empty() && !affine.terms.empty() && affine.terms[0].coefficient < 0;
  const bool batch_first = starts_negative && affine.batch > 0;
  const bool constant_first = starts_negative && !batch_first && affine.constant > 0;
  if (batch_first) add(affine.batch, "N");
  if (constant_first) add(affine.constant, "");
  for (const Affine::Term& term : affine.terms) add(term.coefficient, mention(term.index));
  if (affine.batch != 0 && !batch_first) add(affine.batch, "N");
  const bool is_zero = text.empty() && affine.constant == 0;
  if ((affine.constant != 0 && !constant_first) || is_zero) add(affine.constant, "");
  return text;
}

/// A gather. What could be taken for an affine form stands in parentheses.
std::string ExprPrinter::data(ExprId node) {
  const Expr& expr = definition_.dag[node];
  const bool is_named = !let_names_[node.index].empty();
  const bool is_call = expr.kind == ExprKind::read || expr.kind == ExprKind::convert ||
                       (expr.kind == ExprKind::apply && info(expr.function).syntax.symbol.empty());
  const std::string inner = text(node, level_loosest, false);
  return parenthesized(inner, !is_named && !is_call);
}

}  // namespace netc
