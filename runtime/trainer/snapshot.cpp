// Scanning for what is not finite looks at the bits of an exponent, many elements at a time.
#include "runtime/trainer/snapshot.h"

#include <cmath>
#include <cstring>

#include "runtime/core/dtype.h"

namespace netc::trainer {
namespace {

/// Whether all floats have an exponent that is not all ones.
template <typename Word>
bool all_finite(std::span<const std::byte> bytes, Word exponent) {
  size_t count = bytes.size() / sizeof(Word);
  Word bad = 0;
  for (size_t i = 0; i < count; ++i) {
    Word word;
    std::memcpy(&word, bytes.data() + i * sizeof word, sizeof word);
    bad |= static_cast<Word>((word & exponent) == exponent);
  }
  return bad == 0;
}

bool all_finite(unsigned dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case NETC_F64:
      return all_finite<uint64_t>(bytes, 0x7ff0000000000000);
    case NETC_F32:
      return all_finite<uint32_t>(bytes, 0x7f800000);
    case NETC_F16:
      return all_finite<uint16_t>(bytes, 0x7c00);
    case NETC_BF16:
      return all_finite<uint16_t>(bytes, 0x7f80);
    default:
      return true;
  }
}

}  // namespace

Snapshot take_snapshot(Model& model, const Position& position, unsigned roles) {
  const netc_model& description = model.description();
  Snapshot snapshot{position, std::nullopt, {}};
  if (roles == all_roles) snapshot.optimizer_steps = model.handle()->steps;
  snapshot.variables.resize(description.variable_count);
  for (uint32_t v = 0; v < description.variable_count; ++v) {
    if ((roles >> description.variables[v].role & 1) == 0) continue;
    std::span<std::byte> bytes = model.variable(v);
    snapshot.variables[v].assign(bytes.begin(), bytes.end());
  }
  return snapshot;
}

void restore(Model& model, const Snapshot& snapshot) {
  for (uint32_t v = 0; v < snapshot.variables.size(); ++v) {
    const std::vector<std::byte>& bytes = snapshot.variables[v];
    if (!bytes.empty()) std::memcpy(model.variable(v).data(), bytes.data(), bytes.size());
  }
  if (snapshot.optimizer_steps) model.handle()->steps = *snapshot.optimizer_steps;
}

std::optional<BadValue> find_bad_value(Model& model) {
  const netc_model& description = model.description();
  for (uint32_t v = 0; v < description.variable_count; ++v) {
    unsigned dtype = description.variables[v].dtype;
    std::span<const std::byte> bytes = model.variable(v);
    if (all_finite(dtype, bytes)) continue;
    for (size_t i = 0;; ++i) {
      double value = netc_dtype_load(dtype, bytes.data(), i);
      if (!std::isfinite(value)) return BadValue{v, i, value};
    }
  }
  return std::nullopt;
}

}  // namespace netc::trainer
