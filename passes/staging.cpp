// A window has one dimension for each index that moves the read, but indices that a guard adds up
// (`p + i - 1`) share one: the positions that they reach together, each once.
#include "passes/staging.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace netc {

namespace {

constexpr int64_t page_bytes = 4096;
constexpr int64_t most_pages = 512;    ///< whose addresses a processor surely keeps at hand
constexpr int64_t pages_at_hand = 64;  ///< without asking its second table of addresses
constexpr int64_t most_packed_bytes = 1 << 30;
constexpr int64_t most_packing_tasks = 32;
constexpr int64_t cache_ways = 8;  ///< of the second cache; some have more

// How many times longer loads take.
constexpr double cost_of_distance = 6;  ///< where lines come from beyond the second cache
constexpr double cost_of_pages = 2.5;   ///< where each is on another page

int64_t rounded_up(int64_t count, int64_t step) { return (count + step - 1) / step * step; }

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
                size_t depth, bool packed)
      : graph_(graph), nest_(nest), plan_(plan), source_(nest.reads.at(read)), depth_(depth) {
    staged_.read = read;
    staged_.depth = depth;
    staged_.packed = packed;
    for (size_t k = 0; packed && k < depth; ++k)
      if (nest.depends[read.index] & bit(plan.order[k])) staged_.around.push_back(plan.order[k]);
  }

  std::optional<StagedRead> run(int64_t most_bytes) {
    if (!add_guarded() || !add_others()) return {};
    order_dims();
    int64_t stride = 1;
    for (size_t d = staged_.dims.size(); d-- > 0;) {
      WindowDim& dim = staged_.dims[d];
      dim.stride = stride;
      int64_t extent = dim.extent.at(graph_.capacity);
      const int64_t lanes = plan_.lane_count();
      if (d + 1 == staged_.dims.size() && lanes > 1 && holds(dim, plan_.lane_index()))
        extent = rounded_up(extent, lanes);
      if (extent > most_bytes || stride > most_bytes) return {};
      stride *= extent;
    }
    staged_.elements = stride + spare_elements(stride);
    if (stride * byte_size(nest_.nest.dag[staged_.read].type) > most_bytes) return {};
    address();
    return std::move(staged_);
  }

 private:
  /// What keeps packed windows off the same sets of the first cache, where they are filled side by
  /// side: a line and a part, as windows of whole pages would else begin at equal places.
  int64_t spare_elements(int64_t elements) const {
    const int64_t width = byte_size(nest_.nest.dag[staged_.read].type);
    const bool alias = staged_.packed && elements * width % (page_bytes / 4) == 0;
    return alias ? line_bytes / width : 0;
  }

  const Index& index_at(IndexId index) const { return nest_.nest.indices[index.index]; }

  Part part_of(IndexId index) const {
    if (index.index < nest_.nest.steps) return Part::fixed;
    auto end = plan_.order.begin() + static_cast<std::ptrdiff_t>(depth_);
    if (std::find(plan_.order.begin(), end, index) == end) return Part::whole;
    bool tile = index == plan_.vector || plan_.slots[index.index] > 1;
    return tile ? Part::tile : Part::fixed;
  }

  /// Whether the window holds one part of the index at a time.
  bool is_part(IndexId index) const { return index == plan_.part.index && !staged_.packed; }

  /// Values of an index within the window.
  Dim reach(IndexId index) const {
    if (part_of(index) == Part::fixed) return {1, false};
    if (is_part(index)) return {plan_.part.values, false};
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
      if (!stride.is_constant() && index == plan_.lane_index()) return false;
      if (stride.at(graph_.capacity) <= 0 || is_irregular(index)) return false;
      staged_.dims.push_back({reach(index), stride, 0, {{index, 1}}, -1});
    }
    return !staged_.dims.empty();
  }

  bool holds(const WindowDim& dim, IndexId index) const {
    return std::any_of(dim.terms.begin(), dim.terms.end(),
                       [&](const Affine::Term& term) { return term.index == index; });
  }

  /// As in the tensor, but the lanes' dimension last. What is packed is in the sum's order.
  void order_dims() {
    const std::vector<IndexId>& reduced = nest_.nest.stages[0].reduced;
    auto place = [&](const WindowDim& dim) {
      return std::find(reduced.begin(), reduced.end(), dim.terms[0].index) - reduced.begin();
    };
    if (staged_.packed)
      return std::stable_sort(
          staged_.dims.begin(), staged_.dims.end(),
          [&](const WindowDim& a, const WindowDim& b) { return place(a) < place(b); });
    std::stable_sort(
        staged_.dims.begin(), staged_.dims.end(), [&](const WindowDim& a, const WindowDim& b) {
          bool a_last = holds(a, plan_.lane_index()), b_last = holds(b, plan_.lane_index());
          if (a_last != b_last) return b_last;
          return a.source_stride.at(graph_.capacity) > b.source_stride.at(graph_.capacity);
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
        if (coefficient < 0 && !is_part(index))
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

/// How many times longer loads take where the steps of a sum are far apart; 0: no longer.
double cost_of_steps(const Graph& graph, const AccessedNest& nest, const Access& access, DType type,
                     SumPart part, const Target& target) {
  int64_t least = 0, total = 1;
  double cost = 0;
  auto consider = [&](int64_t step, int64_t count) {
    if (thrashes(step, count, target)) cost = std::max(cost, cost_of_distance);
    if (step >= page_bytes / 4 && step * count >= 2 * pages_at_hand * page_bytes)
      cost = std::max(cost, cost_of_pages);
  };
  for (const auto& [index, each] : access.strides) {
    if (nest.nest.is_free(index)) continue;
    int64_t step = std::abs(each.at(graph.capacity)) * byte_size(type);
    if (step < line_bytes) return 0;
    int64_t count = nest.nest.indices[index.index].extent.at(graph.capacity);
    if (index == part.index) count = std::min(count, part.values);
    if (index == nest.nest.stages[0].reduced.back()) consider(step, count);
    least = least == 0 ? step : std::min(least, step);
    total *= count;
  }
  consider(least, total);
  return cost;
}

/// How many times longer the elements of this read take than those of a copy, if sums with their
/// lanes along `vector` may gain from one; 0: they do not.
double cost_in_place(const Graph& graph, const AccessedNest& nest, ExprId read, IndexId vector,
                     SumPart part, const Target& target) {
  auto found = nest.reads.find(read);
  if (found == nest.reads.end() || !found->second.data.empty()) return 0;
  const Access& access = found->second;
  const Expr& expr = nest.nest.dag[read];
  if (expr.otherwise && nest.nest.dag[expr.otherwise].kind != ExprKind::constant) return 0;
  if (!access.guards.empty()) return 1;
  BatchCount stride = access.stride(vector);
  if (!stride.is_zero() && !stride.is(1)) return cost_of_distance;
  return cost_of_steps(graph, nest, access, expr.type, part, target);
}

}  // namespace

std::map<ExprId, double> stageable_reads(const Graph& graph, const AccessedNest& nest,
                                         IndexId vector, SumPart part, const Target& target) {
  std::map<ExprId, double> result;
  for (const Stage& stage : nest.nest.stages) {
    IndexSet reduced = 0;
    for (IndexId index : stage.reduced) reduced |= bit(index);
    for (ExprId id : reachable(nest.nest.dag, stage.body)) {
      if (!(nest.depends[id.index] & reduced)) continue;
      double cost = cost_in_place(graph, nest, id, vector, part, target);
      if (cost > 0) result[id] = cost;
    }
  }
  return result;
}

std::optional<StagedRead> window_at(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                                    ExprId read, size_t depth, bool packed, const Target& target) {
  // Rows of packed windows are in the sum's order.
  if (packed && plan.lane_index() != plan.vector) return {};
  auto window = WindowBuilder(graph, nest, plan, read, depth, packed)
                    .run(packed ? most_packed_bytes : target.scratch_bytes());
  if (!window || !nest.reads.at(read).guards.empty()) return window;
  DType type = nest.nest.dag[read].type;
  if (cost_of_steps(graph, nest, window->access, type, plan.part, target) > 0) return {};
  return window;
}

bool stays_until_copied(const StagedRead& staged, DType type, const Target& target) {
  return std::none_of(staged.dims.begin(), staged.dims.end(), [&](const WindowDim& dim) {
    if (!dim.source_stride.is_constant() || dim.extent.batch) return true;
    return thrashes(dim.source_stride.constant() * byte_size(type), dim.extent.factor, target);
  });
}

int64_t count_windows(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                      const StagedRead& staged) {
  int64_t count = 1;
  for (IndexId index : staged.around)
    count *= plan.rounds(index, nest.nest.indices[index.index].extent.at(graph.capacity));
  return count;
}

size_t scans_of_packing(const Graph& graph, const AccessedNest& nest, ExprId read) {
  size_t scans = 0;
  for (uint32_t i = 0; i < nest.nest.steps; ++i)
    if (nest.depends[read.index] & bit(IndexId{i})) scans = i + 1;
  const Value& tensor = graph[nest.nest.dag[read].tensor];
  if (tensor.kind != ValueKind::result) return scans;
  const Value& sum = graph[nest.nest.stages[0].value];
  return std::max(scans, shared_scans(graph, graph[tensor.producer], graph[sum.producer]));
}

bool packs_by_rows(const StagedRead& staged) {
  return staged.dims.size() > 1 && staged.dims[0].terms.size() == 1 &&
         staged.dims.back().source_stride.is(1);
}

Plan packing_plan(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                  const StagedRead& staged, const Target& target) {
  Plan result = plan;
  result.parallel = false;
  auto windows = static_cast<double>(count_windows(graph, nest, plan, staged));
  result.cycles = windows * copy_cycles(staged, plan, graph.capacity);
  int64_t most = 1;
  auto consider = [&](IndexId index, Dim extent, int64_t rounds) {
    if (rounds <= most) return;
    most = rounds;
    result.task_index = index;
    result.tasks.extent = extent;
  };
  const WindowDim& rows = staged.dims[0];
  const bool by_rows = packs_by_rows(staged);
  if (by_rows) {
    consider(rows.terms[0].index, rows.extent, rows.extent.at(graph.capacity));
  } else {
    for (IndexId index : staged.around) {
      Dim extent = nest.nest.indices[index.index].extent;
      consider(index, extent, plan.rounds(index, extent.at(graph.capacity)));
    }
  }
  auto wanted = static_cast<int64_t>(result.cycles / target.wake_cycles);
  int64_t tasks = std::min({wanted, most, most_packing_tasks});
  if (tasks < 2) return result;
  result.parallel = true;
  result.tasks.chunk = (most + tasks - 1) / tasks * plan.step(result.task_index);
  if (by_rows) result.tasks.chunk = rounded_up(result.tasks.chunk, far_rows_at_once);
  return result;
}

std::string packing_text(const AccessedNest& nest, const Plan& plan, const StagedRead& staged) {
  const Access& access = nest.reads.at(staged.read);
  auto number = [](const BatchCount& count) {
    return fmt::format("{}", fmt::join(count.coefficients(), "+N*"));
  };
  std::string text = number(access.constant);
  for (uint32_t i = 0; i < nest.nest.steps; ++i) text += " " + number(access.stride(IndexId{i}));
  for (const WindowDim& dim : staged.dims)
    text += fmt::format(" {}:{}:{}", to_string(dim.extent), number(dim.source_stride), dim.stride);
  for (IndexId index : staged.around)
    text += fmt::format(" {}*{}*{}", to_string(nest.nest.indices[index.index].extent),
                        number(access.stride(index)), plan.step(index));
  return text;
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
  double vectors = std::ceil(extent / plan.lane_count());
  // Few elements of each line, each line from far away.
  bool scattered = !staged.packed && extent < 32 && staged.dims.size() > 1 &&
                   staged.dims[0].source_stride.at(capacity) >= page_bytes / 16;
  if (last.source_stride.is(1)) return rows * (3 + 2.5 * vectors + (scattered ? 8 : 0));
  return rows * (3 + vectors * plan.lane_count() * (turned ? 0.7 : 1.5));
}

const StagedRead* find_staged(const Plan& plan, ExprId read) {
  for (const StagedRead& staged : plan.staged)
    if (staged.read == read) return &staged;
  return nullptr;
}

}  // namespace netc
