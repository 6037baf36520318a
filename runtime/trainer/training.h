// A training run: the train blocks of a model one after the other, epoch by epoch, with all that
// keeps a run safe: checkpoints, signals, early stopping, and a diagnosis when it diverges.
#pragma once

#include <memory>

#include "runtime/trainer/log.h"
#include "runtime/trainer/progress.h"
#include "runtime/trainer/resume.h"
#include "runtime/trainer/signals.h"

namespace netc::trainer {

class Training {
 public:
  Training(const netc_model& model, const TrainOptions& options);

  /// The exit code of a run that ended in an orderly way, be it by a signal.
  Result<ExitCode> run();

 private:
  /// Why a loop over steps ended.
  enum class End { complete, step_limit, stopped, diverged };

  /// A train block that is being run, and its data.
  struct Block {
    Plan plan;
    uint32_t entry = 0;
    int64_t epochs = 0;
    int64_t batch = 0;
    uint64_t seed = 0;
    Dataset data;
    std::optional<Dataset> validation;
    std::vector<uint32_t> order;  ///< rows in the order of the current epoch
    unsigned loss_dtype = NETC_F32;
    std::vector<std::byte> loss;  ///< of one step
    std::vector<void*> results;

    int64_t batches() const;
    RunIdentity identity() const;
  };

  Result<Block> open_block(const Plan& plan) const;
  /// Takes the state of a checkpoint; gives what the run must have in common with it.
  Result<RunIdentity> resume(size_t blocks);
  Status check_identity(const RunIdentity& before, const RunIdentity& now) const;
  Result<End> run_block(Block& block);
  Result<End> run_epoch(Block& block);
  Status end_epoch(Block& block, bool partial);
  /// The rows of the batch at the position, `n` of them.
  const std::vector<const void*>& batch(Block& block, size_t& n) const;
  /// One step on them; gives its loss.
  Result<double> step(Block& block);
  void order_rows(Block& block) const;
  /// Whether the block has trained as long as it should.
  bool is_done(const Block& block) const;
  void begin_next_block();

  Status checkpoint(const Block& block);
  Status save();
  Result<ExitCode> finish(End end, const Block* block);
  /// Goes back to the last good state, after finding what went bad first by going from there again.
  End diverge(Block& block, const std::string& seen);
  /// Takes steps up to `last`; words on what went bad first among the values and weights.
  std::string find_first_bad(Block& block, int64_t last);

  const netc_model& description_;
  const TrainOptions& options_;
  std::optional<Model> model_;
  Position position_;
  std::optional<Snapshot> best_;  ///< of the current block, where it stops early
  Snapshot good_;                 ///< the last state known to be finite
  Log log_;
  Progress progress_;
  StopSignals signals_;
  std::string divergence_;
};

}  // namespace netc::trainer
