// Numbers are stored as decimal text, doubles in the shortest form that reads back the same.
#include "runtime/trainer/resume.h"

#include <charconv>
#include <cstring>
#include <deque>

#include "runtime/core/safetensors.h"
#include "runtime/trainer/tensor_file.h"

namespace netc::trainer {
namespace {

/// The fields of a checkpoint's metadata; one list for writing and reading.
template <typename Visit>
void visit_fields(Position& position, RunIdentity& identity, const Visit& visit) {
  visit("block", position.block);
  visit("epoch", position.epoch);
  visit("batch", position.batch);
  visit("step", position.step);
  visit("epochs_before", position.epochs_before);
  visit("loss_sum", position.loss_sum);
  visit("since_best", position.since_best);
  visit("seed", identity.seed);
  visit("batch_size", identity.batch);
  visit("rows", identity.rows);
}

std::string shape_of(const netc_tensor& tensor) { return type_text(tensor); }

std::string shape_of(const netc_stored& stored) {
  return type_text(static_cast<netc_dtype>(stored.dtype), {stored.dims, stored.rank});
}

/// Lines of what keeps a file from being a checkpoint of this model.
std::vector<std::string> differences(const netc_model& model, const TensorFile& file) {
  std::vector<std::string> lines;
  for (uint32_t v = 0; v < model.variable_count; ++v) {
    const netc_tensor& variable = model.variables[v];
    const netc_stored* stored = file.find(variable.name);
    if (stored == nullptr)
      lines.push_back(fmt::format("the file lacks `{}`, {}", variable.name, shape_of(variable)));
    else if (stored->dtype != variable.dtype || !netc_stored_fits(stored, &variable))
      lines.push_back(fmt::format("`{}` is {} in the model, but {} in the file", variable.name,
                                  shape_of(variable), shape_of(*stored)));
  }
  for (const std::string& name : file.names()) {
    bool known = name.starts_with("best.");
    for (uint32_t v = 0; v < model.variable_count && !known; ++v)
      known = name == model.variables[v].name;
    if (!known)
      lines.push_back(fmt::format("the model lacks `{}`, {}", name, shape_of(*file.find(name))));
  }
  return lines;
}

/// What the names of the averages begin with that stand for the weights; nothing if none do.
std::optional<std::string> averages_in_use(Model& model) {
  const netc_handle& handle = *model.handle();
  for (uint32_t v = 0; v < model.description().variable_count; ++v) {
    int64_t parameter = netc_averaged_parameter(&model.description(), v);
    if (parameter < 0 || handle.evaluated[parameter] != handle.variables[v]) continue;
    std::string name = model.description().variables[v].name;
    return name.substr(0, name.find('.'));
  }
  return std::nullopt;
}

template <typename Number>
bool parse(const char* text, Number& number) {
  if (text == nullptr) return false;
  auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc{} && *end == 0;
}

}  // namespace

Status write_checkpoint(const std::string& path, Model& model, const Position& position,
                        const RunIdentity& identity, const std::optional<Snapshot>& best) {
  const netc_model& description = model.description();
  std::vector<netc_to_store> tensors;
  std::deque<std::string> texts;  // whose addresses stay
  auto keep = [&](std::string text) { return texts.emplace_back(std::move(text)).data(); };
  for (uint32_t v = 0; v < description.variable_count; ++v) {
    const netc_tensor& variable = description.variables[v];
    netc_to_store tensor{variable.name, variable.dtype, variable.rank, variable.dims,
                         model.variable(v).data()};
    tensors.push_back(tensor);
    if (!best || best->variables[v].empty()) continue;
    tensor.name = keep(std::string("best.") + variable.name);
    tensor.data = best->variables[v].data();
    tensors.push_back(tensor);
  }
  std::vector<netc_pair> metadata;
  auto add = [&](const char* key, const auto& value) {
    metadata.push_back({keep(std::string("netc.") + key), keep(fmt::format("{}", value))});
  };
  add("checkpoint", 1);
  add("model", description.name);
  add("optimizer_steps", model.handle()->steps);
  if (std::optional<std::string> prefix = averages_in_use(model)) add("averages", *prefix);
  Position copy = position;
  RunIdentity identity_copy = identity;
  visit_fields(copy, identity_copy, add);
  if (position.best) add("best", *position.best);
  char error[1024];
  int status = netc_safetensors_write(path.c_str(), tensors.data(), tensors.size(), metadata.data(),
                                      metadata.size(), error, sizeof error);
  return status == NETC_OK ? Status(Done{}) : Failure{exit_output, error};
}

Result<Checkpoint> read_checkpoint(const std::string& path, Model& model) {
  Result<TensorFile> file = TensorFile::open(path);
  if (!file) return file.failure();
  const netc_model& description = model.description();
  if (file->metadata("netc.checkpoint") == nullptr)
    return failure(exit_mismatch,
                   "{}: this is no resumable checkpoint; weights alone are what --load takes",
                   path);
  std::vector<std::string> lines = differences(description, *file);
  if (!lines.empty()) {
    size_t count = lines.size();
    if (count > 8) lines.resize(8), lines.push_back("...");
    return failure(exit_mismatch, "{} is no checkpoint of {}; {} difference{}:\n  {}", path,
                   description.name, count, count > 1 ? "s" : "", fmt::join(lines, "\n  "));
  }
  Checkpoint checkpoint;
  bool complete = true;
  auto read = [&](const char* key, auto& value) {
    complete &= parse(file->metadata((std::string("netc.") + key).c_str()), value);
  };
  visit_fields(checkpoint.position, checkpoint.identity, read);
  int64_t optimizer_steps = 0;
  read("optimizer_steps", optimizer_steps);
  if (!complete) return failure(exit_bad_input, "{}: damaged: its metadata are incomplete", path);
  double best = 0;
  if (file->metadata("netc.best") != nullptr) {
    read("best", best);
    checkpoint.position.best = best;
    checkpoint.best = Snapshot{};
    checkpoint.best->variables.resize(description.variable_count);
  }
  for (uint32_t v = 0; v < description.variable_count; ++v) {
    const netc_tensor& variable = description.variables[v];
    netc_stored_copy(file->get(), file->find(variable.name), variable.dtype,
                     model.variable(v).data());
    const netc_stored* stored = file->find(std::string("best.") + variable.name);
    if (!checkpoint.best || stored == nullptr || stored->bytes != model.variable_bytes(v)) continue;
    checkpoint.best->variables[v].resize(stored->bytes);
    netc_stored_copy(file->get(), stored, variable.dtype, checkpoint.best->variables[v].data());
  }
  model.handle()->steps = optimizer_steps;
  return checkpoint;
}

}  // namespace netc::trainer
