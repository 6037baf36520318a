// Transcendental functions over lanes of f32 or f64, special values included.
#pragma once

#include "codegen/functions.h"

namespace netc {

llvm::Value* exp_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* log_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* log1p_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* expm1_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* sin_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* cos_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* tanh_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* sigmoid_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* erf_of(LaneBuilder& lanes, LaneValues operands);
llvm::Value* pow_of(LaneBuilder& lanes, LaneValues operands);

/// e^(x + low), where `low` is about what x was rounded by.
llvm::Value* exp_of_sum(LaneBuilder& lanes, llvm::Value* x, llvm::Value* low);

/// x = 2^exponent * (1 + fraction), 1 + fraction between sqrt(1/2) and sqrt(2), of positive finite
/// x.
struct SplitFloat {
  llvm::Value* exponent;  ///< a float
  llvm::Value* fraction;
};
SplitFloat split_float(LaneBuilder& lanes, llvm::Value* x);

/// Calls libm's function lane by lane: `name` for f64, `name` + "f" for f32.
llvm::Value* call_libm(LaneBuilder& lanes, const char* name, LaneValues operands);

}  // namespace netc
