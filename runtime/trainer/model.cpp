// The runtime's statuses become exit codes here.
#include "runtime/trainer/model.h"

#include <cstring>

namespace netc::trainer {

Failure Model::failure_of(int status) const {
  ExitCode code = exit_bad_input;
  if (status == NETC_BAD_DATA || status == NETC_MISMATCH) code = exit_mismatch;
  if (status == NETC_CANNOT_WRITE) code = exit_output;
  return {code, netc_rt_error(handle_.get())};
}

Result<Model> Model::create(const netc_model& model, const RunOptions& options, uint64_t seed) {
  netc_options settings{};
  settings.size = sizeof settings;
  settings.seed = seed;
  settings.threads = options.threads;
  if (!options.load.empty()) settings.weights = options.load.c_str();
  netc_handle* handle = nullptr;
  int status = netc_rt_create(&model, &handle, &settings);
  Model created(handle);
  if (status != NETC_OK) return created.failure_of(status);
  return created;
}

Status Model::train_step(uint32_t entry, size_t n, const std::vector<const void*>& inputs,
                         const std::vector<void*>& results) {
  int status = netc_rt_train_step(handle_.get(), entry, n, inputs.data(), results.data());
  return status == NETC_OK ? Status(Done{}) : failure_of(status);
}

Status Model::run(uint32_t entry, size_t n, const std::vector<const void*>& inputs,
                  const std::vector<void*>& results) {
  int status = netc_rt_run(handle_.get(), entry, n, inputs.data(), results.data());
  return status == NETC_OK ? Status(Done{}) : failure_of(status);
}

Status Model::run(uint32_t entry, size_t n, netc_rows rows, void* data,
                  const std::vector<void*>& results) {
  int status = netc_run_rows(handle_.get(), entry, n, rows, data, results.data());
  return status == NETC_OK ? Status(Done{}) : failure_of(status);
}

Status Model::save(const std::string& path) const {
  int status = netc_rt_save(handle_.get(), path.c_str());
  return status == NETC_OK ? Status(Done{}) : failure_of(status);
}

size_t Model::variable_bytes(uint32_t variable) const {
  return netc_tensor_bytes(&description().variables[variable], 1);
}

std::span<std::byte> Model::variable(uint32_t variable) {
  return {static_cast<std::byte*>(handle_->variables[variable]), variable_bytes(variable)};
}

std::optional<uint32_t> find_entry(const netc_model& model, const std::string& name) {
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (name == model.entries[i].name) return i;
  return std::nullopt;
}

std::optional<uint32_t> find_entry(const netc_model& model, netc_entry_kind kind) {
  for (uint32_t i = 0; i < model.entry_count; ++i)
    if (model.entries[i].kind == kind) return i;
  return std::nullopt;
}

std::string result_key(const netc_result& result) {
  switch (result.kind) {
    case NETC_LOSS:
      return "loss";
    case NETC_OUTPUT:
      return std::string("output.") + result.name;
    case NETC_GRADIENT:
      return std::string("grad.") + result.name;
    default:
      return result.name;
  }
}

}  // namespace netc::trainer
