// What the next part of a sum reads, or what the next copy of a window will, asked for while the
// tiles of the one at hand run. Each tile asks for its share of the lines, a few at a time: a
// processor takes no more than that at once.
#pragma once

#include <optional>

#include "passes/emit_expr.h"
#include "passes/emit_reduction.h"
#include "passes/tiling.h"

namespace netc {

class AheadEmitter {
 public:
  AheadEmitter(const Graph& graph, const AccessedNest& nest, const Plan& plan, ExprEmitter& exprs,
               loops::Builder& builder)
      : graph_(graph), nest_(nest), plan_(plan), exprs_(exprs), builder_(builder) {}

  /// What the tile at hand asks for while its part of a sum runs.
  Asking next_part();
  /// What it asks for of the windows that are copied next.
  Asking next_windows();

 private:
  /// The lines of a tensor that a part of the sum reads, a row for each value of the sum's index;
  /// or those of a window.
  struct Lines {
    ExprId read;
    int64_t apart = 0;          ///< elements from one row to the next
    int64_t of_tile = 0;        ///< lines that each tile asks for
    loops::RegisterId of_row;   ///< lines of a row, as far as the tasks at hand read it
    loops::RegisterId inverse;  ///< of that, in parts of `inverse_of_one`
    loops::RegisterId begin;    ///< the first row's first element
    loops::RegisterId first;    ///< line of the tile at hand
  };

  std::optional<Lines> lines_of(ExprId read);
  std::optional<Lines> lines_of(const StagedRead& staged);
  Asking asking(size_t depth, std::vector<Lines> all, int64_t rounds_of_share);
  void share_out(Lines& lines, loops::RegisterId of_row, int64_t all, size_t depth);
  void ask(const Lines& lines, loops::RegisterId line);
  loops::RegisterId tile_number(size_t depth);
  int64_t tiles(size_t depth) const;
  int64_t values(IndexId index) const;
  loops::RegisterId first_value(IndexId index);
  loops::RegisterId values_at_hand(IndexId index);
  bool is_shared_out(IndexId index) const { return plan_.parallel && plan_.task_index == index; }

  const Graph& graph_;
  const AccessedNest& nest_;
  const Plan& plan_;
  ExprEmitter& exprs_;
  loops::Builder& builder_;
};

}  // namespace netc
