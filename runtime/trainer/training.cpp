// The order of events within an epoch is what makes a resumed run equal to an unbroken one: a line
// of the log is written before the checkpoint that follows it, and a checkpoint due at the last
// step of an epoch waits for the end of the epoch.
#include "runtime/trainer/training.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "runtime/core/dtype.h"
#include "runtime/trainer/shuffle.h"

namespace netc::trainer {
namespace {

Progress::Style progress_style(const TrainOptions& options) {
  if (options.quiet) return Progress::Style::none;
  const char* terminal = std::getenv("TERM");
  bool redraws = isatty(STDERR_FILENO) && terminal && std::strcmp(terminal, "dumb") != 0;
  return redraws ? Progress::Style::bar : Progress::Style::lines;
}

/// Fails early where a file could not be written after a long training.
Status check_folder(const std::string& path) {
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat status;
  bool device = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (path.empty() || path == "-" || device || access(folder.c_str(), W_OK) == 0) return Done{};
  return failure(exit_output, "{}: {}", path, std::strerror(errno));
}

void say(const TrainOptions& options, const std::string& message) {
  if (!options.quiet) fmt::print(stderr, "{}: {}\n", options.program, message);
}

}  // namespace

Training::Training(const netc_model& model, const TrainOptions& options)
    : description_(model), options_(options), progress_(progress_style(options)) {}

int64_t Training::Block::batches() const {
  return (static_cast<int64_t>(data.rows()) + batch - 1) / batch;
}

RunIdentity Training::Block::identity() const { return {seed, batch, data.rows()}; }

Result<ExitCode> Training::run() {
  Result<std::vector<Plan>> plans = plans_of(description_);
  if (!plans) return plans.failure();
  if (plans->empty()) return failure(exit_bad_input, "{} has no `train` block", description_.name);
  for (const std::string& path : {options_.save, options_.checkpoint, options_.log})
    if (Status writable = check_folder(path); !writable) return writable.failure();
  Result<Model> model =
      Model::create(description_, options_, options_.seed.value_or(plans->front().seed));
  if (!model) return model.failure();
  model_.emplace(std::move(*model));
  std::optional<RunIdentity> before;
  if (!options_.resume.empty()) {
    Result<RunIdentity> resumed = resume(plans->size());
    if (!resumed) return resumed.failure();
    before = *resumed;
  }
  Result<Block> block = open_block((*plans)[position_.block]);
  if (!block) return block.failure();
  if (before)
    if (Status same = check_identity(*before, block->identity()); !same) return same.failure();
  Result<Log> log = Log::open(options_.log, position_.epochs_before + position_.epoch);
  if (!log) return log.failure();
  log_ = std::move(*log);
  for (;;) {
    Result<End> end = run_block(*block);
    if (!end) return end.failure();
    if (*end != End::complete || position_.block + 1 == plans->size()) return finish(*end, &*block);
    begin_next_block();
    block = open_block((*plans)[position_.block]);
    if (!block) return block.failure();
  }
}

Result<RunIdentity> Training::resume(size_t blocks) {
  Result<Checkpoint> checkpoint = read_checkpoint(options_.resume, *model_);
  if (!checkpoint) return checkpoint.failure();
  position_ = checkpoint->position;
  best_ = std::move(checkpoint->best);
  if (position_.block >= blocks)
    return failure(exit_mismatch, "{}: the checkpoint stands in train block {}, but {} has {}",
                   options_.resume, position_.block + 1, description_.name, blocks);
  return checkpoint->identity;
}

Status Training::check_identity(const RunIdentity& before, const RunIdentity& now) const {
  auto check = [&](const char* what, auto then, auto here) -> Status {
    if (then == here) return Done{};
    return failure(exit_mismatch,
                   "{}: the run began with {} {}, now it is {}: it cannot go on as it began",
                   options_.resume, what, then, here);
  };
  if (Status same = check("seed", before.seed, now.seed); !same) return same;
  if (Status same = check("batch", before.batch, now.batch); !same) return same;
  return check("rows", before.rows, now.rows);
}

Result<Training::Block> Training::open_block(const Plan& plan) const {
  Block block;
  block.plan = plan;
  std::optional<uint32_t> entry = find_entry(description_, plan.entry);
  if (!entry) return failure(exit_bad_input, "{} has no entry `{}`", description_.name, plan.entry);
  const netc_entry& code = description_.entries[*entry];
  block.entry = *entry;
  block.epochs = options_.epochs.value_or(plan.epochs);
  block.batch = options_.batch.value_or(std::min(plan.batch, code.capacity));
  block.seed = options_.seed.value_or(plan.seed);
  if (block.batch < 1 || block.batch > code.capacity)
    return failure(exit_usage, "a batch of {} rows: {} is compiled for 1 to {}", block.batch,
                   description_.name, code.capacity);
  std::string folder = options_.data.value_or(plan.directory);
  Result<Dataset> data = Dataset::load(description_, code, plan.data, folder);
  if (!data) return data.failure();
  block.data = std::move(*data);
  std::optional<uint32_t> evaluate = find_entry(description_, NETC_EVALUATE);
  if (!plan.validation.empty() && evaluate) {
    Result<Dataset> validation =
        Dataset::load(description_, description_.entries[*evaluate], plan.validation, folder);
    if (!validation) return validation.failure();
    block.validation = std::move(*validation);
  }
  for (uint32_t r = 0; r < code.result_count; ++r) {
    bool is_loss = code.results[r].kind == NETC_LOSS;
    if (is_loss) {
      block.loss_dtype = code.results[r].dtype;
      block.loss.resize(netc_dtype_bytes(block.loss_dtype));
    }
    block.results.push_back(is_loss ? block.loss.data() : nullptr);
  }
  return block;
}

void Training::begin_next_block() {
  position_.epochs_before += position_.epoch;
  ++position_.block;
  position_.epoch = position_.batch = position_.since_best = 0;
  position_.loss_sum = 0;
  position_.best.reset();
  best_.reset();
  // Optimizers begin afresh; what an initialiser could refuse, it refused when the run began.
  netc_handle_initialize(model_->handle(), 1u << NETC_OPTIMIZER | 1u << NETC_AVERAGE);
  model_->handle()->steps = 0;
}

bool Training::is_done(const Block& block) const {
  return position_.epoch >= block.epochs ||
         (block.plan.early_stop && position_.since_best >= *block.plan.early_stop);
}

void Training::order_rows(Block& block) const {
  block.order = block.plan.shuffle ? shuffled(block.data.rows(), block.seed, position_.block,
                                              static_cast<uint64_t>(position_.epoch))
                                   : in_order(block.data.rows());
}

Result<Training::End> Training::run_block(Block& block) {
  netc_handle_use_averages(model_->handle(), block.entry);
  while (!is_done(block)) {
    good_ = take_snapshot(*model_, position_, all_roles);
    Result<End> end = run_epoch(block);
    if (!end || *end == End::stopped || *end == End::diverged) return end;
    bool partial = *end == End::step_limit;
    // An epoch that a step limit cut down to nothing has nothing to report.
    if (partial && position_.batch == 0) return end;
    if (find_bad_value(*model_)) return diverge(block, "a weight went bad");
    if (Status ended = end_epoch(block, partial); !ended) return ended.failure();
    if (partial) return end;
    if (!options_.checkpoint_every)
      if (Status written = checkpoint(block); !written) return written.failure();
    if (signals_.pending() != 0) return End::stopped;
  }
  if (!options_.checkpoint.empty())
    if (Status written = checkpoint(block); !written) return written.failure();
  if (best_) restore(*model_, *best_);
  if (position_.epoch < block.epochs)
    say(options_, fmt::format("no better loss for {} epochs: back to the weights of epoch {}",
                              position_.since_best,
                              position_.epochs_before + position_.epoch - position_.since_best));
  return End::complete;
}

Result<Training::End> Training::run_epoch(Block& block) {
  order_rows(block);
  auto rows = static_cast<int64_t>(block.data.rows());
  int64_t batches = block.batches();
  progress_.begin_epoch(position_.epochs_before + position_.epoch + 1,
                        position_.epochs_before + block.epochs, rows,
                        position_.batch * block.batch);
  while (position_.batch < batches) {
    if (options_.steps && position_.step >= *options_.steps) return End::step_limit;
    Result<double> loss = step(block);
    if (!loss) return loss.failure();
    if (!std::isfinite(*loss)) return diverge(block, fmt::format("the loss is {}", *loss));
    int64_t rows_done = std::min(position_.batch * block.batch, rows);
    progress_.step(rows_done, position_.loss_sum / static_cast<double>(rows_done));
    bool epoch_ends = position_.batch == batches;
    bool due = options_.checkpoint_every && position_.step % *options_.checkpoint_every == 0;
    if (due && !epoch_ends) {
      if (find_bad_value(*model_)) return diverge(block, "a weight went bad");
      if (Status written = checkpoint(block); !written) return written.failure();
      good_ = take_snapshot(*model_, position_, all_roles);
    }
    if (signals_.pending() != 0) return End::stopped;
  }
  return End::complete;
}

const std::vector<const void*>& Training::batch(Block& block, size_t& n) const {
  size_t first = static_cast<size_t>(position_.batch * block.batch);
  n = std::min(static_cast<size_t>(block.batch), block.data.rows() - first);
  std::span<const uint32_t> rows(block.order.data() + first, n);
  return block.plan.shuffle ? block.data.gather(rows) : block.data.slice(first, n);
}

Result<double> Training::step(Block& block) {
  size_t n = 0;
  const std::vector<const void*>& inputs = batch(block, n);
  if (Status ran = model_->train_step(block.entry, n, inputs, block.results); !ran)
    return ran.failure();
  double loss = block.loss.empty() ? 0 : netc_dtype_load(block.loss_dtype, block.loss.data(), 0);
  position_.loss_sum += loss * static_cast<double>(n);
  ++position_.batch;
  ++position_.step;
  return loss;
}

Status Training::end_epoch(Block& block, bool partial) {
  EpochRecord record;
  record.epoch = position_.epochs_before + position_.epoch + 1;
  record.step = position_.step;
  int64_t rows = std::min(position_.batch * block.batch, static_cast<int64_t>(block.data.rows()));
  record.loss = position_.loss_sum / static_cast<double>(std::max<int64_t>(rows, 1));
  if (block.validation) {
    Result<std::vector<Score>> scores = score(*model_, *block.validation);
    if (!scores) return scores.failure();
    record.validation = std::move(*scores);
  }
  record.seconds = progress_.epoch_seconds();
  progress_.end_epoch(record.step, rows, record.loss, to_text(record.validation));
  if (Status written = log_.write(record); !written || partial) return written;
  ++position_.epoch;
  position_.batch = 0;
  position_.loss_sum = 0;
  if (!block.plan.early_stop) return Done{};
  double loss = loss_of(record.validation).value_or(record.loss);
  ++position_.since_best;
  if (!position_.best || loss < *position_.best) {
    position_.best = loss;
    position_.since_best = 0;
    best_ = take_snapshot(*model_, position_, model_roles);
  }
  return Done{};
}

Status Training::checkpoint(const Block& block) {
  if (options_.checkpoint.empty()) return Done{};
  return write_checkpoint(options_.checkpoint, *model_, position_, block.identity(), best_);
}

Status Training::save() {
  if (options_.save.empty()) return Done{};
  return model_->save(options_.save);
}

Result<ExitCode> Training::finish(End end, const Block* block) {
  progress_.clear();
  if (end == End::diverged) {
    // The state went back to the last good one, which is worth saving once it has seen an epoch.
    bool worth = position_.step > 0 && !options_.save.empty();
    if (worth)
      if (Status saved = save(); !saved) return saved.failure();
    return failure(exit_diverged, "training diverged: {}{}", divergence_,
                   worth ? fmt::format("\n  {} has the weights of step {}, the last good ones",
                                       options_.save, position_.step)
                         : "");
  }
  if (end == End::stopped || end == End::step_limit)
    if (Status written = checkpoint(*block); !written) return written.failure();
  if (Status saved = save(); !saved) return saved.failure();
  if (end != End::stopped) return exit_done;
  int signal = signals_.pending();
  std::vector<std::string> saved;
  for (const std::string& path : {options_.checkpoint, options_.save})
    if (!path.empty()) saved.push_back(path);
  say(options_, fmt::format("stopped at step {}{}{}", position_.step,
                            saved.empty() ? "" : "; saved ", fmt::join(saved, ", ")));
  return signal == SIGINT ? exit_interrupt : exit_terminate;
}

Training::End Training::diverge(Block& block, const std::string& seen) {
  int64_t failed_step = position_.step;
  restore(*model_, good_);
  position_ = good_.position;
  order_rows(block);
  divergence_ =
      fmt::format("{} at step {}; ", seen, failed_step) + find_first_bad(block, failed_step);
  restore(*model_, good_);
  position_ = good_.position;
  return End::diverged;
}

std::string Training::find_first_bad(Block& block, int64_t last) {
  std::unique_ptr<StepInspector> inspector;
  if (options_.inspector) inspector = options_.inspector(description_.entries[block.entry].name);
  // Before a step its state is kept: to repeat it in sight of the inspector.
  auto inspect = [&](const Snapshot& before, bool known_good) {
    Snapshot after = take_snapshot(*model_, position_, all_roles);
    restore(*model_, before);
    position_ = before.position;
    size_t n = 0;
    const std::vector<const void*>& inputs = batch(block, n);
    std::string words = inspector->inspect(*model_->handle(), n, inputs, known_good);
    restore(*model_, after);
    position_ = after.position;
    return words;
  };
  for (bool first = true; position_.step < last; first = false) {
    Snapshot before = take_snapshot(*model_, position_, all_roles);
    Result<double> loss = step(block);
    if (!loss) break;
    std::optional<BadValue> bad = find_bad_value(*model_);
    bool is_bad = bad || !std::isfinite(*loss);
    if (inspector && (is_bad || first)) {
      std::string words = inspect(before, !is_bad);
      if (is_bad && !words.empty())
        return fmt::format("the first to go bad was {} in step {}", words, position_.step);
    }
    if (bad)
      return fmt::format("the first to go bad was `{}`, whose element {} was {} after step {}",
                         description_.variables[bad->variable].name, bad->element, bad->value,
                         position_.step);
  }
  return "all weights were finite";
}

}  // namespace netc::trainer
