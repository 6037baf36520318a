// What an expression stands for while a program is elaborated: a value known to the compiler, the
// size of the batch, a tensor, several of them, or an instance of a layer.
//
// A tensor is an `Element`: the scalar expression of any one of its elements, in the scratch DAG of
// `Tensors`. Element-wise arithmetic only builds expressions; a definition comes into the graph
// when an element is bound, passed on or reduced (`Tensors::define`).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "ir/expr.h"
#include "ir/graph.h"
#include "ir/support/source.h"
#include "ir/types.h"

namespace netc::elaboration {

struct Instance;  // layers.h
struct Operand;

/// Reported already; silences what follows from it.
struct Poison {};

/// An `int`. `inexact` is the place of a quotient that was rounded down, if one went into it:
/// such a value must not reach float arithmetic.
struct Whole {
  int64_t value = 0;
  SourceRange inexact;
};

struct Real {
  double value = 0;
};

struct Truth {
  bool value = false;
};

struct Text {
  std::string value;
};

/// factor * N: the size of a dimension that is known only at run time.
struct Size {
  int64_t factor = 1;
};

struct List {
  std::vector<Operand> items;
};

/// Several results of a call.
struct Tuple {
  std::vector<Operand> items;
};

struct InstanceRef {
  Instance* instance = nullptr;
};

/// A reduction that has not become a definition yet, so that `base + sum[i] ...` can be one.
struct PendingReduction {
  Reduction kind = Reduction::sum;
  std::vector<IndexId> reduced;
  ExprId body;
  ExprId base;
};

struct Element {
  ExprId node;  ///< invalid while `reduction` is set
  DType dtype = DType::f32;
  std::vector<Dim> dims;
  bool adaptive = false;  ///< a run-time scalar in f64 that takes the type of what it meets
  bool local = false;     ///< depends on indices of the index notation that it stands in
  std::shared_ptr<const PendingReduction> reduction;

  TensorType type() const { return {dtype, dims}; }
};

struct Operand {
  std::variant<Poison, Whole, Real, Truth, Text, Size, List, Tuple, InstanceRef, Element> what;

  Operand() = default;
  template <typename T>
  Operand(T value) : what(std::move(value)) {}

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&what);
  }
  bool poisoned() const { return as<Poison>() != nullptr; }
  bool is_number() const { return as<Whole>() || as<Real>() || as<Size>(); }
};

/// Whether it is a value of the compiler's own: an int, float, bool, string or a list of them.
bool known_while_compiling(const Operand& operand);

/// What it is, in words: "an int", "f32[N, 784]".
std::string describe(const Operand& operand);

/// Its value, as `{name}` in the message of a `require` shows it.
std::string display(const Operand& operand);

/// A dimension as a value, and back; a dimension is a Whole or a Size.
Operand operand_of(Dim dim);
std::string to_string(const std::vector<Dim>& dims);

}  // namespace netc::elaboration
