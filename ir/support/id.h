// Typed 32-bit ids: nodes live in flat vectors, and an id of one kind does not convert to another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace netc {

template <typename Tag>
struct Id {
  static constexpr uint32_t none = ~uint32_t{0};
  uint32_t index = none;

  constexpr bool valid() const { return index != none; }
  constexpr explicit operator bool() const { return valid(); }
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace netc

template <typename Tag>
struct std::hash<netc::Id<Tag>> {
  size_t operator()(netc::Id<Tag> id) const noexcept { return std::hash<uint32_t>{}(id.index); }
};
