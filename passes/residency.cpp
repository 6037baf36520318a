#include "passes/residency.h"

#include <algorithm>
#include <cmath>

namespace netc {

namespace {

constexpr double bytes_a_cycle = 4;   ///< of lines that come from beyond the second cache
constexpr double share_hidden = 0.5;  ///< of the arithmetic's time, in which they come besides

class Reader {
 public:
  Reader(const Graph& graph, const AccessedNest& nest, const Plan& plan, ExprId read,
         const Access& access)
      : graph_(graph), nest_(nest), plan_(plan), read_(read), access_(access) {}

  /// What the loops within the outermost one that the read does not move with, or moves by less
  /// than it spans, read each time; 0 if there is no such loop.
  double bytes_again() const {
    double bytes = bytes_of_tile();
    bool again = false;
    for (IndexId index : plan_.order) {
      if (!moves(index)) again |= rounds(index) > 1;
      if (moves(index) && again) bytes *= rounds(index);
    }
    return again ? bytes : 0;
  }

  /// What all tiles read together.
  double bytes_in_all() const {
    double bytes = bytes_of_tile();
    for (IndexId index : plan_.order) bytes *= rounds(index);
    return bytes;
  }

  /// What the sum of one tile reads, its own elements or the whole lines that they lie on; 0 if the
  /// read is not part of a sum.
  double bytes_of_tile(bool in_lines = false) const {
    const int64_t width = byte_size(nest_.nest.dag[read_].type);
    const double line = static_cast<double>(line_bytes / width);
    double elements = 1, of_line = 1;
    bool reduces = false;
    for (const auto& [index, stride] : access_.strides) {
      const bool is_reduced = !nest_.nest.is_free(index);
      reduces |= is_reduced;
      if (!is_reduced && !(in_order(index) && moves(index))) continue;
      int64_t values = std::min<int64_t>(plan_.step(index), extent(index));
      if (is_reduced) values = index == plan_.part.index ? plan_.part.values : extent(index);
      elements *= static_cast<double>(values);
      const double apart = std::abs(static_cast<double>(stride.at(graph_.capacity)));
      if (apart < line) of_line *= std::min(static_cast<double>(values), std::ceil(line / apart));
    }
    if (!reduces) return 0;
    const double share_of_line = in_lines ? std::min(1.0, of_line / line) : 1;
    return elements * static_cast<double>(width) / share_of_line;
  }

 private:
  int64_t extent(IndexId index) const { return nest_.nest.extent(index, graph_.capacity); }
  double rounds(IndexId index) const {
    return static_cast<double>(plan_.rounds(index, extent(index)));
  }
  bool moves(IndexId index) const { return !access_.stride(index).is_zero() && !overlaps(index); }

  bool in_order(IndexId index) const {
    return std::find(plan_.order.begin(), plan_.order.end(), index) != plan_.order.end();
  }

  /// Whether an index moves the read by less than one of the sum's indices does in all.
  bool overlaps(IndexId index) const {
    int64_t step = std::abs(access_.stride(index).constant());
    return std::any_of(access_.strides.begin(), access_.strides.end(), [&](const auto& other) {
      int64_t least = std::abs(other.second.constant());
      return !nest_.nest.is_free(other.first) && least <= step &&
             step < least * extent(other.first);
    });
  }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  ExprId read_;
  const Access& access_;
};

}  // namespace

Residency residency_of(const Graph& graph, const AccessedNest& nest, const Plan& plan,
                       const Target& target) {
  Residency result;
  int64_t after = 0;  // the sums: read and written
  for (const auto& [read, access] : nest.reads) {
    Reader reader(graph, nest, plan, read, access);
    double bytes = reader.bytes_again();
    if (reader.bytes_of_tile() == 0)
      after += graph[nest.nest.dag[read].tensor].type.bytes(graph.capacity);
    result.bytes += bytes > 0 ? bytes : reader.bytes_of_tile(true);
    if (bytes > 0.25 * static_cast<double>(target.l2_bytes))
      result.cycles += reader.bytes_in_all() / bytes_a_cycle;
  }
  for (const Store& store : nest.nest.stores) after += store.type.bytes(graph.capacity);
  // It passes through the cache as well, and takes of the time in which lines come.
  if (!plan.part && result.cycles > 0) {
    const IndexId outer = plan.order[0];
    const int64_t rounds = plan.rounds(outer, nest.nest.extent(outer, graph.capacity));
    result.bytes += static_cast<double>(after) / static_cast<double>(rounds);
    result.cycles += static_cast<double>(after) / bytes_a_cycle;
  }
  if (result.bytes <= 0.7 * static_cast<double>(target.l2_bytes)) result.cycles = 0;
  result.cycles = std::max(0.0, result.cycles - share_hidden * plan.cycles);
  return result;
}

}  // namespace netc
