// Training, evaluation, prediction and gradients with a compiled model, given as its descriptor:
// what `netc train|eval|predict|grad` do in process and emitted executables do by themselves.
//
// Each function does the whole job, says what went wrong on stderr as `PROGRAM: error: ...`, and
// returns the exit code. A plan (the model's `train` blocks) comes with the descriptor as JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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

/// Repeats a training step with all its intermediate values in sight. Who compiled the model can
/// make one; an emitted program has none.
class StepInspector {
 public:
  virtual ~StepInspector() = default;
  /// Runs the step from the state of `before`, which stays as it is, and gives words on the value
  /// that went bad first: "`z` at model.net:12:3, whose element [3, 5] is inf". Values that are
  /// infinite in a step known to be good, as masks are, are not bad. Empty if there is none.
  virtual std::string inspect(const netc_handle& before, size_t n,
                              const std::vector<const void*>& inputs, bool known_good) = 0;
};

struct TrainOptions : RunOptions {
  std::optional<int64_t> epochs;            ///< in place of the train blocks'
  std::optional<int64_t> steps;             ///< stop after so many steps in all
  std::optional<int64_t> batch;             ///< in place of the train blocks', up to the capacity
  std::string save;                         ///< weights and states after the run
  std::string log;                          ///< a record an epoch: JSON lines, or by suffix
  std::string checkpoint;                   ///< a resumable checkpoint, replaced as training goes
  std::optional<int64_t> checkpoint_every;  ///< in steps; without it after each epoch
  std::string resume;                       ///< a checkpoint to go on from
  bool quiet = false;                       ///< no progress
  /// For an entry; may be empty, and may give nothing.
  std::function<std::unique_ptr<StepInspector>(const std::string& entry)> inspector;
};

struct EvaluateOptions : RunOptions {
  Format format = Format::text;
};

/// A .safetensors or .npy file with a model's inputs, read once (predict.cpp).
class InputFile;

/// Reads one; `-` is standard input. Without it `message` says why.
std::shared_ptr<const InputFile> open_input(const std::string& path, std::string& message);

struct PredictOptions : RunOptions {
  std::string input;   ///< .safetensors, .npy, or `-`
  std::string output;  ///< .safetensors, .npy (one output only), or `-`
};

struct GradientOptions : RunOptions {
  std::shared_ptr<const InputFile> input;
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

/// The length of the first dimension of the first of the named tensors that the file has: the batch
/// that `gradient` needs.
std::optional<int64_t> batch_rows(const InputFile& file, const std::vector<std::string>& names);

/// Writes weights and states, fresh or loaded, to a safetensors file.
int save(const netc_model& model, const RunOptions& options, const std::string& path);

}  // namespace netc::trainer

extern "C" {
/// The `main` of an emitted executable: `PROGRAM train|eval|predict|save` with netc's flags, among
/// them `--model`, where there are several.
int netc_trainer_main(int argc, char** argv, const struct netc_model* const* models, size_t count);
}
