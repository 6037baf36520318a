// A `train` block as the descriptor carries it: JSON with the fields of ir/plan.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/trainer/result.h"

namespace netc::trainer {

struct Source {
  std::string input, kind, path, name;
  std::vector<int64_t> columns;
  std::string column;
  std::vector<std::string> classes;
  bool header = true;
  int64_t window = 0;
  std::string alphabet;
  std::optional<std::pair<int64_t, int64_t>> part;
};

struct Plan {
  std::string model, entry = "train", directory;
  std::vector<Source> data, validation;
  int64_t batch = 32;
  int64_t epochs = 1;
  bool shuffle = true;
  uint64_t seed = 0;
  std::optional<int64_t> early_stop;
};

Result<Plan> parse_plan(const char* json);

/// The plans of all train blocks, in file order.
Result<std::vector<Plan>> plans_of(const netc_model& model);

}  // namespace netc::trainer
