// Where a training run stands, and copies of its variables.
#pragma once

#include <optional>
#include <vector>

#include "runtime/trainer/model.h"

namespace netc::trainer {

struct Position {
  uint64_t block = 0;          ///< the train block, from 0
  int64_t epoch = 0;           ///< epochs of the block that are done
  int64_t batch = 0;           ///< batches of the current epoch that are done
  int64_t step = 0;            ///< steps of all blocks so far
  int64_t epochs_before = 0;   ///< epochs of earlier blocks
  double loss_sum = 0;         ///< of the current epoch, each row's
  std::optional<double> best;  ///< the best loss of the block, where it stops early
  int64_t since_best = 0;      ///< epochs since then
};

/// Copies of some variables; those of other roles are empty.
struct Snapshot {
  Position position;
  std::optional<int64_t> optimizer_steps;  ///< with the variables of all roles
  std::vector<std::vector<std::byte>> variables;
};

constexpr unsigned all_roles = ~0u;
constexpr unsigned model_roles = 1u << NETC_PARAM | 1u << NETC_STATE | 1u << NETC_AVERAGE;

Snapshot take_snapshot(Model& model, const Position& position, unsigned roles);
/// Puts the variables back, and the count of the optimizer's steps.
void restore(Model& model, const Snapshot& snapshot);

/// The first variable that holds a NaN or an infinity, and where.
struct BadValue {
  uint32_t variable = 0;
  size_t element = 0;
  double value = 0;
};
std::optional<BadValue> find_bad_value(Model& model);

}  // namespace netc::trainer
