#include "frontend/ast.h"

#include <array>

namespace netc::ast {

namespace {
constexpr std::array<std::string_view, 15> binary_symbols = {
    "or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "@", "^"};
constexpr std::array<std::string_view, 6> reductions = {"sum", "mean", "max",
                                                        "min", "prod", "argmax"};
static_assert(binary_symbols.size() == static_cast<size_t>(BinaryOp::power) + 1);
static_assert(reductions.size() == static_cast<size_t>(ReductionOp::argmax) + 1);
}  // namespace

std::string_view symbol(UnaryOp op) { return op == UnaryOp::negate ? "-" : "not"; }
std::string_view symbol(BinaryOp op) { return binary_symbols[static_cast<size_t>(op)]; }
std::string_view symbol(ReductionOp op) { return reductions[static_cast<size_t>(op)]; }

std::optional<ReductionOp> find_reduction(std::string_view name) {
  for (size_t i = 0; i < reductions.size(); ++i)
    if (reductions[i] == name) return static_cast<ReductionOp>(i);
  return std::nullopt;
}

}  // namespace netc::ast
