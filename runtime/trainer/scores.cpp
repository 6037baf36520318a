// The runtime goes through the rows in chunks and weighs by rows; here are only names and texts.
#include "runtime/trainer/scores.h"

#include <cmath>

#include "runtime/core/dtype.h"

namespace netc::trainer {

Result<std::vector<Score>> score(Model& model, Dataset& data) {
  const netc_model& description = model.description();
  std::optional<uint32_t> index = find_entry(description, NETC_EVALUATE);
  if (!index) return failure(exit_bad_input, "{} has no loss to evaluate", description.name);
  const netc_entry& entry = description.entries[*index];
  std::vector<std::vector<std::byte>> memory;
  std::vector<void*> pointers;
  for (uint32_t r = 0; r < entry.result_count; ++r) {
    size_t bytes = netc_result_bytes(&entry.results[r], static_cast<int64_t>(data.rows()));
    pointers.push_back(memory.emplace_back(bytes).data());
  }
  netc_rows slice = [](void* set, size_t first, size_t count) {
    return static_cast<Dataset*>(set)->slice(first, count).data();
  };
  if (Status ran = model.run(*index, data.rows(), slice, &data, pointers); !ran)
    return ran.failure();
  std::vector<Score> scores;
  for (uint32_t r = 0; r < entry.result_count; ++r) {
    const netc_result& result = entry.results[r];
    if (result.kind == NETC_OUTPUT) continue;
    Score score{result_key(result), {}};
    for (size_t i = 0; i < memory[r].size() / netc_dtype_bytes(result.dtype); ++i)
      score.values.push_back(netc_dtype_load(result.dtype, pointers[r], i));
    scores.push_back(std::move(score));
  }
  return scores;
}

std::optional<double> loss_of(const std::vector<Score>& scores) {
  for (const Score& score : scores)
    if (score.name == "loss" && score.values.size() == 1) return score.values[0];
  return std::nullopt;
}

std::string to_text(const std::vector<Score>& scores) {
  std::string text;
  for (const Score& score : scores)
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : "  ", score.name,
                        fmt::join(score.values, ", "));
  return text;
}

std::string json_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : "null";
}

std::string to_json(const std::vector<Score>& scores) {
  std::string text = "{";
  for (const Score& score : scores) {
    std::string values;
    for (double value : score.values) values += (values.empty() ? "" : ",") + json_number(value);
    bool single = score.values.size() == 1;
    text += fmt::format("{}\"{}\":{}", text.size() > 1 ? "," : "", score.name,
                        single ? values : "[" + values + "]");
  }
  return text + "}";
}

}  // namespace netc::trainer
