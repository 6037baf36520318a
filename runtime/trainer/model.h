// A model's handle, owned; and what the trainer asks of a descriptor.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/core/handle.h"
#include "runtime/trainer/result.h"

namespace netc::trainer {

class Model {
 public:
  /// Fresh weights of a seed, then those of `options.load`.
  static Result<Model> create(const netc_model& model, const RunOptions& options, uint64_t seed);

  const netc_model& description() const { return *handle_->model; }
  netc_handle* handle() { return handle_.get(); }

  Status train_step(uint32_t entry, size_t n, const std::vector<const void*>& inputs,
                    const std::vector<void*>& results);
  Status run(uint32_t entry, size_t n, const std::vector<const void*>& inputs,
             const std::vector<void*>& results);
  /// On rows that are fetched chunk by chunk.
  Status run(uint32_t entry, size_t n, netc_rows rows, void* data,
             const std::vector<void*>& results);
  Status save(const std::string& path) const;

  size_t variable_bytes(uint32_t variable) const;
  std::span<std::byte> variable(uint32_t variable);

 private:
  struct Destroy {
    void operator()(netc_handle* handle) const { netc_rt_destroy(handle); }
  };
  explicit Model(netc_handle* handle) : handle_(handle) {}
  Failure failure_of(int status) const;

  std::unique_ptr<netc_handle, Destroy> handle_;
};

/// The position of an entry, by name or by its kind.
std::optional<uint32_t> find_entry(const netc_model& model, const std::string& name);
std::optional<uint32_t> find_entry(const netc_model& model, netc_entry_kind kind);

/// What a result is called in files and logs: `loss`, `output.NAME`, `grad.NAME`, a metric's name.
std::string result_key(const netc_result& result);

}  // namespace netc::trainer
