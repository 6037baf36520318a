// Integer functions that are no single instruction: floored division, powers.
#pragma once

#include "codegen/functions.h"

namespace netc {

/// Rounded down; 0 where the divisor is 0; the least integer by -1 wraps.
llvm::Value* floor_div(LaneBuilder& lanes, LaneValues operands, bool is_signed);
/// The rest of `floor_div`, with the divisor's sign; 0 where the divisor is 0.
llvm::Value* floor_mod(LaneBuilder& lanes, LaneValues operands, bool is_signed);
/// Wrapping; the floor of the real power where the exponent is negative, and 0 for the base 0.
llvm::Value* integer_pow(LaneBuilder& lanes, LaneValues operands, bool is_signed);
/// random(seed, step, key, element), as ir/scalar_arithmetic.h has it. Words of 32 bits stand in
/// lanes of 64, so that a product of two is one multiplication of the machine.
llvm::Value* philox_bits(LaneBuilder& lanes, LaneValues operands, bool is_signed);

}  // namespace netc
