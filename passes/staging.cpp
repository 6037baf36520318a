// A window has one dimension for each index that moves the read, but indices that a guard adds up
// (`p + i - 1`) share one: the positions that they reach together, each once.
#include "passes/staging.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace netc {

namespace {

constexpr int64_t line_bytes = 64;
constexpr int64_t page_bytes = 4096;
constexpr int64_t most_pages = 512;  ///< whose addresses a processor surely keeps at hand
constexpr int64_t cache_ways = 8;    ///< of the second cache; some have more

/// Whether steps of this many bytes fall on so few sets of the second cache that the lines of
/// `count` steps do not stay there.
bool thrashes(int64_t step_bytes, int64_t count, const Target& target) {
  int64_t sets = std::max<int64_t>(target.l2_bytes / (line_bytes * cache_ways), 1);
  if (step_bytes % line_bytes != 0) return false;
  int64_t distinct = sets / std::gcd(step_bytes / line_bytes, sets);
  return count > distinct * cache_ways || (step_bytes >= page_bytes / 2 && count >= most_pages);
}

/// The part of an index in a window.
enum class Part {
  fixed,  ///< a loop outside holds it at one value
  tile,   ///< it runs over the tile that a loop outside has reached
  whole,  ///< it runs over all its values
};

class WindowBuilder {
 public:
  WindowBuilder(const Graph& graph, const AccessedNest& nest, const Plan& plan, ExprId read,
                size_t depth)
      : graph_(graph), nest_(nest), plan_(plan), source_(nest.reads.at(read)), depth_(depth) {
    staged_.read = read;
    staged_.depth = depth;
  }

  std::optional<StagedRead> run(int64_t most_bytes) {
    if (!add_guarded() || !add_others()) return {};
    order_dims();
    int64_t stride = 1;
    for (size_t d = staged_.dims.size(); d-- > 0;) {
      WindowDim& dim = staged_.dims[d];
      dim.stride = stride;
      int64_t extent = dim.extent.at(graph_.capacity);
      if (d + 1 == staged_.dims.size() && plan_.lanes > 1)
        extent = (extent + plan_.lanes - 1) / plan_.lanes * plan_.lanes;
      if (extent > most_bytes || stride > most_bytes) return {};
      stride *= extent;
    }
    staged_.elements = stride;
    if (stride * byte_size(nest_.nest.dag[staged_.read].type) > most_bytes) return {};
    address();
    return std::move(staged_);
  }

 private:
  const Index& index_at(IndexId index) const { return nest_.nest.indices[index.index]; }

  Part part_of(IndexId index) const {
    if (index.index < nest_.nest.steps) return Part::fixed;
    auto end = plan_.order.begin() + static_cast<std::ptrdiff_t>(depth_);
    if (std::find(plan_.order.begin(), end, index) == end) return Part::whole;
    bool tile = index == plan_.vector || plan_.slots[index.index] > 1;
    return tile ? Part::tile : Part::fixed;
  }

  /// Values of an index within the window.
  Dim reach(IndexId index) const {
    if (part_of(index) == Part::fixed) return {1, false};
    if (index == plan_.part_index) return {plan_.part, false};
    if (part_of(index) == Part::whole) return index_at(index).extent;
    int64_t lanes = index == plan_.vector ? plan_.lanes : 1;
    return {plan_.slots[index.index] * lanes, false};
  }

  /// Tiles of the batch may repeat a row, and end where N does.
  bool is_irregular(IndexId index) const {
    return part_of(index) == Part::tile && index_at(index).extent.batch;
  }

  bool add_guarded() {
    for (size_t g = 0; g < source_.guards.size(); ++g) {
      const Guard& guard = source_.guards[g];
      if (guard.data || guard.affine.batch || guard.size.batch) return false;
      WindowDim dim;
      dim.guard = static_cast<int>(g);
      int64_t extent = 1;
      for (const auto& [index, coefficient] : guard.affine.terms) {
        BatchCount stride = source_.stride(index);
        if (!stride.is_constant() || stride.constant() % coefficient != 0) return false;
        BatchCount step = stride.constant() / coefficient;
        if (!dim.terms.empty() && !(step == dim.source_stride)) return false;
        if (is_irregular(index) || !placed_.insert(index).second) return false;
        if (part_of(index) == Part::tile && coefficient < 0) return false;
        Dim values = reach(index);
        if (values.batch) return false;
        dim.source_stride = step;
        dim.terms.push_back({index, coefficient});
        extent += std::abs(coefficient) * (values.factor - 1);
      }
      if (dim.terms.empty()) return false;
      dim.extent = {extent, false};
      staged_.dims.push_back(std::move(dim));
    }
    return true;
  }

  bool add_others() {
    for (const auto& [index, stride] : source_.strides) {
      if (placed_.count(index) || part_of(index) == Part::fixed) continue;
      if (!stride.is_constant() || stride.constant() <= 0 || is_irregular(index)) return false;
      staged_.dims.push_back({reach(index), stride, 0, {{index, 1}}, -1});
    }
    return !staged_.dims.empty();
  }

  bool holds(const WindowDim& dim, IndexId index) const {
    return std::any_of(dim.terms.begin(), dim.terms.end(),
                       [&](const Affine::Term& term) { return term.index == index; });
  }

  /// As in the tensor, but the lanes' dimension last.
  void order_dims() {
    std::stable_sort(staged_.dims.begin(), staged_.dims.end(),
                     [&](const WindowDim& a, const WindowDim& b) {
                       bool a_last = holds(a, plan_.vector), b_last = holds(b, plan_.vector);
                       if (a_last != b_last) return b_last;
                       return a.source_stride.constant() > b.source_stride.constant();
                     });
  }

  /// How the loops within reach the copy.
  void address() {
    for (const WindowDim& dim : staged_.dims)
      for (const auto& [index, coefficient] : dim.terms) {
        Part part = part_of(index);
        if (part == Part::fixed) continue;
        if (part == Part::tile) staged_.relative |= bit(index);
        staged_.access.strides[index].add(dim.stride * coefficient);
        if (coefficient < 0 && index != plan_.part_index)
          staged_.access.constant.add(-dim.stride * coefficient * (reach(index).factor - 1));
      }
    std::erase_if(staged_.access.strides, [](const auto& entry) { return entry.second.is_zero(); });
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  const Access& source_;
  size_t depth_;
  StagedRead staged_;
  std::set<IndexId> placed_;
};

/// Whether sums with their lanes along `vector` may gain from a copy of this read.
bool may_stage(const Graph& graph, const AccessedNest& nest, ExprId read, IndexId vector,
               const Target& target) {
  auto found = nest.reads.find(read);
  if (found == nest.reads.end() || !found->second.data.empty()) return false;
  const Access& access = found->second;
  const Expr& expr = nest.nest.dag[read];
  if (expr.otherwise && nest.nest.dag[expr.otherwise].kind != ExprKind::constant) return false;
  if (!access.guards.empty()) return true;
  BatchCount stride = access.stride(vector);
  if (stride.is_zero()) return false;
  if (!stride.is(1)) return true;
  for (const auto& [index, step] : access.strides) {
    if (nest.nest.is_free(index) || !step.is_constant()) continue;
    int64_t count = nest.nest.indices[index.index].extent.at(graph.capacity);
    if (thrashes(step.constant() * byte_size(expr.type), count, target)) return true;
  }
  return false;
}

}  // namespace

std::set<ExprId> stageable_reads(const Graph& graph, const AccessedNest& nest, IndexId vector,
                                 const Target& target) {
  std::set<ExprId> result;
  for (const Stage& stage : nest.nest.stages) {
    IndexSet reduced = 0;
    for (IndexId index : stage.reduced) reduced |= bit(index);
    for (ExprId id : reachable(nest.nest.dag, stage.body))
      if ((nest.depends[id.index] & reduced) && may_stage(graph, nest, id, vector, target))
        result.insert(id);
  }
  return result;
}

std::optional<StagedRead> window_at(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                                    ExprId read, size_t depth, const Target& target) {
  return WindowBuilder(graph, nest, plan, read, depth).run(target.scratch_bytes());
}

double copy_cycles(const StagedRead& staged, const Plan& plan, int64_t capacity) {
  double rows = 1;
  bool turned = false;
  for (size_t d = 0; d + 1 < staged.dims.size(); ++d) {
    rows *= static_cast<double>(staged.dims[d].extent.at(capacity));
    turned |= staged.dims[d].source_stride.is(1);
  }
  const WindowDim& last = staged.dims.back();
  auto extent = static_cast<double>(last.extent.at(capacity));
  double vectors = std::ceil(extent / plan.lanes);
  if (last.source_stride.is(1)) return rows * (3 + 2.5 * vectors);
  return rows * (3 + vectors * plan.lanes * (turned ? 0.7 : 1.5));
}

const StagedRead* find_staged(const Plan& plan, ExprId read) {
  for (const StagedRead& staged : plan.staged)
    if (staged.read == read) return &staged;
  return nullptr;
}

}  // namespace netc
