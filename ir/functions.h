// The table of scalar functions: the one place that knows what each of them means. Parser,
// printer, verifier, interpreter, autodiff, code generation, documentation and tests read it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ir/support/id.h"
#include "ir/types.h"

namespace netc {

enum class Function : uint8_t {
#define NETC_FUNCTION(name) name,
#include "ir/functions.def"
};

inline constexpr size_t function_count = 0
#define NETC_FUNCTION(name) +1
#include "ir/functions.def"
    ;

/// What a function is, for passes that ask.
enum class FunctionClass : uint8_t {
  arithmetic,  ///< operands and result of one type, integer or float
  comparison,  ///< operands of one type, result bool
  logic,       ///< operands and result bool
  selection,   ///< select(bool, T, T) -> T
  real,        ///< operands and result of one float type
  draw,        ///< operands and result i64: a number drawn for these operands, always the same
};

/// How a function is written in text.
struct Syntax {
  std::string_view symbol;  ///< infix or prefix operator; empty: a call by name
  uint8_t precedence = 0;   ///< binding strength of the operator, as in `docs/language.md`
  bool right_associative = false;
  bool also_called = false;  ///< an operator that may also be called by its name
};

class ExprBuilder;                  // ir/expr.h
using ExprId = Id<struct ExprTag>;  ///< a node of a definition's expression

/// Builds the derivative of `result = f(args...)` with respect to argument `k`, times `adjoint`
/// (so that selections can be written without products by 0 and 1). Returns an invalid id where
/// the derivative is zero everywhere.
using Derivative = ExprId (*)(ExprBuilder& builder, std::span<const ExprId> args, ExprId result,
                              int k, ExprId adjoint);

/// An interval in which tests may draw arguments, away from kinks and poles.
struct Domain {
  double low = -2;
  double high = 2;
};

/// One row of the table.
struct FunctionInfo {
  Function function;
  std::string_view name;  ///< as in the list; the name of a call
  uint8_t arity;
  FunctionClass kind;
  Syntax syntax;
  bool commutative;
  std::string_view summary;          ///< one line for the documentation, special values included
  std::string_view derivative_text;  ///< as mathematics, for the documentation: "y * (1 - y)"
  Derivative derivative;             ///< nullptr: no gradient flows (comparisons, logic)
  double (*evaluate)(const double* args);            ///< nullptr where there is no float form
  int64_t (*evaluate_integer)(const int64_t* args);  ///< before wrapping to the type; or nullptr
  Domain domain;
};

const FunctionInfo& info(Function function);

/// A function by the name it is called with (`exp`), not by its operator.
std::optional<Function> find_function(std::string_view name);

/// The row for an infix (`arity` 2) or prefix (`arity` 1) operator.
std::optional<Function> find_operator(std::string_view symbol, int arity);

/// The type of the result for operands of these types (already checked to fit).
DType result_type(Function function, DType operand);

/// Rounds or wraps a value to what `type` can hold: f32 rounding, integers wrapping.
double round_to(DType type, double value);
int64_t wrap_to(DType type, int64_t value);
/// Float to integer: saturates, NaN gives 0.
int64_t saturate_to(DType type, double value);

}  // namespace netc
