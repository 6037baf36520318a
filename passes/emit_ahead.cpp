#include "passes/emit_ahead.h"

#include <algorithm>
#include <span>

#include "passes/staging.h"
#include "passes/task_range.h"

namespace netc {

using loops::RegisterId;

namespace {

constexpr int64_t lines_at_once = 2;  ///< of one tensor
constexpr int64_t rounds_of_share = 4;
constexpr int64_t rounds_of_window_share = 16;
constexpr int64_t rounds_of_line = 2;  ///< of the sum, at least
constexpr int64_t inverse_of_one = int64_t{1} << 32;

}  // namespace

Asking AheadEmitter::next_part() {
  if (!plan_.part) return {};
  const std::vector<IndexId>& reduced = nest_.nest.stages[0].reduced;
  const auto outer = std::find_if(reduced.begin(), reduced.end(),
                                  [&](IndexId index) { return values(index) > 1; });
  if (outer == reduced.end()) return {};
  std::vector<Lines> all;
  for (ExprId read : reachable(nest_.nest.dag, nest_.nest.stages[0].body))
    if (std::optional<Lines> lines = lines_of(read)) all.push_back(*lines);
  return asking(static_cast<size_t>(outer - reduced.begin()), std::move(all), rounds_of_share);
}

Asking AheadEmitter::next_windows() {
  if (nest_.nest.stages.empty() || nest_.nest.stages[0].reduced.empty()) return {};
  if (plan_.stage_vector[0] || plan_.part) return {};
  std::vector<Lines> all;
  for (const StagedRead& staged : plan_.staged)
    if (std::optional<Lines> lines = lines_of(staged)) all.push_back(*lines);
  return asking(0, std::move(all), rounds_of_window_share);
}

/// Asks for lines in shares, each of which goes before so many rounds of the index at this depth of
/// the sum.
Asking AheadEmitter::asking(size_t depth, std::vector<Lines> all, int64_t rounds_of_share) {
  const std::vector<IndexId>& reduced = nest_.nest.stages[0].reduced;
  int64_t rounds = 1;
  for (IndexId index : reduced) rounds *= values(index);
  std::erase_if(all, [&](const Lines& lines) { return lines.of_tile * rounds_of_line > rounds; });
  int64_t most = 0;  // lines of one tensor
  for (const Lines& lines : all) most = std::max(most, lines.of_tile);
  if (most == 0) return {};
  const int64_t outer = values(reduced[depth]);
  const int64_t most_shares = std::max<int64_t>(outer / rounds_of_share, 1);
  const int64_t shares = std::min((most + lines_at_once - 1) / lines_at_once, most_shares);
  return {depth, shares, (outer + shares - 1) / shares, [this, all, shares](RegisterId share) {
            for (const Lines& lines : all) {
              const int64_t each = (lines.of_tile + shares - 1) / shares;
              const RegisterId first =
                  builder_.add(lines.first, builder_.mul(share, builder_.integer(each)));
              for (int64_t k = 0; k < each; ++k)
                ask(lines, builder_.add(first, builder_.integer(k)));
            }
          }};
}

/// The rows are those of the outermost index of the sum that has several values in a part; an
/// index that moves the read by less than a row lies within one.
std::optional<AheadEmitter::Lines> AheadEmitter::lines_of(ExprId read) {
  const auto found = nest_.reads.find(read);
  if (found == nest_.reads.end() || find_staged(plan_, read)) return {};
  const Access& access = found->second;
  if (!access.data.empty() || access.stride(plan_.part.index).is_zero()) return {};
  IndexId row;
  for (IndexId index : nest_.nest.stages[0].reduced)
    if (!row && values(index) > 1 && !access.stride(index).is_zero()) row = index;
  if (!row || !access.stride(row).is_constant()) return {};
  Lines lines;
  lines.read = read;
  lines.apart = access.stride(row).constant();
  lines.begin = access.constant.emit(builder_);
  int64_t length = 1;
  RegisterId length_at_hand = builder_.integer(1);
  for (const auto& [index, stride] : access.strides) {
    if (!stride.is_constant() || stride.constant() < 0) return {};
    RegisterId first = builder_.integer(0);
    if (index == plan_.part.index) {
      first = exprs_.part().upper;
    } else if (stride.constant() < lines.apart) {
      const RegisterId last = builder_.sub(values_at_hand(index), builder_.integer(1));
      length += stride.constant() * (values(index) - 1);
      length_at_hand = builder_.add(length_at_hand, builder_.mul(last, stride.emit(builder_)));
      first = first_value(index);
    } else if (nest_.nest.is_free(index)) {
      first = exprs_.binding(index).bases[0];
    }
    lines.begin = builder_.add(lines.begin, builder_.mul(first, stride.emit(builder_)));
  }
  const int64_t line = line_bytes / byte_size(nest_.nest.dag[read].type);
  const int64_t all = values(row) * ((length + line - 1) / line);
  share_out(lines,
            builder_.div(builder_.add(length_at_hand, builder_.integer(line - 1)),
                         builder_.integer(line)),
            all, 0);
  return lines;
}

/// Of the window that is reached next, where it lies in rows and can wait in the second cache.
std::optional<AheadEmitter::Lines> AheadEmitter::lines_of(const StagedRead& staged) {
  const Expr& expr = nest_.nest.dag[staged.read];
  const Access& access = nest_.reads.at(staged.read);
  if (!exprs_.is_staged(staged.read) || !staged.may_wait || staged.depth == 0) return {};
  if (!access.guards.empty() || staged.dims.size() != 2) return {};
  const bool turned = staged.dims[0].source_stride.is(1);
  const WindowDim &row = staged.dims[turned ? 0 : 1], &rows = staged.dims[turned ? 1 : 0];
  const IndexId next = plan_.order[staged.depth - 1];
  if (!row.source_stride.is(1) || access.stride(next).is_zero()) return {};
  const int64_t line = line_bytes / byte_size(expr.type);
  Lines lines;
  lines.read = staged.read;
  lines.apart = rows.source_stride.constant();
  const int64_t of_row = (row.extent.factor + line - 1) / line;
  lines.begin = access.constant.emit(builder_);
  const auto within = std::span(plan_.order).subspan(staged.depth);
  for (const auto& [index, stride] : access.strides) {
    const bool is_within = std::find(within.begin(), within.end(), index) != within.end();
    if (is_within || !nest_.nest.is_free(index)) continue;
    RegisterId first = exprs_.binding(index).bases[0];
    if (index == next) first = builder_.add(first, builder_.integer(plan_.step(index)));
    lines.begin = builder_.add(lines.begin, builder_.mul(first, stride.emit(builder_)));
  }
  share_out(lines, builder_.integer(of_row), of_row * rows.extent.factor, staged.depth);
  return lines;
}

/// Shares out all lines among the tiles within the loops that are open at a depth. Rounded up, the
/// inverse gives exact quotients while lines times lines of a row are fewer than its one (Granlund
/// and Montgomery 1994): a window or part of a cache has not as many.
void AheadEmitter::share_out(Lines& lines, RegisterId of_row, int64_t all, size_t depth) {
  lines.of_row = of_row;
  lines.inverse =
      builder_.add(builder_.div(builder_.integer(inverse_of_one), of_row), builder_.integer(1));
  lines.of_tile = (all + tiles(depth) - 1) / tiles(depth);
  lines.first = builder_.mul(tile_number(depth), builder_.integer(lines.of_tile));
}

void AheadEmitter::ask(const Lines& lines, RegisterId line) {
  const RegisterId row =
      builder_.div(builder_.mul(line, lines.inverse), builder_.integer(inverse_of_one));
  const RegisterId column = builder_.sub(line, builder_.mul(row, lines.of_row));
  const int64_t elements = line_bytes / byte_size(nest_.nest.dag[lines.read].type);
  const RegisterId from = builder_.add(builder_.mul(row, builder_.integer(lines.apart)),
                                       builder_.mul(column, builder_.integer(elements)));
  builder_.prefetch(exprs_.pointer_of(nest_.nest.dag[lines.read].tensor),
                    builder_.add(lines.begin, from));
}

/// Of those that run for a part or a window, within the loops that are open at this depth.
RegisterId AheadEmitter::tile_number(size_t depth) {
  RegisterId number = builder_.integer(0);
  for (IndexId index : std::span(plan_.order).subspan(depth)) {
    const int64_t step = plan_.step(index);
    const RegisterId rounds = builder_.div(
        builder_.add(values_at_hand(index), builder_.integer(step - 1)), builder_.integer(step));
    const RegisterId from = builder_.sub(exprs_.binding(index).bases[0], first_value(index));
    number = builder_.add(builder_.mul(number, rounds), builder_.div(from, builder_.integer(step)));
  }
  return number;
}

/// Of all tasks: as many lines fall to each tile of any number of them.
int64_t AheadEmitter::tiles(size_t depth) const {
  int64_t count = 1;
  for (IndexId index : std::span(plan_.order).subspan(depth))
    count *= plan_.rounds(index, values(index));
  return count;
}

/// Values of an index that all tasks go through for a part.
int64_t AheadEmitter::values(IndexId index) const {
  const int64_t extent = nest_.nest.extent(index, graph_.capacity);
  return index == plan_.part.index ? std::min(plan_.part.values, extent) : extent;
}

RegisterId AheadEmitter::first_value(IndexId index) {
  return is_shared_out(index) ? task_range(builder_, plan_).first : builder_.integer(0);
}

RegisterId AheadEmitter::values_at_hand(IndexId index) {
  if (!is_shared_out(index)) return builder_.integer(values(index));
  const auto [lower, upper] = task_range(builder_, plan_, builder_.integer(values(index)));
  return builder_.sub(upper, lower);
}

}  // namespace netc
