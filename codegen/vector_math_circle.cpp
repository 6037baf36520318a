// Sine and cosine. In f32, x is reduced by multiples of pi / 2 in f64, which is exact enough as
// long as their number fits an integer; where a lane is larger, infinite or NaN, all lanes go to
// libm.
#include "codegen/vector_math.h"

namespace netc {

namespace {

using llvm::BasicBlock;
using llvm::Value;

constexpr double largest = 0x1p28;

/// sin(x + quarters * pi / 2)
Value* reduced_sine(LaneBuilder& l, Value* x, int64_t quarters) {
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Type* type = x->getType();
  Value* wide = ir.CreateFPExt(x, LaneBuilder::with_element(type, ir.getDoubleTy()));
  Value* count = l.round_even(l.mul(wide, 0.63661977236758134));
  count = l.add(count, 0.0);  // not -0, which would turn the sign of a rest that is -0
  Value* rest = l.fma(count, -1.5707963267341256, wide);
  rest = ir.CreateFPTrunc(l.fma(count, -6.0771005065061922e-11, rest), type);
  Value* quarter = ir.CreateFPToSI(count, LaneBuilder::with_element(type, ir.getInt32Ty()));
  quarter = ir.CreateAdd(quarter, l.integer(quarter, quarters));

  Value* square = l.mul(rest, rest);
  Value* sine =
      l.polynomial(square, {2.724939007e-6, -1.984008272e-4, 8.333331868e-3, -1.666666666e-1});
  sine = l.copy_sign(l.fma(l.mul(square, rest), sine, rest), rest);
  Value* cosine = l.polynomial(square, {2.454753606e-5, -1.388830131e-3, 4.166666465e-2});
  cosine = l.fma(l.mul(square, square), cosine, l.fma(square, -0.5, l.constant(square, 1)));

  Value* zero = l.integer(quarter, 0);
  Value* odd = ir.CreateICmpNE(ir.CreateAnd(quarter, l.integer(quarter, 1)), zero);
  Value* negative = ir.CreateICmpNE(ir.CreateAnd(quarter, l.integer(quarter, 2)), zero);
  Value* value = l.select(odd, cosine, sine);
  return l.select(negative, ir.CreateFNeg(value), value);
}

Value* sine(LaneBuilder& l, LaneValues x, const char* name, int64_t quarters) {
  if (LaneBuilder::is_double(x[0])) return call_libm(l, name, x);
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Function* function = ir.GetInsertBlock()->getParent();
  BasicBlock* quick = BasicBlock::Create(ir.getContext(), "sine.quick", function);
  BasicBlock* slow = BasicBlock::Create(ir.getContext(), "sine.slow", function);
  BasicBlock* after = BasicBlock::Create(ir.getContext(), "sine.end", function);
  Value* fits = l.less(l.abs(x[0]), largest);
  ir.CreateCondBr(fits->getType()->isVectorTy() ? ir.CreateAndReduce(fits) : fits, quick, slow);

  ir.SetInsertPoint(quick);
  Value* reduced = reduced_sine(l, x[0], quarters);
  ir.CreateBr(after);
  ir.SetInsertPoint(slow);
  Value* exact = call_libm(l, name, x);
  ir.CreateBr(after);
  ir.SetInsertPoint(after);
  llvm::PHINode* result = ir.CreatePHI(x[0]->getType(), 2);
  result->addIncoming(reduced, quick);
  result->addIncoming(exact, slow);
  return result;
}

}  // namespace

Value* sin_of(LaneBuilder& l, LaneValues x) { return sine(l, x, "sin", 0); }
Value* cos_of(LaneBuilder& l, LaneValues x) { return sine(l, x, "cos", 1); }

}  // namespace netc
