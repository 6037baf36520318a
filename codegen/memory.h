// Loads and stores of the loops IR: contiguous, strided, gathered, each with or without a mask.
#pragma once

#include "codegen/types.h"

namespace netc {

/// One access, its operands lowered.
struct MemoryAccess {
  llvm::Value* pointer = nullptr;
  llvm::Value* offset = nullptr;  ///< in elements; a vector of them when it gathers
  llvm::Value* mask = nullptr;    ///< or nullptr: all lanes
  loops::Type type;               ///< of the value
  loops::Access access = loops::Access::contiguous;
  int64_t stride = 1;
  bool non_temporal = false;
};

llvm::Value* lower_load(LaneBuilder& lanes, const MemoryAccess& load);
void lower_store(LaneBuilder& lanes, const MemoryAccess& store, llvm::Value* value);

/// The address of an element.
llvm::Value* element_address(LaneBuilder& lanes, llvm::Value* pointer, llvm::Value* offset,
                             DType element);

}  // namespace netc
