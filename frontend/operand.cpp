// Operands in words, for diagnostics.
#include "frontend/operand.h"

#include <fmt/format.h>

#include <algorithm>

namespace netc::elaboration {

bool known_while_compiling(const Operand& operand) {
  if (const auto* list = operand.as<List>())
    return std::all_of(list->items.begin(), list->items.end(), known_while_compiling);
  return operand.as<Whole>() || operand.as<Real>() || operand.as<Truth>() || operand.as<Text>();
}

std::string describe(const Operand& operand) {
  if (operand.as<Whole>()) return "an int";
  if (operand.as<Real>()) return "a float";
  if (operand.as<Truth>()) return "a bool";
  if (operand.as<Text>()) return "a string";
  if (operand.as<Size>()) return "the size of the batch";
  if (operand.as<List>()) return "a list";
  if (const auto* tuple = operand.as<Tuple>())
    return fmt::format("{} results", tuple->items.size());
  if (operand.as<InstanceRef>()) return "an instance of a layer";
  if (const auto* element = operand.as<Element>()) {
    if (element->adaptive) return "a scalar of the running program";
    return to_string(element->type());
  }
  return "nothing";
}

std::string display(const Operand& operand) {
  if (const auto* whole = operand.as<Whole>()) return fmt::format("{}", whole->value);
  if (const auto* real = operand.as<Real>()) return fmt::format("{}", real->value);
  if (const auto* truth = operand.as<Truth>()) return truth->value ? "true" : "false";
  if (const auto* text = operand.as<Text>()) return text->value;
  if (const auto* size = operand.as<Size>()) return to_string(Dim{size->factor, true});
  if (const auto* list = operand.as<List>()) {
    std::string text = "[";
    for (const Operand& item : list->items) text += (text.size() > 1 ? ", " : "") + display(item);
    return text + "]";
  }
  return describe(operand);
}

Operand operand_of(Dim dim) {
  if (dim.batch) return Size{dim.factor};
  return Whole{dim.factor, {}};
}

std::string to_string(const std::vector<Dim>& dims) {
  std::string text = "[";
  for (const Dim& dim : dims) text += (text.size() > 1 ? ", " : "") + netc::to_string(dim);
  return text + "]";
}

}  // namespace netc::elaboration
