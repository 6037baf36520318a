// bf16 is the upper half of an f32, so it needs no support of the machine; f16 is LLVM's half.
#include "codegen/types.h"

namespace netc {

namespace {

using llvm::Value;

/// Rounds to the nearest, ties to even, by adding just less than half a unit, or half for odd
/// ones. NaN keeps a bit that makes it one.
Value* to_bf16(LaneBuilder& l, Value* x) {
  llvm::IRBuilder<>& ir = l.ir;
  Value* bits = l.bits(x);
  Value* upper = ir.CreateLShr(bits, l.integer(bits, 16));
  Value* odd = ir.CreateAnd(upper, l.integer(bits, 1));
  Value* raised = ir.CreateAdd(ir.CreateAdd(bits, l.integer(bits, 0x7fff)), odd);
  Value* rounded = ir.CreateLShr(raised, l.integer(bits, 16));
  Value* quiet = ir.CreateOr(upper, l.integer(bits, 0x40));
  Value* result = l.select(l.is_nan(x), quiet, rounded);
  return ir.CreateTrunc(result, LaneBuilder::with_element(bits->getType(), ir.getInt16Ty()));
}

Value* from_bf16(LaneBuilder& l, Value* x) {
  llvm::Type* words = LaneBuilder::with_element(x->getType(), l.ir.getInt32Ty());
  Value* bits = l.ir.CreateZExt(x, words);
  bits = l.ir.CreateShl(bits, l.integer(bits, 16));
  return l.ir.CreateBitCast(bits, LaneBuilder::with_element(words, l.ir.getFloatTy()));
}

llvm::Type* element_type(llvm::LLVMContext& context, DType type) {
  switch (type) {
    case DType::f64:
      return llvm::Type::getDoubleTy(context);
    case DType::f32:
      return llvm::Type::getFloatTy(context);
    case DType::f16:
    case DType::bf16:
      return llvm::Type::getInt16Ty(context);
    case DType::i64:
      return llvm::Type::getInt64Ty(context);
    case DType::i32:
      return llvm::Type::getInt32Ty(context);
    case DType::u8:
      return llvm::Type::getInt8Ty(context);
    case DType::boolean:
      return llvm::Type::getInt1Ty(context);
  }
  return nullptr;
}

bool is_signed(DType type) { return type == DType::i64 || type == DType::i32; }

/// Between the types that are computed with.
Value* convert_computed(LaneBuilder& l, Value* x, DType from, DType to) {
  llvm::IRBuilder<>& ir = l.ir;
  llvm::Type* type = LaneBuilder::with_element(x->getType(), element_type(ir.getContext(), to));
  if (to == DType::boolean)
    return is_float(from) ? ir.CreateFCmpUNE(x, l.constant(x, 0))
                          : ir.CreateICmpNE(x, l.integer(x, 0));
  if (is_float(from) && is_float(to)) return ir.CreateFPCast(x, type);
  if (is_float(from)) {
    llvm::Intrinsic::ID name =
        is_signed(to) ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
    return ir.CreateIntrinsic(name, {type, x->getType()}, {x});
  }
  if (is_float(to)) return is_signed(from) ? ir.CreateSIToFP(x, type) : ir.CreateUIToFP(x, type);
  return is_signed(from) ? ir.CreateSExtOrTrunc(x, type) : ir.CreateZExtOrTrunc(x, type);
}

}  // namespace

llvm::Type* register_type(llvm::LLVMContext& context, loops::Type type) {
  if (type.pointer) return llvm::PointerType::get(context, 0);
  llvm::Type* element = element_type(context, type.element);
  return type.lanes == 1 ? element : llvm::FixedVectorType::get(element, type.lanes);
}

llvm::Type* memory_element(llvm::LLVMContext& context, DType type) {
  return type == DType::boolean ? llvm::Type::getInt8Ty(context) : element_type(context, type);
}

llvm::Value* widen(LaneBuilder& l, llvm::Value* value, DType type) {
  if (type == DType::bf16) return from_bf16(l, value);
  if (type != DType::f16) return value;
  llvm::Type* halves = LaneBuilder::with_element(value->getType(), l.ir.getHalfTy());
  llvm::Type* floats = LaneBuilder::with_element(value->getType(), l.ir.getFloatTy());
  return l.ir.CreateFPExt(l.ir.CreateBitCast(value, halves), floats);
}

llvm::Value* narrow(LaneBuilder& l, llvm::Value* value, DType type) {
  if (type == DType::bf16) return to_bf16(l, value);
  if (type != DType::f16) return value;
  llvm::Type* halves = LaneBuilder::with_element(value->getType(), l.ir.getHalfTy());
  return l.bits(l.ir.CreateFPTrunc(value, halves));
}

llvm::Value* convert(LaneBuilder& l, llvm::Value* value, DType from, DType to) {
  if (from == to) return value;
  llvm::Value* wide = widen(l, value, from);
  return narrow(l, convert_computed(l, wide, computed(from), computed(to)), to);
}

}  // namespace netc
