// Hashes that are the same on every machine and in every run.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace netc {

/// Takes in numbers one after the other.
class Hash {
 public:
  Hash& mix(uint64_t part) {
    value_ = (value_ ^ part) * 0x9E3779B97F4A7C15ull;
    value_ ^= value_ >> 29;
    return *this;
  }
  Hash& mix(int64_t part) { return mix(static_cast<uint64_t>(part)); }
  Hash& mix(uint32_t part) { return mix(uint64_t{part}); }
  Hash& mix(std::string_view text) {
    for (const char c : text) mix(static_cast<uint64_t>(static_cast<unsigned char>(c)));
    return mix(static_cast<uint64_t>(text.size()));
  }
  template <typename Enum>
  requires std::is_enum_v<Enum> Hash& mix(Enum part) { return mix(static_cast<uint64_t>(part)); }

  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0;
};

}  // namespace netc
