// Loops over the dimensions of the window, the last one by vectors. Where the tensor is contiguous
// along another dimension than the last, squares of vectors are loaded along that one and turned
// in registers, so that every line of the tensor is fetched once.
#include "passes/emit_staging.h"

#include <algorithm>
#include <cmath>

#include "passes/algebra.h"
#include "passes/lane_masks.h"
#include "passes/staging.h"

namespace netc {

using loops::RegisterId;

namespace {

/// Elements of the tensor from a window to the one that the innermost open loop reaches next, where
/// both stay in the first cache meanwhile; 0: there is none.
int64_t elements_to_next_window(const AccessedNest& nest, const Plan& plan,
                                const StagedRead& staged) {
  constexpr int64_t most_bytes = 16 << 10;
  const int64_t bytes = staged.elements * byte_size(nest.nest.dag[staged.read].type);
  if (staged.packed || staged.depth == 0 || bytes > most_bytes) return 0;
  const IndexId index = plan.order[staged.depth - 1];
  const BatchCount stride = nest.reads.at(staged.read).stride(index);
  return stride.is_constant() ? stride.constant() * plan.step(index) : 0;
}

}  // namespace

StagingEmitter::StagingEmitter(const AccessedNest& nest, const Plan& plan, const StagedRead& staged,
                               ExprEmitter& exprs, loops::Builder& builder)
    : nest_(nest),
      staged_(staged),
      source_access_(nest.reads.at(staged.read)),
      expr_(nest.nest.dag[staged.read]),
      lanes_(plan.lane_count()),
      next_window_(elements_to_next_window(nest, plan, staged)),
      is_padded_(
          (staged.dims.size() == 1 ? staged.elements : staged.dims[staged.dims.size() - 2].stride) %
              plan.lane_count() ==
          0),
      exprs_(exprs),
      builder_(builder) {}

void StagingEmitter::run(RegisterId scratch, std::optional<TaskRows> rows) {
  source_ = exprs_.pointer_of(expr_.tensor);
  scratch_ = scratch;
  turned_ = find_turned();
  ahead_ = elements_ahead();
  if (expr_.otherwise) outside_ = exprs_.eval(expr_.otherwise, Point(nest_.nest.indices.size()));
  for (const WindowDim& dim : staged_.dims)
    guards_.push_back(dim.guard < 0 ? RegisterId{} : guard_begin(dim));
  RegisterId from = source_begin();
  if (rows) {
    const WindowDim& dim = staged_.dims[0];
    builder_.loop(rows->first, rows->second, 1, {}, [&](RegisterId row, const auto&) {
      level(1, builder_.add(from, builder_.mul(row, dim.source_stride.emit(builder_))),
            builder_.mul(row, builder_.integer(dim.stride)), {});
      return std::vector<RegisterId>();
    });
  } else {
    level(0, from, builder_.integer(0), {});
  }
  exprs_.stage(staged_.read, reached_from_zero(scratch), staged_.access, staged_.relative);
}

/// Whether the loop over an index is one of those within.
bool StagingEmitter::is_whole(IndexId index) const {
  return !(staged_.relative & bit(index)) && staged_.access.strides.count(index) > 0;
}

/// How many values of an index the window spans.
RegisterId StagingEmitter::values(IndexId index) const {
  Dim extent = nest_.nest.indices[index.index].extent;
  if (is_part(index)) return builder_.sub(exprs_.part().upper, exprs_.part().lower);
  if (is_whole(index)) return BatchCount::of(extent).emit(builder_);
  if (!(staged_.relative & bit(index))) return builder_.integer(1);
  const Binding& binding = exprs_.binding(index);
  int64_t count = binding.slots * binding.lanes;
  const int64_t* begin = builder_.constant(binding.bases[0]);
  return builder_.integer(begin ? std::min(count, extent.factor - *begin) : count);
}

RegisterId StagingEmitter::extent(const WindowDim& dim) const {
  if (dim.terms.size() == 1 && std::abs(dim.terms[0].coefficient) == 1)
    return values(dim.terms[0].index);
  RegisterId one = builder_.integer(1), extent = one;
  for (const auto& [index, coefficient] : dim.terms) {
    RegisterId steps = builder_.sub(values(index), one);
    extent = builder_.add(extent, builder_.mul(steps, builder_.integer(std::abs(coefficient))));
  }
  return extent;
}

const int64_t* StagingEmitter::constant_extent(const WindowDim& dim) const {
  return builder_.constant(extent(dim));
}

/// A pointer from which the loops, whose indices count from 0, find the part of the sum at hand.
RegisterId StagingEmitter::reached_from_zero(RegisterId scratch) const {
  RegisterId skipped = builder_.integer(0);
  for (const WindowDim& dim : staged_.dims)
    for (const auto& [index, coefficient] : dim.terms)
      if (is_part(index))
        skipped = builder_.add(skipped, builder_.mul(first_value(index, coefficient),
                                                     builder_.integer(coefficient * dim.stride)));
  const int64_t* none = builder_.constant(skipped);
  if (none && *none == 0) return scratch;
  return builder_.advance(scratch, builder_.sub(builder_.integer(0), skipped));
}

/// The value of an index where its window begins.
RegisterId StagingEmitter::first_value(IndexId index, int64_t coefficient) const {
  if (!is_whole(index)) return exprs_.binding(index).bases[0];
  RegisterId lower = is_part(index) ? exprs_.part().lower : builder_.integer(0);
  if (coefficient > 0) return lower;
  return builder_.sub(builder_.add(lower, values(index)), builder_.integer(1));
}

/// The element where the window begins: where its dimensions do, whatever way these run through the
/// tensor, as an index may stand in several subscripts.
RegisterId StagingEmitter::source_begin() const {
  RegisterId begin = source_access_.constant.emit(builder_);
  std::map<IndexId, int64_t> directions;
  for (const WindowDim& dim : staged_.dims)
    for (const auto& [index, coefficient] : dim.terms) directions[index] = coefficient;
  for (const auto& [index, stride] : source_access_.strides) {
    auto found = directions.find(index);
    int64_t direction = found == directions.end() ? 1 : found->second;
    begin = builder_.add(begin, builder_.mul(first_value(index, direction), stride.emit(builder_)));
  }
  return begin;
}

RegisterId StagingEmitter::guard_begin(const WindowDim& dim) const {
  const Affine& affine = source_access_.guards[static_cast<size_t>(dim.guard)].affine;
  RegisterId begin = builder_.integer(affine.constant);
  for (const auto& [index, coefficient] : affine.terms)
    begin = builder_.add(
        begin, builder_.mul(first_value(index, coefficient), builder_.integer(coefficient)));
  return begin;
}

RegisterId StagingEmitter::inside(const WindowDim& dim, RegisterId position) const {
  return exprs_.within(source_access_.guards[static_cast<size_t>(dim.guard)], position);
}

std::optional<size_t> StagingEmitter::find_turned() const {
  const WindowDim& last = staged_.dims.back();
  bool zeros = !expr_.otherwise || is_positive_zero(nest_.nest.dag, expr_.otherwise);
  if (!zeros || last.source_stride.is(1)) return {};
  for (size_t d = 0; d + 1 < staged_.dims.size(); ++d)
    if (staged_.dims[d].source_stride.is(1) && constant_extent(staged_.dims[d])) return d;
  return {};
}

/// Elements from what is copied to what to ask for meanwhile, where the processor cannot know it by
/// itself: rows of other pages, or else the next window; 0: none.
int64_t StagingEmitter::elements_ahead() const {
  constexpr int64_t far_bytes = 1024;
  if (staged_.dims.size() < 2) return next_window_;
  const BatchCount& stride = staged_.dims[staged_.dims.size() - 2].source_stride;
  const bool is_far =
      stride.is_constant() && stride.constant() * byte_size(expr_.type) >= far_bytes;
  return is_far ? far_rows_at_once * stride.constant() : next_window_;
}

void StagingEmitter::level(size_t depth, RegisterId from, RegisterId to, RegisterId within) {
  if (turned_ == depth) return level(depth + 1, from, to, within);
  if (depth + 1 == staged_.dims.size())
    return turned_ ? turned_rows(from, to, within) : row(from, to, within);
  const WindowDim& dim = staged_.dims[depth];
  for_each(extent(dim), 1, [&](RegisterId at) {
    RegisterId here = within;
    if (guards_[depth]) here = exprs_.both(here, inside(dim, builder_.add(guards_[depth], at)));
    level(depth + 1, builder_.add(from, builder_.mul(at, dim.source_stride.emit(builder_))),
          builder_.add(to, builder_.mul(at, builder_.integer(dim.stride))), here);
  });
}

/// The last dimension: whole vectors, then the lanes that are left.
void StagingEmitter::row(RegisterId from, RegisterId to, RegisterId within) {
  RegisterId upper = extent(staged_.dims.back());
  const int64_t* count = builder_.constant(upper);
  if (!count) {
    for_each(upper, lanes_, [&](RegisterId at) {
      RegisterId left = builder_.min(builder_.sub(upper, at), builder_.integer(lanes_));
      vector(at, from, to, within, first_lanes(builder_, left, lanes_));
    });
    return;
  }
  int64_t full = *count / lanes_ * lanes_, rest = *count - full;
  for_each(builder_.integer(full), lanes_,
           [&](RegisterId at) { vector(at, from, to, within, {}); });
  if (rest > 0)
    vector(builder_.integer(full), from, to, within,
           first_lanes(builder_, builder_.integer(rest), lanes_));
}

/// Along the lanes' index rows are padded: lanes that are not live are written, too.
void StagingEmitter::vector(RegisterId at, RegisterId from, RegisterId to, RegisterId within,
                            RegisterId live) {
  const WindowDim& dim = staged_.dims.back();
  if (guards_.back()) {
    RegisterId first = exprs_.widen(builder_.add(guards_.back(), at), lanes_);
    within =
        exprs_.both(within, inside(dim, builder_.add(first, builder_.iota(DType::i64, lanes_))));
  }
  if (within) within = exprs_.widen(within, lanes_);
  loops::Memory memory;
  memory.mask = exprs_.both(within, live);
  if (!dim.source_stride.is(1)) {
    memory.access = loops::Access::strided;
    memory.stride = dim.source_stride.constant();
  }
  RegisterId offset = builder_.add(from, builder_.mul(at, dim.source_stride.emit(builder_)));
  if (ahead_ != 0 && dim.source_stride.is(1))
    builder_.prefetch(source_, builder_.add(offset, builder_.integer(ahead_)));
  RegisterId value = builder_.load(source_, offset, lanes_, memory);
  if (within && !is_positive_zero(nest_.nest.dag, expr_.otherwise)) {
    value = builder_.apply(Function::select, {within, value, exprs_.widen(outside_, lanes_)});
  }
  builder_.store(scratch_, builder_.add(to, at), value, {.mask = is_padded_ ? RegisterId{} : live});
}

/// Squares of the contiguous dimension and the last one; rows one by one where the batch ends.
void StagingEmitter::turned_rows(RegisterId from, RegisterId to, RegisterId within) {
  const WindowDim& last = staged_.dims.back();
  RegisterId count = extent(last);
  RegisterId rest = builder_.mod(count, lanes_);
  RegisterId full = builder_.sub(count, rest);
  for_each(full, lanes_,
           [&](RegisterId column) { turned_strip(from, to, column, lanes_, within); });
  if (const int64_t* width = builder_.constant(rest)) {
    if (*width > 0) turned_strip(from, to, full, *width, within);
    return;
  }
  builder_.loop(full, count, 1, {}, [&](RegisterId column, const auto&) -> std::vector<RegisterId> {
    turned_strip(from, to, column, 1, within);
    return {};
  });
}

void StagingEmitter::turned_strip(RegisterId from, RegisterId to, RegisterId column, int64_t width,
                                  RegisterId within) {
  const WindowDim& last = staged_.dims.back();
  const WindowDim& other = staged_.dims[*turned_];
  RegisterId source = builder_.add(from, builder_.mul(column, last.source_stride.emit(builder_)));
  RegisterId target = builder_.add(to, column);
  std::vector<RegisterId> columns_within;
  for (int64_t c = 0; c < width; ++c) {
    RegisterId here = within;
    if (guards_.back()) {
      RegisterId position = builder_.add(guards_.back(), column);
      here = exprs_.both(here, inside(last, builder_.add(position, builder_.integer(c))));
    }
    columns_within.push_back(here);
  }
  auto block = [&](RegisterId at, int64_t height) {
    RegisterId rows_within;
    if (RegisterId begin = guards_[*turned_]) {
      RegisterId first = exprs_.widen(builder_.add(begin, at), lanes_);
      rows_within = inside(other, builder_.add(first, builder_.iota(DType::i64, lanes_)));
    }
    if (height < lanes_)
      rows_within =
          exprs_.both(rows_within, first_lanes(builder_, builder_.integer(height), lanes_));
    turned_block(builder_.add(source, at),
                 builder_.add(target, builder_.mul(at, builder_.integer(other.stride))), height,
                 columns_within, rows_within);
  };
  int64_t rows = *constant_extent(other);
  int64_t full = rows / lanes_ * lanes_;
  for_each(builder_.integer(full), lanes_, [&](RegisterId at) { block(at, lanes_); });
  if (full < rows) block(builder_.integer(full), rows - full);
}

/// Columns of the tensor, where they lie inside, become rows of the copy.
void StagingEmitter::turned_block(RegisterId from, RegisterId to, int64_t rows,
                                  const std::vector<RegisterId>& columns_within,
                                  RegisterId rows_within) {
  auto columns = static_cast<int64_t>(columns_within.size());
  std::vector<RegisterId> square;
  for (int64_t c = 0; c < lanes_; ++c) {
    if (c >= columns) {
      square.push_back(square.back());
      continue;
    }
    RegisterId offset = builder_.add(
        from, builder_.mul(builder_.integer(c), staged_.dims.back().source_stride.emit(builder_)));
    loops::Memory memory;
    RegisterId here = columns_within[static_cast<size_t>(c)];
    memory.mask = exprs_.both(here ? exprs_.widen(here, lanes_) : here, rows_within);
    square.push_back(builder_.load(source_, offset, lanes_, memory));
  }
  if (columns > 1) square = transposed(std::move(square));
  loops::Memory stored;
  if (columns < lanes_ && !is_padded_)
    stored.mask = first_lanes(builder_, builder_.integer(columns), lanes_);
  if (columns == 1) {
    stored = {loops::Access::strided, staged_.dims[*turned_].stride,
              rows < lanes_ ? first_lanes(builder_, builder_.integer(rows), lanes_) : RegisterId{}};
    return builder_.store(scratch_, to, square[0], stored);
  }
  for (int64_t r = 0; r < rows; ++r)
    builder_.store(scratch_, builder_.add(to, builder_.integer(r * staged_.dims[*turned_].stride)),
                   square[static_cast<size_t>(r)], stored);
}

/// Exchanges, at each distance that is a power of two, the halves of pairs of rows. From the
/// largest one on, so that few columns take few exchanges: what only dead rows need is left out.
std::vector<RegisterId> StagingEmitter::transposed(std::vector<RegisterId> rows) const {
  for (int32_t distance = lanes_ / 2; distance > 0; distance /= 2) {
    std::vector<int32_t> low, high;
    for (int32_t lane = 0; lane < lanes_; ++lane) {
      bool second = lane & distance;
      low.push_back(second ? lanes_ + lane - distance : lane);
      high.push_back(second ? lanes_ + lane : lane + distance);
    }
    for (size_t r = 0; r < rows.size(); ++r) {
      if (r & static_cast<size_t>(distance)) continue;
      RegisterId a = rows[r], b = rows[r + static_cast<size_t>(distance)];
      rows[r] = builder_.shuffle(a, b, low);
      rows[r + static_cast<size_t>(distance)] = builder_.shuffle(a, b, high);
    }
  }
  return rows;
}

void StagingEmitter::for_each(RegisterId extent, int64_t step,
                              const std::function<void(RegisterId)>& body) {
  const int64_t* count = builder_.constant(extent);
  if (count && *count <= step) {
    if (*count > 0) body(builder_.integer(0));
    return;
  }
  builder_.loop(builder_.integer(0), extent, step, {},
                [&](RegisterId at, const std::vector<RegisterId>&) -> std::vector<RegisterId> {
                  body(at);
                  return {};
                });
}

}  // namespace netc
