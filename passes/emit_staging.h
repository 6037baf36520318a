// The copy of a window to scratch memory, and what the expressions of a nest need to read it there.
#pragma once

#include <optional>

#include "passes/emit_expr.h"
#include "passes/task_range.h"
#include "passes/tiling.h"

namespace netc {

class StagingEmitter {
 public:
  StagingEmitter(const AccessedNest& nest, const Plan& plan, const StagedRead& staged,
                 ExprEmitter& exprs, loops::Builder& builder);

  /// Emits the copy into `scratch`, or of these rows of it; reads of the tensor go there from now
  /// on.
  void run(loops::RegisterId scratch, std::optional<TaskRows> rows = {});

 private:
  using RegisterId = loops::RegisterId;

  bool is_whole(IndexId index) const;
  bool is_part(IndexId index) const { return exprs_.part().index == index; }
  RegisterId values(IndexId index) const;
  RegisterId extent(const WindowDim& dim) const;
  const int64_t* constant_extent(const WindowDim& dim) const;
  RegisterId first_value(IndexId index, int64_t coefficient) const;
  RegisterId source_begin() const;
  RegisterId reached_from_zero(RegisterId scratch) const;
  RegisterId guard_begin(const WindowDim& dim) const;
  RegisterId inside(const WindowDim& dim, RegisterId position) const;
  std::optional<size_t> find_turned() const;
  int64_t elements_ahead() const;
  void level(size_t depth, RegisterId from, RegisterId to, RegisterId inside);
  void row(RegisterId from, RegisterId to, RegisterId inside);
  void vector(RegisterId at, RegisterId from, RegisterId to, RegisterId inside, RegisterId live);
  void turned_rows(RegisterId from, RegisterId to, RegisterId inside);
  void turned_strip(RegisterId from, RegisterId to, RegisterId column, int64_t width,
                    RegisterId inside);
  void turned_block(RegisterId from, RegisterId to, int64_t rows,
                    const std::vector<RegisterId>& columns_inside, RegisterId rows_inside);
  std::vector<RegisterId> transposed(std::vector<RegisterId> rows) const;
  void for_each(RegisterId extent, int64_t step, const std::function<void(RegisterId)>& body);

  const AccessedNest& nest_;
  const StagedRead& staged_;
  const Access& source_access_;
  const Expr& expr_;
  uint16_t lanes_;
  int64_t next_window_;  ///< elements from a window to the one that comes next; 0: none
  bool is_padded_;       ///< rows of the last dimension fill whole vectors
  ExprEmitter& exprs_;
  loops::Builder& builder_;
  RegisterId source_, scratch_, outside_;
  std::optional<size_t>
      turned_;         ///< the dimension that is contiguous in the tensor, if not the last
  int64_t ahead_ = 0;  ///< elements from what is copied to what is asked for meanwhile
  std::vector<RegisterId> guards_;  ///< for each dimension, where its window begins in the tensor
};

}  // namespace netc
