// Costs are rough numbers for x86 cores of 2017 to 2025; only their proportions matter.
#include "passes/tiling_cost.h"

#include <algorithm>

namespace netc {

namespace {

constexpr int64_t far_bytes = 2048;
constexpr int64_t most_aliases = 6;  ///< lines that share a set with others and stay
constexpr double share_of_near_reads = 0.8;
constexpr double cost_of_aliases = 1.6;  ///< where they do not

/// Cycles of one vector instruction, of which there are two at a time: two halves where the units
/// are half as wide as the vectors.
double vector_cycles(LaneChoice lanes, DType type) {
  int64_t bytes = lanes.lanes * std::max<int64_t>(byte_size(type), 4);
  return std::max(0.5 * static_cast<double>(bytes) / static_cast<double>(lanes.unit_bytes), 0.5);
}

/// Cycles and instructions of a scalar function on registers of 32 bytes.
struct FunctionCost {
  double cycles;
  double size;
};

FunctionCost function_cost(Function function) {
  switch (function) {
    case Function::div:
    case Function::sqrt:
    case Function::rsqrt:
      return {8, 2};
    case Function::mod:
      return {20, 6};
    case Function::random:
      return {80, 130};
    case Function::exp:
    case Function::sigmoid:
    case Function::tanh:
    case Function::log:
      return {24, 40};
    case Function::pow:
      return {120, 150};
    case Function::erf:
    case Function::sin:
    case Function::cos:
    case Function::log1p:
    case Function::expm1:
      return {40, 60};
    default:
      return {1, 1};
  }
}

double access_cycles(const Access& access, bool guarded, DType type, bool varies,
                     LaneChoice lanes) {
  // Guards mostly follow from outer indices: what stays is a selection at each read.
  double guard = guarded ? 1 : 0;
  if (!varies) return 0.5 + guard + static_cast<double>(access.data.size());
  double unit = vector_cycles(lanes, type);
  bool contiguous = access.data.empty() && access.stride(lanes.index).is(1);
  // Twice the load itself: most vectors come from the second cache.
  if (contiguous) return unit * (2 + 2 * guard);
  // Lanes on pages of their own also miss the first cache and the table of addresses.
  BatchCount stride = access.stride(lanes.index);
  int64_t bytes = stride.is_constant() ? std::abs(stride.constant()) * byte_size(type) : 0;
  double each = bytes >= far_bytes ? 2.5 : bytes >= line_bytes ? lanes.line_cycles : 0.8;
  return lanes.lanes * each + unit * 2 * guard;
}

/// Free indices whose steps are whole pages: the lines that they reach displace one another.
IndexSet aliases(const AccessedNest& nest, const Access& access, DType type) {
  constexpr int64_t page_bytes = 4096;
  IndexSet result = 0;
  for (const auto& [index, stride] : access.strides)
    if (nest.nest.is_free(index) && stride.is_constant() &&
        stride.constant() * byte_size(type) % page_bytes == 0)
      result |= bit(index);
  return result;
}

}  // namespace

SectionCost::SectionCost(const AccessedNest& nest, const std::vector<ExprId>& roots,
                         LaneChoice lanes, const ReadChoice& reads) {
  std::set<ExprId> seen;
  for (ExprId root : roots) {
    if (!root) continue;
    for (ExprId id : reachable(nest.nest.dag, root)) {
      if (!seen.insert(id).second) continue;
      const Expr& expr = nest.nest.dag[id];
      NodeCost node{nest.depends[id.index], 0, 1, false};
      bool varies = lanes.index && (node.depends & bit(lanes.index));
      double unit = varies ? vector_cycles(lanes, expr.type) : 0.5;
      if (expr.kind == ExprKind::apply) {
        FunctionCost cost = function_cost(expr.function);
        node.cycles = cost.cycles * unit;
        node.size = cost.size;
      } else if (expr.kind == ExprKind::convert) {
        node.cycles = 2 * unit;
      } else if (auto read = nest.reads.find(id); read != nest.reads.end()) {
        node.memory = true;
        auto helped = reads.helped.find(id);
        if (helped != reads.helped.end() && reads.copied) {
          node.cycles = varies ? 1.6 * unit : 0.5;
          nodes_.push_back(node);
          continue;
        }
        size_t guards = reads.clipped.count(id) ? 0 : read->second.guards.size();
        node.cycles = access_cycles(read->second, guards > 0, expr.type, varies, lanes);
        node.alias = aliases(nest, read->second, expr.type);
        if (helped != reads.helped.end()) node.cycles *= helped->second;
        if (reads.in_parts) node.cycles *= share_of_near_reads;
        node.size = 1 + 4 * static_cast<double>(guards);
        bool whole =
            !varies || (read->second.data.empty() && read->second.stride(lanes.index).is(1));
        if (!whole) node.size += 3 * lanes.lanes;
      } else {
        continue;
      }
      nodes_.push_back(node);
    }
  }
}

void SectionCost::add_operation(IndexSet depends, DType type, LaneChoice lanes) {
  bool varies = lanes.index && (depends & bit(lanes.index));
  nodes_.push_back({depends, varies ? vector_cycles(lanes, type) : 0.5, 1, false});
}

void SectionCost::add_store(const Access& access, IndexSet depends, LaneChoice lanes) {
  bool varies = lanes.index.valid();
  nodes_.push_back({depends,
                    1.5 * access_cycles(access, !access.guards.empty(), DType::f32, varies, lanes),
                    1, true});
}

SectionCost::Tile SectionCost::tile(const std::vector<std::pair<IndexSet, int64_t>>& slots) const {
  Tile tile;
  double arithmetic = 0;
  double memory = 0;
  bool any = false;
  for (const NodeCost& node : nodes_) {
    double times = 1, slower = 1;
    for (const auto& [index, count] : slots) {
      if (node.depends & index) times *= static_cast<double>(count);
      if ((node.alias & index) && count > most_aliases) slower = cost_of_aliases;
    }
    (node.memory ? memory : arithmetic) += times * slower * node.cycles;
    tile.size += times * node.size;
    if (!node.memory) continue;
    tile.least_read = any ? std::min(tile.least_read, times) : times;
    any = true;
  }
  tile.cycles = std::max(arithmetic, memory) + 0.2 * std::min(arithmetic, memory);
  return tile;
}

double finish_size(const AccessedNest& nest) {
  std::vector<ExprId> roots;
  for (const Store& store : nest.nest.stores) roots.push_back(store.expr);
  return SectionCost(nest, roots, {}).tile({}).size;
}

int64_t widest_element(const AccessedNest& nest, IndexId lane_index) {
  int64_t widest = 4;
  int64_t widest_float = 0;
  for (uint32_t i = 0; i < nest.nest.dag.size(); ++i) {
    const Expr& expr = nest.nest.dag[ExprId{i}];
    bool value = expr.kind != ExprKind::index && expr.kind != ExprKind::batch;
    if (!value || !(nest.depends[i] & bit(lane_index))) continue;
    widest = std::max(widest, byte_size(expr.type));
    if (is_float(expr.type)) widest_float = std::max(widest_float, byte_size(expr.type));
  }
  return widest_float > 0 ? std::max<int64_t>(widest_float, 4) : widest;
}

}  // namespace netc
