// Lane numbers are compared as i32: as many of them fit a vector as floats.
#include "passes/lane_masks.h"

namespace netc {

loops::RegisterId first_lanes(loops::Builder& builder, loops::RegisterId count, uint16_t lanes) {
  const int64_t* constant = builder.constant(count);
  count = constant ? builder.integer(*constant, DType::i32) : builder.convert(count, DType::i32);
  return builder.apply(Function::less,
                       {builder.iota(DType::i32, lanes), builder.broadcast(count, lanes)});
}

}  // namespace netc
