// Scalar expressions: arithmetic on affine forms, hash-consed nodes, typed building, copying.
#include "ir/expr.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "ir/support/check.h"
#include "ir/support/hash.h"

namespace netc {

Affine Affine::of(IndexId index, int64_t coefficient) {
  Affine result;
  if (coefficient != 0) result.terms.push_back({index, coefficient});
  return result;
}

Affine Affine::of_constant(int64_t constant) {
  Affine result;
  result.constant = constant;
  return result;
}

std::optional<IndexId> Affine::single() const {
  if (terms.size() != 1 || terms[0].coefficient != 1 || constant != 0 || batch != 0)
    return std::nullopt;
  return terms[0].index;
}

int64_t Affine::coefficient(IndexId index) const {
  for (const Term& term : terms)
    if (term.index == index) return term.coefficient;
  return 0;
}

Affine& Affine::add(const Affine& other, int64_t times) {
  // Copied first, so that `a.add(a)` works.
  for (const Term term : std::vector<Term>(other.terms)) {
    const auto place =
        std::lower_bound(terms.begin(), terms.end(), term.index,
                         [](const Term& present, IndexId index) { return present.index < index; });
    const int64_t coefficient = term.coefficient * times;
    if (place == terms.end() || place->index != term.index) {
      if (coefficient != 0) terms.insert(place, {term.index, coefficient});
    } else if ((place->coefficient += coefficient) == 0) {
      terms.erase(place);
    }
  }
  constant += other.constant * times;
  batch += other.batch * times;
  return *this;
}

Affine Affine::substituted(IndexId index, const Affine& by) const {
  const int64_t times = coefficient(index);
  Affine result = *this;
  if (times == 0) return result;
  result.add(Affine::of(index), -times);
  return result.add(by, times);
}

Affine Affine::reindexed(const std::function<Affine(IndexId)>& by) const {
  Affine result = of_constant(constant);
  result.batch = batch;
  for (const Term& term : terms) result.add(by(term.index), term.coefficient);
  return result;
}

bool Expr::is_plain_read() const {
  return kind == ExprKind::read && !otherwise.valid() &&
         std::none_of(subscripts.begin(), subscripts.end(),
                      [](const Subscript& subscript) { return subscript.data.valid(); });
}

bool Expr::same_as(const Expr& other) const {
  return kind == other.kind && type == other.type && function == other.function &&
         index == other.index && tensor == other.tensor && integer == other.integer &&
         std::bit_cast<uint64_t>(number) == std::bit_cast<uint64_t>(other.number) &&
         args == other.args && subscripts == other.subscripts && otherwise == other.otherwise;
}

namespace {

size_t hash_of(const Expr& expr) {
  Hash hash;
  hash.mix(static_cast<uint64_t>(expr.kind) | static_cast<uint64_t>(expr.type) << 8 |
           static_cast<uint64_t>(expr.function) << 16);
  hash.mix(expr.index.index).mix(expr.tensor.index).mix(expr.integer);
  hash.mix(std::bit_cast<uint64_t>(expr.number)).mix(expr.otherwise.index);
  for (const ExprId arg : expr.args) hash.mix(arg.index);
  for (const Subscript& subscript : expr.subscripts) {
    hash.mix(subscript.data.index).mix(subscript.affine.constant).mix(subscript.affine.batch);
    for (const Affine::Term& term : subscript.affine.terms)
      hash.mix(term.index.index).mix(term.coefficient);
  }
  return hash.value();
}

}  // namespace

ExprId ExprDag::add(Expr expr) {
  // One NaN is enough: signs and payloads have no meaning here and no spelling in the text.
  if (expr.number != expr.number) expr.number = std::numeric_limits<double>::quiet_NaN();
  const size_t hash = hash_of(expr);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto entry = first; entry != last; ++entry)
    if (nodes_[entry->second.index].same_as(expr)) return entry->second;
  const ExprId id{static_cast<uint32_t>(nodes_.size())};
  nodes_.push_back(std::move(expr));
  by_hash_.emplace(hash, id);
  return id;
}

ExprId ExprBuilder::number(double value, DType type) {
  if (!is_float(type)) return integer(saturate_to(type, value), type);
  return dag_->add({.kind = ExprKind::constant, .type = type, .number = value});
}

ExprId ExprBuilder::integer(int64_t value, DType type) {
  if (is_float(type)) return number(static_cast<double>(value), type);
  return dag_->add({.kind = ExprKind::constant, .type = type, .integer = wrap_to(type, value)});
}

ExprId ExprBuilder::boolean(bool value) { return integer(value, DType::boolean); }

ExprId ExprBuilder::index(IndexId index) {
  return dag_->add({.kind = ExprKind::index, .type = DType::i64, .index = index});
}

ExprId ExprBuilder::batch() { return dag_->add({.kind = ExprKind::batch, .type = DType::i64}); }

ExprId ExprBuilder::affine(const Affine& value) {
  ExprId sum;
  const auto add_term = [&](ExprId factor, int64_t coefficient) {
    const ExprId term = coefficient == 1 ? factor : mul(integer(coefficient, DType::i64), factor);
    sum = sum.valid() ? add(sum, term) : term;
  };
  for (const Affine::Term& term : value.terms) add_term(index(term.index), term.coefficient);
  if (value.batch != 0) add_term(batch(), value.batch);
  if (!sum.valid()) return integer(value.constant, DType::i64);
  if (value.constant == 0) return sum;
  return add(sum, integer(value.constant, DType::i64));
}

ExprId ExprBuilder::read(ValueId tensor, DType type, std::vector<Subscript> subscripts,
                         ExprId otherwise) {
  NETC_CHECK(!otherwise.valid() || this->type(otherwise) == type, "a read of {} has an else of {}",
             name(type), name(this->type(otherwise)));
  return dag_->add({.kind = ExprKind::read,
                    .type = type,
                    .tensor = tensor,
                    .subscripts = std::move(subscripts),
                    .otherwise = otherwise});
}

ExprId ExprBuilder::convert(ExprId value, DType type) {
  if (this->type(value) == type) return value;
  return dag_->add({.kind = ExprKind::convert, .type = type, .args = {value}});
}

ExprId ExprBuilder::reindexed(Expr expr, const std::function<Affine(IndexId)>& by) {
  if (expr.kind == ExprKind::index) return affine(by(expr.index));
  for (Subscript& subscript : expr.subscripts) subscript.affine = subscript.affine.reindexed(by);
  return node(std::move(expr));
}

ExprId ExprBuilder::apply(Function function, std::vector<ExprId> args) {
  const FunctionInfo& row = info(function);
  NETC_CHECK(args.size() == row.arity, "{} takes {} operands, not {}", row.name, row.arity,
             args.size());
  const size_t first = row.kind == FunctionClass::selection ? 1 : 0;
  const DType operand = type(args[first]);
  for (size_t i = first; i < args.size(); ++i)
    NETC_CHECK(type(args[i]) == operand, "operands of {} are {} and {}", row.name, name(operand),
               name(type(args[i])));
  if (first == 1)
    NETC_CHECK(type(args[0]) == DType::boolean, "a condition of {}", name(type(args[0])));
  return dag_->add({.kind = ExprKind::apply,
                    .type = result_type(function, operand),
                    .function = function,
                    .args = std::move(args)});
}

namespace {

/// Calls `visit` for each operand of a node: arguments, gathers, the value outside.
template <typename Visit>
void for_each_operand(const Expr& expr, Visit visit) {
  for (const ExprId arg : expr.args) visit(arg);
  for (const Subscript& subscript : expr.subscripts)
    if (subscript.data.valid()) visit(subscript.data);
  if (expr.otherwise.valid()) visit(expr.otherwise);
}

}  // namespace

std::vector<ExprId> reachable(const ExprDag& dag, std::span<const ExprId> roots) {
  // Operands have smaller ids than their users: one sweep down marks all, however deep.
  std::vector<bool> marked(dag.size());
  for (const ExprId root : roots)
    if (root.valid()) marked[root.index] = true;
  std::vector<ExprId> nodes;
  for (size_t i = dag.size(); i-- > 0;) {
    if (!marked[i]) continue;
    const ExprId node{static_cast<uint32_t>(i)};
    nodes.push_back(node);
    for_each_operand(dag[node], [&](ExprId operand) { marked[operand.index] = true; });
  }
  std::reverse(nodes.begin(), nodes.end());
  return nodes;
}

std::vector<ExprId> reachable(const ExprDag& dag, ExprId root) {
  return reachable(dag, std::span(&root, 1));
}

ExprId copy_expr(const ExprDag& from, std::span<const ExprId> nodes, const CopyNode& make) {
  std::vector<ExprId> copies;
  copies.reserve(nodes.size());
  // Few nodes of a DAG may be wanted, so what is kept is by position in `nodes`, which ascend.
  const auto copy_of = [&](ExprId node) {
    const auto place = std::lower_bound(nodes.begin(), nodes.end(), node);
    return copies[static_cast<size_t>(place - nodes.begin())];
  };
  for (const ExprId node : nodes) {
    Expr expr = from[node];
    for (ExprId& arg : expr.args) arg = copy_of(arg);
    for (Subscript& subscript : expr.subscripts)
      if (subscript.data.valid()) subscript.data = copy_of(subscript.data);
    if (expr.otherwise.valid()) expr.otherwise = copy_of(expr.otherwise);
    copies.push_back(make(std::move(expr)));
  }
  return copies.back();
}

ExprId copy_expr(const ExprDag& from, ExprId root, const CopyNode& make) {
  return copy_expr(from, reachable(from, root), make);
}

ExprId copy_expr(const ExprDag& from, ExprId root, ExprBuilder& to) {
  return copy_expr(from, root, [&](Expr expr) { return to.node(std::move(expr)); });
}

}  // namespace netc
