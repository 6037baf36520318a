// How types of the loops IR are held by LLVM: f16 and bf16 as 16 bits that are widened to f32 for
// every computation, bools as one bit in registers and one byte in memory.
#pragma once

#include "codegen/lane_builder.h"
#include "ir/loops/loops.h"

namespace netc {

llvm::Type* register_type(llvm::LLVMContext& context, loops::Type type);
llvm::Type* memory_element(llvm::LLVMContext& context, DType type);

inline bool is_narrow(DType type) { return type == DType::f16 || type == DType::bf16; }
/// The type that values of `type` are computed in.
inline DType computed(DType type) { return is_narrow(type) ? DType::f32 : type; }

/// From the form in registers to the one that is computed with, and back.
llvm::Value* widen(LaneBuilder& lanes, llvm::Value* value, DType type);
llvm::Value* narrow(LaneBuilder& lanes, llvm::Value* value, DType type);

/// Between any two element types: floats saturate to integers, integers wrap.
llvm::Value* convert(LaneBuilder& lanes, llvm::Value* value, DType from, DType to);

}  // namespace netc
