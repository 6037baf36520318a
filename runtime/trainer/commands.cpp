// The trainer's commands but prediction: each builds what it needs and reports how it ended.
#include "runtime/trainer/report.h"
#include "runtime/trainer/scores.h"
#include "runtime/trainer/training.h"

namespace netc::trainer {
namespace {

/// The data to evaluate on: the last validation data, otherwise the last training data.
Result<Dataset> evaluation_data(const netc_model& model, const netc_entry& entry,
                                const EvaluateOptions& options) {
  Result<std::vector<Plan>> plans = plans_of(model);
  if (!plans) return plans.failure();
  const Plan* chosen = nullptr;
  for (const Plan& plan : *plans)
    if (!plan.validation.empty() || (chosen == nullptr && !plan.data.empty())) chosen = &plan;
  if (chosen == nullptr)
    return failure(exit_bad_input, "{} has no `train` block that says where data are", model.name);
  const std::vector<Source>& sources =
      chosen->validation.empty() ? chosen->data : chosen->validation;
  return Dataset::load(model, entry, sources, options.data.value_or(chosen->directory));
}

Result<ExitCode> run_evaluation(const netc_model& model, const EvaluateOptions& options) {
  std::optional<uint32_t> entry = find_entry(model, NETC_EVALUATE);
  if (!entry) return failure(exit_bad_input, "{} has no loss to evaluate", model.name);
  Result<Model> instance = Model::create(model, options, options.seed.value_or(0));
  if (!instance) return instance.failure();
  Result<Dataset> data = evaluation_data(model, model.entries[*entry], options);
  if (!data) return data.failure();
  Progress::Clock::time_point begin = Progress::Clock::now();
  Result<std::vector<Score>> scores = score(*instance, *data);
  if (!scores) return scores.failure();
  double seconds = std::chrono::duration<double>(Progress::Clock::now() - begin).count();
  std::string line =
      options.format == Format::json
          ? fmt::format("{{\"validation\":{},\"seconds\":{:.3f}}}\n", to_json(*scores), seconds)
          : fmt::format("{}  ({} rows)\n", to_text(*scores), data->rows());
  return print_out(line);
}

}  // namespace

int train(const netc_model& model, const TrainOptions& options) {
  return run_reported(options, [&] { return Training(model, options).run(); });
}

int evaluate(const netc_model& model, const EvaluateOptions& options) {
  return run_reported(options, [&] { return run_evaluation(model, options); });
}

int save(const netc_model& model, const RunOptions& options, const std::string& path) {
  return run_reported(options, [&]() -> Result<ExitCode> {
    Result<Model> instance = Model::create(model, options, options.seed.value_or(0));
    if (!instance) return instance.failure();
    if (Status saved = instance->save(path); !saved) return saved.failure();
    return exit_done;
  });
}

}  // namespace netc::trainer
