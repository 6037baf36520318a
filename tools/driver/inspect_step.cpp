// Every value that an operation makes becomes an output of the step, so that no memory is shared
// and nothing stays in registers alone; then a scan in the order of the operations finds the first.
#include "tools/driver/inspect_step.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <set>

#include "ir/interface.h"
#include "passes/passes.h"
#include "runtime/core/dtype.h"
#include "runtime/core/handle.h"

namespace netc {

namespace {

struct Place {
  std::string name;
  SourceRange range;
};

class CheckedStep : public trainer::StepInspector {
 public:
  CheckedStep(const SourceMap& sources, std::vector<Place> places, std::unique_ptr<Jit> code,
              const netc_model* model)
      : sources_(sources), places_(std::move(places)), code_(std::move(code)), model_(model) {}

  std::string inspect(const netc_handle& before, size_t n, const std::vector<const void*>& inputs,
                      bool known_good) override {
    netc_options options = {.size = sizeof options, .threads = 1};
    netc_handle* created = nullptr;
    int status = netc_rt_create(model_, &created, &options);
    std::unique_ptr<netc_handle, void (*)(netc_handle*)> handle(created, &netc_rt_destroy);
    if (status != NETC_OK) return "";
    copy_state(before, *handle);
    const netc_entry& entry = model_->entries[0];
    std::vector<std::vector<std::byte>> memory;
    std::vector<void*> results;
    for (uint32_t r = 0; r < entry.result_count; ++r)
      results.push_back(
          memory.emplace_back(netc_result_bytes(&entry.results[r], static_cast<int64_t>(n)))
              .data());
    if (netc_rt_train_step(created, 0, n, inputs.data(), results.data()) != NETC_OK) return "";
    return known_good ? learn(entry, memory) : first_bad(entry, memory, static_cast<int64_t>(n));
  }

 private:
  /// Variables and settings by name: a graph by itself may have fewer than its model.
  static void copy_state(const netc_handle& from, netc_handle& to) {
    for (uint32_t v = 0; v < to.model->variable_count; ++v)
      for (uint32_t u = 0; u < from.model->variable_count; ++u)
        if (!std::strcmp(to.model->variables[v].name, from.model->variables[u].name))
          std::memcpy(to.variables[v], from.variables[u],
                      netc_tensor_bytes(&to.model->variables[v], 1));
    for (uint32_t s = 0; s < to.model->setting_count; ++s)
      for (uint32_t t = 0; t < from.model->setting_count; ++t)
        if (!std::strcmp(to.model->settings[s].name, from.model->settings[t].name))
          to.settings[s] = from.settings[t];
    to.steps = from.steps;
  }

  /// What counts as bad: infinities may be meant, as in masks, those above less often.
  enum class Bad { nan, nan_or_above, any };

  static bool is_bad(double value, Bad bad) {
    return bad == Bad::any ? !std::isfinite(value)
                           : std::isnan(value) || (bad == Bad::nan_or_above && value == INFINITY);
  }

  /// The first bad element, or SIZE_MAX.
  static size_t find(const netc_result& result, const std::vector<std::byte>& bytes, Bad bad) {
    if (!netc_dtype_is_float(result.dtype)) return SIZE_MAX;
    size_t count = bytes.size() / netc_dtype_bytes(result.dtype);
    for (size_t i = 0; i < count; ++i)
      if (is_bad(netc_dtype_load(result.dtype, bytes.data(), i), bad)) return i;
    return SIZE_MAX;
  }

  std::string learn(const netc_entry& entry, const std::vector<std::vector<std::byte>>& memory) {
    learnt_ = true;
    for (uint32_t r = 0; r < entry.result_count; ++r)
      if (find(entry.results[r], memory[r], Bad::any) != SIZE_MAX) infinite_.insert(r);
    return "";
  }

  /// Where no good step has shown which infinities are meant, those below count last.
  std::string first_bad(const netc_entry& entry, const std::vector<std::vector<std::byte>>& memory,
                        int64_t n) const {
    for (Bad bad : {learnt_ ? Bad::any : Bad::nan_or_above, Bad::any})
      for (uint32_t r = 0; r < places_.size(); ++r) {
        size_t element = find(entry.results[r], memory[r], infinite_.contains(r) ? Bad::nan : bad);
        if (element != SIZE_MAX) return words(places_[r], entry.results[r], memory[r], element, n);
      }
    return "";
  }

  std::string words(const Place& place, const netc_result& result,
                    const std::vector<std::byte>& bytes, size_t element, int64_t n) const {
    double value = netc_dtype_load(result.dtype, bytes.data(), element);
    std::vector<size_t> subscripts(result.rank);
    for (unsigned d = result.rank; d-- > 0;) {
      auto size = static_cast<size_t>(result.dims[d] < 0 ? -result.dims[d] * n : result.dims[d]);
      subscripts[d] = element % size;
      element /= size;
    }
    std::string at;
    if (place.range.valid()) {
      LineColumn where = sources_.position(place.range.file, place.range.begin);
      at = fmt::format(" at {}:{}:{}", sources_.name(place.range.file), where.line, where.column);
    }
    std::string which = subscripts.empty()
                            ? "which"
                            : fmt::format("whose element [{}]", fmt::join(subscripts, ", "));
    return fmt::format("`{}`{}, {} is {}", place.name, at, which, value);
  }

  const SourceMap& sources_;
  std::vector<Place> places_;  ///< by result; those of the entry itself follow
  std::unique_ptr<Jit> code_;
  const netc_model* model_;
  bool learnt_ = false;          ///< a good step has been seen
  std::set<uint32_t> infinite_;  ///< results that are so in a good step
};

/// Makes outputs of all that operations make, in their order, before the entry's own results.
std::vector<Place> show_values(Graph& graph) {
  std::vector<Place> places;
  std::vector<GraphResult> results;
  for (const Op& op : graph.ops)
    for (ValueId id : op.results) {
      const Value& value = graph[id];
      results.push_back({ResultKind::output, fmt::format("value.{}", results.size()), id});
      places.push_back({value.name, value.range});
    }
  results.insert(results.end(), graph.results.begin(), graph.results.end());
  graph.results = std::move(results);
  return places;
}

}  // namespace

std::unique_ptr<trainer::StepInspector> inspect_step(Graph graph, const SourceMap& sources,
                                                     const TargetOptions& options) {
  Compilation compilation;
  std::string model = graph.model;
  compilation.graphs.push_back(std::move(graph));
  Target target = target_of(options.cpu);
  if (!run_passes(compilation, {"simplify", "autodiff", "simplify"}, target, {}).ok())
    return nullptr;
  std::vector<Place> places = show_values(compilation.graphs[0]);
  std::vector<ModelInterface> models = interfaces_of(compilation.graphs);
  if (!run_passes(compilation, {"schedule", "plan-memory"}, target, {}).ok()) return nullptr;
  CodegenInput input;
  input.program = &compilation.program;
  input.models = &models;
  input.plans.resize(1);
  Result<std::unique_ptr<Jit>> code = jit(input, options);
  if (!code.ok()) return nullptr;
  const netc_model* description = (*code)->model(model);
  return std::make_unique<CheckedStep>(sources, std::move(places), std::move(*code), description);
}

}  // namespace netc
