// All rows of a model's inputs, in the model's types, and batches of them.
#pragma once

#include <span>
#include <vector>

#include "runtime/trainer/array.h"
#include "runtime/trainer/plan.h"

namespace netc::trainer {

/// Checks an array against a model's input and converts it; gives its bytes, how many rows of the
/// batch it has (nothing for an input without a batch dimension), and whether these overlap, as
/// those of an `Array`.
struct InputData {
  std::vector<std::byte> bytes;
  std::optional<size_t> rows;
  bool overlapping = false;
};
Result<InputData> fit_input(Array array, const netc_tensor& input, const std::string& where);

class Dataset {
 public:
  /// Reads the sources of an entry's inputs. `folder` is where relative paths begin.
  static Result<Dataset> load(const netc_model& model, const netc_entry& entry,
                              const std::vector<Source>& sources, const std::string& folder);

  size_t rows() const { return rows_; }

  /// Consecutive rows in the entry's order: where they lie, or in memory of the data set's own if
  /// they overlap. The next call of this or of `gather` replaces the answer.
  const std::vector<const void*>& slice(size_t first, size_t count);

  /// Copies the rows with these numbers to memory of the data set's own, which the next call uses
  /// again, and gives it in the entry's order.
  const std::vector<const void*>& gather(std::span<const uint32_t> rows);

 private:
  struct Column {
    InputData data;
    size_t row_bytes = 0;          ///< 0 for an input without a batch dimension
    size_t row_step = 0;           ///< bytes from one row to the next
    std::vector<std::byte> batch;  ///< gathered rows
  };

  /// Memory for so many rows of a column.
  static std::byte* room(Column& column, size_t rows);

  std::vector<Column> columns_;
  std::vector<const void*> pointers_;
  size_t rows_ = 1;
};

}  // namespace netc::trainer
