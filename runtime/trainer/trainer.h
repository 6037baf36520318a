// Training, evaluation, prediction and gradients with a compiled model, given as its descriptor:
// what `netc train|eval|predict|grad` do in process and emitted executables do by themselves.
//
// Each function does the whole job, says what went wrong on stderr as `PROGRAM: error: ...`, and
// returns the exit code. A plan (the model's `train` blocks) comes with the descriptor as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/core/netc_rt.h"

namespace netc::trainer {

/// What the process tells the shell.
enum ExitCode : int {
  exit_done = 0,
  exit_bad_input = 1,    ///< a file is absent, damaged or not what its name promises
  exit_usage = 2,        ///< the command line is wrong
  exit_diverged = 3,     ///< the loss became infinite or no number
  exit_mismatch = 4,     ///< a checkpoint or data do not fit the model
  exit_output = 74,      ///< output could not be written
  exit_interrupt = 130,  ///< stopped by SIGINT after saving what was asked to be saved
  exit_terminate = 143,  ///< stopped by SIGTERM likewise
};

enum class Format { text, json };

/// What all commands share.
struct RunOptions {
  std::string program = "netc";     ///< the name that messages begin with
  std::optional<uint64_t> seed;     ///< in place of the train block's
  int threads = 0;                  ///< 0: as many as are useful and allowed
  std::string load;                 ///< weights to start from; empty: fresh ones
  std::optional<std::string> data;  ///< the folder of relative data paths
};

struct TrainOptions : RunOptions {
  std::optional<int64_t> epochs;            ///< in place of the train blocks'
  std::optional<int64_t> steps;             ///< stop after so many steps in all
  std::optional<int64_t> batch;             ///< in place of the train blocks', up to the capacity
  std::string save;                         ///< weights and states after the run
  std::string log;                          ///< JSON lines, one an epoch
  std::string checkpoint;                   ///< a resumable checkpoint, replaced as training goes
  std::optional<int64_t> checkpoint_every;  ///< in steps; without it after each epoch
  std::string resume;                       ///< a checkpoint to go on from
  bool quiet = false;                       ///< no progress
  std::optional<bool> color;                ///< a bar, or plain lines; without it as stderr is
};

struct EvaluateOptions : RunOptions {
  Format format = Format::text;
};

struct PredictOptions : RunOptions {
  std::string input;   ///< .safetensors, .npy, or `-`
  std::string output;  ///< .safetensors, .npy (one output only), or `-`
};

struct GradientOptions : RunOptions {
  std::string input;   ///< .safetensors or `-`
  std::string output;  ///< .safetensors or `-`: `loss`, `output.NAME`, `grad.NAME`
};

/// Runs all train blocks of the model, in file order.
int train(const netc_model& model, const TrainOptions& options);

/// Loss and metrics over the validation data of the last train block that has some, otherwise over
/// its training data; printed on stdout.
int evaluate(const netc_model& model, const EvaluateOptions& options);

/// The model's outputs for all rows of the input.
int predict(const netc_model& model, const PredictOptions& options);

/// Loss, outputs and gradients for all rows of the input at once; the gradient entry must be
/// compiled for at least that many (see `batch_rows`).
int gradient(const netc_model& model, const GradientOptions& options);

/// The length of the first dimension that the named tensors of a .safetensors or .npy file share:
/// the batch that `gradient` needs. Nothing, and `message` set, if there is none.
std::optional<int64_t> batch_rows(const std::string& path, const std::vector<std::string>& names,
                                  std::string& message);

/// Writes weights and states, fresh or loaded, to a safetensors file.
int save(const netc_model& model, const RunOptions& options, const std::string& path);

}  // namespace netc::trainer

extern "C" {
/// The `main` of an emitted executable: `PROGRAM train|eval|predict|save` with netc's flags.
int netc_trainer_main(int argc, char** argv, const struct netc_model* model);
}
