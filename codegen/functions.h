// How each scalar function becomes instructions.
#pragma once

#include <llvm/ADT/ArrayRef.h>

#include "codegen/lane_builder.h"
#include "ir/functions.h"

namespace netc {

using LaneValues = llvm::ArrayRef<llvm::Value*>;

/// Lane by lane, function(operands). Floats are f32 or f64, bools are i1; `element` is the type of
/// the last operand, which tells u8 from the signed integers.
llvm::Value* lower_function(LaneBuilder& lanes, Function function, DType element,
                            LaneValues operands);

}  // namespace netc
