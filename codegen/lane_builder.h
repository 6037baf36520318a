// Arithmetic on lanes: the few operations that scalar functions are made of, for one float type
// and any number of lanes. Constants take the shape of the value beside them.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <initializer_list>
#include <vector>

namespace netc {

/// Instructions beyond those that LLVM makes on every machine.
struct LaneFeatures {
  bool fma = false;       ///< multiply-add, rounded once
  bool permutes = false;  ///< tables of 32 floats in registers, and scaling by powers of two
};

class LaneBuilder {
 public:
  LaneBuilder(llvm::IRBuilder<>& builder, LaneFeatures features)
      : ir(builder), has_fma(features.fma), has_permutes(features.permutes) {}

  llvm::IRBuilder<>& ir;
  const bool has_fma;       ///< whether the machine has an instruction for `fused`
  const bool has_permutes;  ///< whether it has those for `lookup` and `scale`

  llvm::Value* constant(llvm::Value* like, double value);
  llvm::Value* integer(llvm::Value* like, int64_t value);

  llvm::Value* add(llvm::Value* a, llvm::Value* b) { return ir.CreateFAdd(a, b); }
  llvm::Value* sub(llvm::Value* a, llvm::Value* b) { return ir.CreateFSub(a, b); }
  llvm::Value* mul(llvm::Value* a, llvm::Value* b) { return ir.CreateFMul(a, b); }
  llvm::Value* div(llvm::Value* a, llvm::Value* b) { return ir.CreateFDiv(a, b); }
  llvm::Value* add(llvm::Value* a, double b) { return add(a, constant(a, b)); }
  llvm::Value* sub(double a, llvm::Value* b) { return sub(constant(b, a), b); }
  llvm::Value* mul(llvm::Value* a, double b) { return mul(a, constant(a, b)); }
  llvm::Value* div(double a, llvm::Value* b) { return div(constant(b, a), b); }

  /// a * b + c, rounded once where the machine can.
  llvm::Value* fma(llvm::Value* a, llvm::Value* b, llvm::Value* c);
  llvm::Value* fma(llvm::Value* a, double b, llvm::Value* c) { return fma(a, constant(a, b), c); }
  /// a * b + c, rounded once everywhere: a call of libm where the machine has no instruction.
  llvm::Value* fused(llvm::Value* a, llvm::Value* b, llvm::Value* c);
  llvm::Value* fused(llvm::Value* a, double b, llvm::Value* c) {
    return fused(a, constant(a, b), c);
  }
  /// Horner's rule; the coefficient of the highest power first.
  llvm::Value* polynomial(llvm::Value* x, std::initializer_list<double> coefficients);

  /// The entry of a table of 32 floats at the low five bits of each lane of `index`.
  llvm::Value* lookup(const std::vector<float>& table, llvm::Value* index);
  /// x * 2^floor(exponent), rounded once, of any size; `exponent` is of the type of x.
  llvm::Value* scale(llvm::Value* x, llvm::Value* exponent);

  llvm::Value* call(llvm::Intrinsic::ID intrinsic, llvm::Value* x);
  llvm::Value* abs(llvm::Value* x) { return call(llvm::Intrinsic::fabs, x); }
  llvm::Value* round_even(llvm::Value* x) { return call(llvm::Intrinsic::roundeven, x); }
  llvm::Value* copy_sign(llvm::Value* magnitude, llvm::Value* sign);

  llvm::Value* less(llvm::Value* a, double b) { return ir.CreateFCmpOLT(a, constant(a, b)); }
  llvm::Value* greater(llvm::Value* a, double b) { return ir.CreateFCmpOGT(a, constant(a, b)); }
  llvm::Value* is_nan(llvm::Value* a) { return ir.CreateFCmpUNO(a, a); }
  llvm::Value* is_infinite(llvm::Value* a);
  llvm::Value* select(llvm::Value* condition, llvm::Value* a, llvm::Value* b) {
    return ir.CreateSelect(condition, a, b);
  }

  /// The bits of a float as an integer of its size, and back.
  llvm::Value* bits(llvm::Value* x);
  llvm::Value* from_bits(llvm::Value* integer, llvm::Type* type);

  static bool is_double(llvm::Value* x) { return x->getType()->getScalarType()->isDoubleTy(); }
  /// The type with the same lanes and another element.
  static llvm::Type* with_element(llvm::Type* type, llvm::Type* element);

 private:
  /// The lanes in vectors of so many, of which the last may have others that do not matter.
  std::vector<llvm::Value*> registers_of(llvm::Value* x, unsigned lanes);
  /// And back: as many lanes as the type has.
  llvm::Value* joined(const std::vector<llvm::Value*>& registers, llvm::Type* type);
};

/// As long as it lives, products and sums are rounded each, as they are written: what computes the
/// error of a rounding counts on it.
class RoundedAsWritten {
 public:
  explicit RoundedAsWritten(LaneBuilder& lanes) : guard_(lanes.ir) {
    lanes.ir.clearFastMathFlags();
  }

 private:
  llvm::IRBuilder<>::FastMathFlagGuard guard_;
};

}  // namespace netc
