// The names of the loops IR's types, opcodes and places.
#include "ir/loops/loops.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace netc::loops {

std::string to_string(Type type) {
  std::string text(netc::name(type.element));
  if (type.lanes > 1) text += fmt::format("x{}", type.lanes);
  if (type.pointer) text += "*";
  return text;
}

std::string_view name(Opcode opcode) {
  static constexpr std::array<std::string_view, 21> names = {
      "constant",  "batch", "task",    "task_end", "apply",  "fma",     "convert",
      "broadcast", "iota",  "load",    "store",    "reduce", "extract", "insert",
      "shuffle",   "alloc", "advance", "prefetch", "for",    "if",      "yield"};
  static_assert(names.size() == static_cast<size_t>(Opcode::yield) + 1);
  return names[static_cast<size_t>(opcode)];
}

bool runs_tasks_together(const Kernel& kernel) {
  return std::any_of(kernel.instructions.begin(), kernel.instructions.end(),
                     [](const Instruction& it) { return it.opcode == Opcode::task_end; });
}

std::string_view name(Place place) {
  static constexpr std::array<std::string_view, 5> names = {"input", "output", "variable",
                                                            "setting", "arena"};
  static_assert(names.size() == static_cast<size_t>(Place::arena) + 1);
  return names[static_cast<size_t>(place)];
}

}  // namespace netc::loops
