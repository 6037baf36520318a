// Resumable checkpoints: a safetensors file of all variables, the optimizer's among them, with the
// position of the run in its metadata.
#pragma once

#include <string>

#include "runtime/trainer/snapshot.h"

namespace netc::trainer {

/// What must be the same for a resumed run to go on as if it had never stopped.
struct RunIdentity {
  uint64_t seed = 0;
  int64_t batch = 0;
  uint64_t rows = 0;
};

struct Checkpoint {
  Position position;
  RunIdentity identity;
  std::optional<Snapshot> best;
};

/// `best` has the variables of the best epoch so far, where the run stops early.
Status write_checkpoint(const std::string& path, Model& model, const Position& position,
                        const RunIdentity& identity, const std::optional<Snapshot>& best);

/// Puts the variables into the model, unless the file does not fit.
Result<Checkpoint> read_checkpoint(const std::string& path, Model& model);

}  // namespace netc::trainer
