// Scalar expressions: the right side of a definition, as a DAG in a flat vector. Operands come
// before their users; equal nodes are one node (hash-consing), so sharing is kept and never
// expanded into a tree.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/functions.h"
#include "ir/support/id.h"
#include "ir/support/source.h"
#include "ir/types.h"

namespace netc {

using ValueId = Id<struct ValueTag>;  ///< a tensor of a graph
using IndexId = Id<struct IndexTag>;  ///< an index of a definition: position in its `indices`

/// sum of coefficient * index, plus `constant + batch * N`. Terms are sorted by index, without
/// zero coefficients and without repeats.
struct Affine {
  struct Term {
    IndexId index;
    int64_t coefficient = 1;
    friend auto operator<=>(const Term&, const Term&) = default;
  };
  std::vector<Term> terms;
  int64_t constant = 0;
  int64_t batch = 0;

  static Affine of(IndexId index, int64_t coefficient = 1);
  static Affine of_constant(int64_t constant);
  /// The index, if the whole is one index with coefficient 1 and nothing else.
  std::optional<IndexId> single() const;
  bool is_constant() const { return terms.empty(); }
  int64_t coefficient(IndexId index) const;
  Affine& add(const Affine& other, int64_t times = 1);
  /// Replaces `index` by `by` everywhere.
  Affine substituted(IndexId index, const Affine& by) const;
  /// Replaces all indices at once.
  Affine reindexed(const std::function<Affine(IndexId)>& by) const;
  friend auto operator<=>(const Affine&, const Affine&) = default;
};

/// One position of a read: an affine part, plus the value of an integer expression (a gather).
struct Subscript {
  Affine affine;
  ExprId data;  ///< invalid: affine alone
  friend auto operator<=>(const Subscript&, const Subscript&) = default;
};

enum class ExprKind : uint8_t {
  constant,  ///< `number` (floats) or `integer` (integers and bool) of `type`
  index,     ///< the value of `index`, an i64
  batch,     ///< the run-time size N of the batch, an i64
  read,      ///< tensor[subscripts], or `otherwise` where a subscript is out of bounds
  apply,     ///< function(args...)
  convert,   ///< args[0] converted to `type`
};

struct Expr {
  ExprKind kind = ExprKind::constant;
  DType type = DType::f32;
  Function function{};
  IndexId index;
  ValueId tensor;
  double number = 0;
  int64_t integer = 0;
  std::vector<ExprId> args;           ///< apply, convert
  std::vector<Subscript> subscripts;  ///< read; one for each dimension
  ExprId otherwise;                   ///< read; invalid: proved to be in bounds

  bool is_call(Function of) const { return kind == ExprKind::apply && function == of; }
  /// Whether it is an element of a tensor at a place that is affine and in bounds.
  bool is_plain_read() const;
  /// Equality of meaning-bearing fields; numbers by bits, so that NaN equals itself and -0 is not
  /// 0.
  bool same_as(const Expr& other) const;
};

/// The nodes of one definition.
class ExprDag {
 public:
  const Expr& operator[](ExprId id) const { return nodes_[id.index]; }
  size_t size() const { return nodes_.size(); }
  /// Adds a node, or returns the equal one that is there already.
  ExprId add(Expr expr);

 private:
  std::vector<Expr> nodes_;
  std::multimap<size_t, ExprId> by_hash_;
};

/// Builds nodes with the right types. Every binary function takes operands of one type.
/// It does no algebra beyond sharing: that is `simplify`'s work.
class ExprBuilder {
 public:
  explicit ExprBuilder(ExprDag& dag) : dag_(&dag) {}

  const ExprDag& dag() const { return *dag_; }
  DType type(ExprId id) const { return (*dag_)[id].type; }

  ExprId number(double value, DType type);    ///< a constant of any type
  ExprId integer(int64_t value, DType type);  ///< exact for integers
  ExprId boolean(bool value);
  ExprId index(IndexId index);
  ExprId batch();
  /// The value of an affine expression, as i64.
  ExprId affine(const Affine& value);
  ExprId read(ValueId tensor, DType type, std::vector<Subscript> subscripts, ExprId otherwise = {});
  ExprId convert(ExprId value, DType type);  ///< no node if the type is the same
  /// A node of another expression whose operands are nodes of this one already.
  ExprId node(Expr expr) { return dag_->add(std::move(expr)); }
  /// The same with its indices replaced.
  ExprId reindexed(Expr expr, const std::function<Affine(IndexId)>& by);
  ExprId apply(Function function, std::vector<ExprId> args);

  ExprId add(ExprId a, ExprId b) { return apply(Function::add, {a, b}); }
  ExprId sub(ExprId a, ExprId b) { return apply(Function::sub, {a, b}); }
  ExprId mul(ExprId a, ExprId b) { return apply(Function::mul, {a, b}); }
  ExprId div(ExprId a, ExprId b) { return apply(Function::div, {a, b}); }
  ExprId neg(ExprId a) { return apply(Function::neg, {a}); }
  ExprId select(ExprId c, ExprId a, ExprId b) { return apply(Function::select, {c, a, b}); }
  /// A constant of the type of `like`.
  ExprId constant_like(ExprId like, double value) { return number(value, type(like)); }

 private:
  ExprDag* dag_;
};

/// What becomes of a node in a copy. The operands of `expr` are nodes of the copy already; the
/// result is one as well.
using CopyNode = std::function<ExprId(Expr expr)>;

/// Copies these nodes, operands first, each through `make`, which may build into the DAG that is
/// copied from. Returns the copy of the last one.
ExprId copy_expr(const ExprDag& from, std::span<const ExprId> nodes, const CopyNode& make);
/// Copies `root` and what it needs.
ExprId copy_expr(const ExprDag& from, ExprId root, const CopyNode& make);
/// Copies it as it is: indices and tensors keep their ids.
ExprId copy_expr(const ExprDag& from, ExprId root, ExprBuilder& to);

/// The nodes reachable from `root` (through args, gathers and `otherwise`), operands first.
std::vector<ExprId> reachable(const ExprDag& dag, ExprId root);
/// The same for several roots; invalid ones are skipped.
std::vector<ExprId> reachable(const ExprDag& dag, std::span<const ExprId> roots);

}  // namespace netc
