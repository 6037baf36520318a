#include "passes/simplify_known_sums.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "passes/nest.h"

namespace netc {

namespace {

/// A sum of products of two elements.
struct Contraction {
  const Definition* sum;
  std::array<const Expr*, 2> factors;
};

std::optional<Contraction> contraction(const Definition& sum) {
  const Expr& body = sum.dag[sum.body];
  if (!body.is_call(Function::mul)) return {};
  const Expr &x = sum.dag[body.args[0]], &y = sum.dag[body.args[1]];
  if (!x.is_plain_read() || !y.is_plain_read()) return {};
  return {{&sum, {&x, &y}}};
}

std::optional<Contraction> contraction_of(const Graph& graph, ValueId value) {
  const Definition* sum = plain_definition(graph, value, Reduction::sum);
  return sum != nullptr ? contraction(*sum) : std::nullopt;
}

bool reads_at(const Expr& read, IndexId index) {
  return std::any_of(read.subscripts.begin(), read.subscripts.end(),
                     [&](const Subscript& at) { return at.affine.coefficient(index) != 0; });
}

/// Which index of one definition stands for which of another.
using Pairs = std::map<IndexId, IndexId>;

/// Pairs the indices by which two reads take the same element; false if they cannot.
bool pair_indices(const Expr& read, const Expr& other, Pairs& pairs) {
  if (read.tensor != other.tensor) return false;
  for (size_t d = 0; d < read.subscripts.size(); ++d) {
    const Affine &from = read.subscripts[d].affine, &to = other.subscripts[d].affine;
    if (from.is_constant() && from == to) continue;
    const auto a = from.single(), b = to.single();
    if (!a || !b || pairs.emplace(*a, *b).first->second != *b) return false;
  }
  return true;
}

/// The indices of `y` as those of `inner`, if `y = sum[c] w[.., c] * b` for a factor b of `inner`,
/// and c its last free index.
std::optional<Pairs> paired(const Contraction& y, const Expr& w, const Contraction& inner,
                            const Expr& b) {
  for (size_t k = 0; k < 2; ++k) {
    Pairs pairs;
    if (!pair_indices(*y.factors[k], w, pairs) || !pair_indices(*y.factors[1 - k], b, pairs))
      continue;
    std::set<IndexId> met;
    const bool covers = std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
      const Index &from = y.sum->indices[pair.first.index],
                  &to = inner.sum->indices[pair.second.index];
      const bool is_summed = pair.second.index + 1 == inner.sum->free_count;
      return from.extent == to.extent && y.sum->is_free(pair.first) != is_summed &&
             met.insert(pair.second).second;
    });
    const size_t all = inner.sum->indices.size();
    if (covers && pairs.size() == y.sum->indices.size() && met.size() == all) return pairs;
  }
  return {};
}

/// `sum[d] a * y`, with the free indices of `sum` and the summed ones of `inner`.
Definition summed_anew(const Definition& sum, const Contraction& inner, const Expr& a,
                       const Contraction& y, ValueId value, const Pairs& pairs) {
  Definition result = sum;
  result.indices.pop_back();
  for (size_t k = sum.indices.size(); k < inner.sum->indices.size(); ++k)
    result.indices.push_back(inner.sum->indices[k]);
  result.dag = {};
  const auto there = [&](IndexId index) {
    return Affine::of(index.index < sum.free_count ? index : IndexId{index.index - 1});
  };
  std::vector<Subscript> subscripts;
  for (uint32_t k = 0; k < y.sum->free_count; ++k)
    subscripts.push_back({there(pairs.at(IndexId{k})), {}});
  ExprBuilder b(result.dag);
  const ExprId x = b.reindexed(a, there);
  result.body = b.mul(x, b.read(value, a.type, std::move(subscripts)));
  return result;
}

/// Whether two definitions run over the same values of the first `count` indices.
bool same_extents(const Definition& a, const Definition& b, size_t count) {
  return std::equal(a.indices.begin(), a.indices.begin() + static_cast<std::ptrdiff_t>(count),
                    b.indices.begin(),
                    [](const Index& x, const Index& y) { return x.extent == y.extent; });
}

/// The sum anew by one that is there, where the factors of `inner`, which it is taken of, are `a`
/// without c and `b`.
std::optional<Definition> by_sum_with(const Graph& graph, const Definition& sum, const Expr& w,
                                      const Contraction& inner, const Expr& a, const Expr& b) {
  for (uint32_t v = 0; v < graph.values.size(); ++v) {
    const auto y = contraction_of(graph, ValueId{v});
    const auto pairs = y ? paired(*y, w, inner, b) : std::nullopt;
    if (pairs) return summed_anew(sum, inner, a, *y, ValueId{v}, *pairs);
  }
  return {};
}

}  // namespace

std::optional<Definition> by_known_sum(const Definition& sum, const KnownTensors& known) {
  const bool is_sum = sum.reduction == Reduction::sum && !sum.accumulate && !sum.base.valid() &&
                      sum.has_identity_target();
  const auto outer = is_sum ? contraction(sum) : std::nullopt;
  if (!outer || sum.indices.size() != sum.free_count + 1) return {};
  const Graph& graph = *known.graph;
  const auto values = [&](const Definition& of) {
    double count = 1;
    for (size_t k = of.free_count; k < of.indices.size(); ++k)
      count *= static_cast<double>(of.indices[k].extent.at(graph.capacity));
    return count;
  };
  const auto rank = static_cast<uint32_t>(sum.indices.size());
  for (size_t k = 0; k < 2; ++k) {
    const Expr &product = *outer->factors[k], &w = *outer->factors[1 - k];
    if (!is_identity(product.subscripts, rank) || !is_identity(w.subscripts, rank)) continue;
    const auto inner = contraction_of(graph, product.tensor);
    if (!inner || inner->sum->free_count != rank || values(*inner->sum) > values(sum)) continue;
    if (!same_extents(sum, *inner->sum, rank)) continue;
    for (size_t m = 0; m < 2; ++m) {
      const Expr &a = *inner->factors[m], &b = *inner->factors[1 - m];
      if (reads_at(a, IndexId{rank - 1})) continue;
      if (auto found = by_sum_with(graph, sum, w, *inner, a, b)) return found;
    }
  }
  return {};
}

}  // namespace netc
