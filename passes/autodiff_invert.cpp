// Inversion of subscripts: `da[A(i)] += g(i)` becomes `da[j] = sum[rest] g(A^-1(j, rest))`.
//
// 1. A dimension whose subscript is one index takes that index as its own.
// 2. Other affine dimensions are solved for one of their indices, whichever leaves the smallest
//    domain: an index with coefficient 1 or -1 (p + a = q gives p = q - a), or one with a larger
//    coefficient s by mixed radix (s*p + a = s*q + r gives a = s*b + r, p = q - b).
// 3. A dimension without an index left to solve for, a constant or a gather, compares: the point
//    counts where the position is the one that the subscript names.
// 4. Indices that no dimension took are summed over.
// 5. A solved index may leave its range. Points where it does must count as 0: because everything
//    there is a product with a read that is outside, or else because a select says so.
#include "passes/autodiff_invert.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>

#include "ir/support/check.h"
#include "passes/algebra.h"
#include "passes/autodiff_vanish.h"

namespace netc {

namespace {

int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0 ? 1 : 0); }

/// The original indices, then new ones; those that are solved are affine in the others.
class Inversion {
 public:
  Inversion(const Graph& graph, const Scatter& scatter)
      : graph_(graph), s_(scatter), pool_(scatter.indices), solutions_(scatter.indices.size()) {}

  /// Whether the subscripts can be inverted.
  bool solve() {
    const size_t rank = s_.subscripts.size();
    target_.resize(rank);
    fresh_.resize(rank);
    for (size_t d = 0; d < rank; ++d) take_whole_dimension(d);
    for (IndexId k{0}; k.index < s_.indices.size(); ++k.index)
      if (!is_solved(k) && s_.indices[k.index].extent == Dim{1, false})
        set_solution(k, Affine::of_constant(0));
    for (size_t d = 0; d < rank; ++d)
      if (fresh_[d].empty() && !s_.subscripts[d].data.valid()) solve_dimension(d);
    for (size_t d = 0; d < rank; ++d)
      if (fresh_[d].empty() && !compare_dimension(d)) return false;
    return true;
  }

  Definition definition() {
    number_indices();
    ExprBuilder b(result_.dag);
    result_.body = outside_ ? b.number(0, (*s_.dag)[s_.value].type) : guarded(b);
    const bool sums = result_.indices.size() > result_.free_count;
    result_.reduction = sums ? Reduction::sum : Reduction::none;
    return std::move(result_);
  }

 private:
  /// The value where the subscripts name the position and no index has left its range.
  ExprId guarded(ExprBuilder& b) const {
    ExprId value = rewritten(b, s_.value);
    for (const Comparison& each : comparisons_) value = where(b, comparison(b, each), value);
    for (IndexId k{0}; k.index < s_.indices.size(); ++k.index)
      if (is_loose(k) && !vanishes_outside(graph_, *s_.dag, s_.value, s_.indices, k))
        value = where(b, in_range(b, k), value);
    return value;
  }

  /// position == subscript
  struct Comparison {
    IndexId position;
    Subscript subscript;
  };

  bool is_original(IndexId k) const { return k.index < s_.indices.size(); }
  bool is_solved(IndexId k) const { return solutions_[k.index].has_value(); }

  bool is_fresh(IndexId k) const {
    for (const auto& dimension : fresh_)
      if (std::find(dimension.begin(), dimension.end(), k) != dimension.end()) return true;
    return false;
  }

  IndexId add_index(std::string name, Dim extent) {
    pool_.push_back({std::move(name), extent});
    solutions_.emplace_back();
    return IndexId{static_cast<uint32_t>(pool_.size() - 1)};
  }

  /// `affine` without solved indices.
  Affine resolved(Affine affine) const {
    for (const Affine::Term term : std::vector<Affine::Term>(affine.terms))
      if (is_solved(term.index))
        affine = affine.substituted(term.index, *solutions_[term.index.index]);
    return affine;
  }

  void set_solution(IndexId k, const Affine& by) {
    for (auto& solution : solutions_)
      if (solution) solution = solution->substituted(k, by);
    solutions_[k.index] = by;
  }

  /// A name that no index has, nearest to what the dimension is called where its tensor is made.
  std::string fresh_name(size_t d) const {
    std::vector<std::string> candidates;
    if (d < s_.names.size() && !s_.names[d].empty()) candidates.push_back(s_.names[d]);
    for (const char* letter : {"q", "r", "u", "v"}) candidates.emplace_back(letter);
    for (const std::string& candidate : candidates)
      if (is_free_name(candidate)) return candidate;
    for (int i = 2;; ++i)
      if (const std::string name = "q" + std::to_string(i); is_free_name(name)) return name;
  }

  bool is_free_name(const std::string& name) const {
    return std::none_of(pool_.begin(), pool_.end(),
                        [&](const Index& index) { return index.name == name; });
  }

  // Step 1.
  void take_whole_dimension(size_t d) {
    const Subscript& subscript = s_.subscripts[d];
    const auto k = subscript.affine.single();
    if (subscript.data.valid() || !k || is_solved(*k)) return;
    const IndexId j = add_index(pool_[k->index].name, s_.type.dims[d]);
    fresh_[d] = {j};
    target_[d] = Affine::of(j);
    set_solution(*k, Affine::of(j));
  }

  // Step 2.

  /// A way to solve a dimension for `index`; with |coefficient| > 1 by mixed radix, together with
  /// `within`, the index that counts the places between.
  struct Candidate {
    IndexId index;
    int64_t coefficient = 1;
    IndexId within;
    double growth = 0;  ///< of the domain
  };

  double size(Dim dim) const { return static_cast<double>(dim.at(graph_.capacity)); }

  std::optional<Candidate> candidate(size_t d, const Affine& affine, Affine::Term term) const {
    Candidate result{term.index, term.coefficient, {}, 0};
    const int64_t step = std::abs(term.coefficient);
    result.growth = size(s_.type.dims[d]) / size(pool_[term.index.index].extent);
    if (step == 1) return result;
    for (const Affine::Term& other : affine.terms) {
      if (other.index == term.index || other.coefficient % step == 0) continue;
      const bool counts = std::abs(other.coefficient) == 1 && !is_fresh(other.index) &&
                          pool_[other.index.index].extent.is_constant();
      if (!counts || result.within.valid()) return std::nullopt;
      result.within = other.index;
      const int64_t count = pool_[other.index.index].extent.factor;
      result.growth *= static_cast<double>(ceil_div(count, step)) / static_cast<double>(count);
    }
    if (affine.batch % step != 0) return std::nullopt;
    return result;
  }

  void solve_dimension(size_t d) {
    const Affine affine = resolved(s_.subscripts[d].affine);
    std::optional<Candidate> best;
    for (const Affine::Term& term : affine.terms) {
      if (is_fresh(term.index)) continue;
      const auto next = candidate(d, affine, term);
      // Among equals an index of the result: it needs no select where the adjoint is outside.
      if (next && (!best || next->growth < best->growth)) best = next;
    }
    if (!best) return;
    if (std::abs(best->coefficient) == 1)
      solve_shifted(d, affine, *best);
    else
      solve_strided(d, affine, *best);
  }

  /// c*k + rest = j, c = 1 or -1: k = c*(j - rest).
  void solve_shifted(size_t d, const Affine& affine, const Candidate& by) {
    const IndexId j = add_index(fresh_name(d), s_.type.dims[d]);
    fresh_[d] = {j};
    target_[d] = Affine::of(j);
    Affine solution = Affine::of(j, by.coefficient);
    solution.add(affine.substituted(by.index, {}), -by.coefficient);
    set_solution(by.index, solution);
  }

  /// An index that runs the other way, so that its coefficient becomes positive.
  IndexId reversed(IndexId k) {
    const IndexId turned = add_index(pool_[k.index].name, pool_[k.index].extent);
    Affine solution = Affine::of(turned, -1);
    const Dim extent = pool_[k.index].extent;
    (extent.batch ? solution.batch : solution.constant) += extent.factor;
    solution.constant -= 1;
    set_solution(k, solution);
    return turned;
  }

  /// s*p + s*rest + a + c = j. With j = s*q + r + c0, 0 <= r < s, where c0 is the number in
  /// (-s, 0] that is c modulo s, and a = s*b + r: p = q - (c - c0)/s - rest - b.
  void solve_strided(size_t d, Affine affine, const Candidate& by) {
    const IndexId p = by.coefficient < 0 ? reversed(by.index) : by.index;
    IndexId a = by.within;
    if (a.valid() && affine.coefficient(a) < 0) a = reversed(a);
    affine = resolved(s_.subscripts[d].affine);
    const int64_t s = affine.coefficient(p);
    const int64_t c0 = affine.constant - s * ceil_div(affine.constant, s);

    Affine rest = affine.substituted(p, {});
    if (a.valid()) rest = rest.substituted(a, {});
    rest.constant -= c0;
    for (Affine::Term& term : rest.terms) term.coefficient /= s;
    rest.constant /= s;
    rest.batch /= s;

    const Dim size = s_.type.dims[d];
    const int64_t more = size.batch && c0 < 0 ? 1 : 0;  // ceil((f*N - c0) / s) for every N
    const int64_t count = ceil_div(size.factor - (size.batch ? 0 : c0), s) + more;
    const IndexId q = add_index(fresh_name(d), {count, size.batch});
    const IndexId r = add_index(fresh_name(pool_.size()), {s, false});
    fresh_[d] = {q, r};
    target_[d] = Affine::of(q, s).add(Affine::of(r)).add(Affine::of_constant(c0));

    Affine solution = Affine::of(q).add(rest, -1);
    if (a.valid()) {
      const int64_t blocks = ceil_div(pool_[a.index].extent.factor, s);
      Affine inner = Affine::of(r);
      if (blocks > 1) {
        const IndexId block = add_index(pool_[a.index].name, {blocks, false});
        inner.add(Affine::of(block, s));
        solution.add(Affine::of(block), -1);
      }
      set_solution(a, inner);
    } else {
      comparisons_.push_back({r, {}});
    }
    set_solution(p, solution);
  }

  // Step 3.
  bool compare_dimension(size_t d) {
    const Subscript& subscript = s_.subscripts[d];
    if (!are_solved(subscript)) return false;
    const IndexId j = add_index(fresh_name(d), s_.type.dims[d]);
    fresh_[d] = {j};
    target_[d] = Affine::of(j);
    const Dim size = s_.type.dims[d];
    const bool is_affine = !subscript.data.valid();
    const bool only_place = size == Dim{1, false};
    if (!only_place || !is_affine || !within(subscript.affine, s_.indices, size))
      comparisons_.push_back({j, subscript});
    const Affine at = resolved(subscript.affine);
    if (is_affine && at.is_constant() && at.batch == 0)
      outside_ |= at.constant < 0 || (size.is_constant() && at.constant >= size.factor);
    return true;
  }

  /// Whether all indices in a subscript, those in its gather included, are solved by others.
  bool are_solved(const Subscript& subscript) const {
    const auto solved = [this](const Affine& affine) {
      return std::all_of(
          affine.terms.begin(), affine.terms.end(), [this](const Affine::Term& term) {
            const Affine& by = resolved(Affine::of(term.index));
            return std::all_of(by.terms.begin(), by.terms.end(),
                               [this](const Affine::Term& t) { return is_fresh(t.index); });
          });
    };
    if (!solved(subscript.affine)) return false;
    if (!subscript.data.valid()) return true;
    for (const ExprId node : reachable(*s_.dag, subscript.data)) {
      const Expr& expr = (*s_.dag)[node];
      if (expr.kind == ExprKind::index && !solved(Affine::of(expr.index))) return false;
      for (const Subscript& inner : expr.subscripts)
        if (!solved(inner.affine)) return false;
    }
    return true;
  }

  // Step 4.
  void number_indices() {
    numbers_.assign(pool_.size(), IndexId{});
    const auto number = [this](IndexId k) {
      numbers_[k.index] = IndexId{static_cast<uint32_t>(result_.indices.size())};
      result_.indices.push_back(pool_[k.index]);
    };
    for (const auto& dimension : fresh_)
      for (const IndexId k : dimension) number(k);
    result_.free_count = static_cast<uint32_t>(result_.indices.size());
    for (IndexId k{0}; k.index < pool_.size(); ++k.index)
      if (!is_solved(k) && !numbers_[k.index].valid()) number(k);
    for (const Affine& affine : target_) result_.target.push_back({numbered(affine), {}});
  }

  /// An affine expression of the pool in the indices of the result.
  Affine numbered(const Affine& affine) const {
    const Affine all = resolved(affine);
    Affine result;
    result.constant = all.constant;
    result.batch = all.batch;
    for (const Affine::Term& term : all.terms)
      result.add(Affine::of(numbers_[term.index.index], term.coefficient));
    return result;
  }

  // Step 5.

  /// Whether an original index may leave its range where it is solved.
  bool is_loose(IndexId k) const {
    return is_solved(k) &&
           !within(numbered(Affine::of(k)), result_.indices, s_.indices[k.index].extent);
  }

  ExprId rewritten(ExprBuilder& b, ExprId root) const {
    return rewrite(*s_.dag, root, b, [&](Expr expr) {
      if (expr.kind == ExprKind::index) return b.affine(numbered(Affine::of(expr.index)));
      if (expr.kind == ExprKind::batch) return b.batch();
      bool may_leave = false;
      const TensorType& type = graph_[expr.tensor].type;
      for (size_t d = 0; d < expr.subscripts.size(); ++d) {
        Subscript& subscript = expr.subscripts[d];
        const Affine before = subscript.affine;
        subscript.affine = numbered(before);
        if (!subscript.data.valid())
          may_leave |= !within(subscript.affine, result_.indices, type.dims[d]);
        else
          may_leave |= has_loose_index(before) || may_be_outside(b.dag(), subscript.data);
      }
      if (may_leave && !expr.otherwise.valid()) expr.otherwise = b.number(0, expr.type);
      return b.read(expr.tensor, expr.type, std::move(expr.subscripts), expr.otherwise);
    });
  }

  bool has_loose_index(const Affine& affine) const {
    return std::any_of(affine.terms.begin(), affine.terms.end(),
                       [this](const Affine::Term& term) { return is_loose(term.index); });
  }

  /// Whether a rewritten gather holds values that its original may not have had: indices out of
  /// their range, or the 0 of a read outside.
  static bool may_be_outside(const ExprDag& dag, ExprId data) {
    for (const ExprId node : reachable(dag, data))
      if (dag[node].otherwise.valid() || dag[node].kind == ExprKind::index) return true;
    return false;
  }

  ExprId comparison(ExprBuilder& b, const Comparison& comparison) const {
    const ExprId position = b.index(numbers_[comparison.position.index]);
    ExprId named = b.affine(numbered(comparison.subscript.affine));
    if (comparison.subscript.data.valid()) {
      const ExprId data =
          convert_simplified(b, rewritten(b, comparison.subscript.data), DType::i64);
      named = apply_simplified(b, Function::add, {data, named});
    }
    return apply_simplified(b, Function::equal, {position, named});
  }

  ExprId in_range(ExprBuilder& b, IndexId k) const {
    const Affine solution = numbered(Affine::of(k));
    Affine end;
    const Dim extent = s_.indices[k.index].extent;
    (extent.batch ? end.batch : end.constant) = extent.factor;
    const ExprId value = b.affine(solution);
    const ExprId low = b.apply(Function::less_equal, {b.integer(0, DType::i64), value});
    const ExprId high = b.apply(Function::less, {value, b.affine(end)});
    // `within` with no upper limit, and with no lower one, tells which test is needed.
    if (within(solution, result_.indices, {std::numeric_limits<int64_t>::max() / 4, extent.batch}))
      return high;
    Affine from_end = end;
    from_end.add(solution, -1).constant -= 1;
    if (within(from_end, result_.indices, {std::numeric_limits<int64_t>::max() / 4, true}))
      return low;
    return b.apply(Function::logical_and, {low, high});
  }

  static ExprId where(ExprBuilder& b, ExprId condition, ExprId value) {
    return apply_simplified(b, Function::select, {condition, value, b.constant_like(value, 0)});
  }

  const Graph& graph_;
  const Scatter& s_;
  std::vector<Index> pool_;
  std::vector<std::optional<Affine>> solutions_;  ///< by index of the pool
  std::vector<std::vector<IndexId>> fresh_;       ///< by dimension: the indices of its positions
  std::vector<Affine> target_;                    ///< by dimension, in fresh indices
  std::vector<Comparison> comparisons_;
  bool outside_ = false;          ///< a dimension is never read inside
  std::vector<IndexId> numbers_;  ///< from the pool to the indices of the result
  Definition result_;
};

/// The scatter as it stands, into a result that starts at 0.
Definition accumulation(const Scatter& scatter) {
  Definition result;
  result.indices = scatter.indices;
  result.free_count = static_cast<uint32_t>(scatter.indices.size());
  result.accumulate = true;
  ExprBuilder b(result.dag);
  const auto keep = [&](Expr expr) { return result.dag.add(std::move(expr)); };
  for (const Subscript& subscript : scatter.subscripts) {
    const ExprId data =
        subscript.data.valid() ? rewrite(*scatter.dag, subscript.data, b, keep) : ExprId{};
    result.target.push_back({subscript.affine, data});
  }
  result.body = rewrite(*scatter.dag, scatter.value, b, keep);
  return result;
}

}  // namespace

Definition inverted(const Graph& graph, const Scatter& scatter) {
  Inversion inversion(graph, scatter);
  return inversion.solve() ? inversion.definition() : accumulation(scatter);
}

}  // namespace netc
