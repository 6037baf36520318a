// Loads and stores of the loops IR: contiguous, strided, gathered, each with or without a mask.
#pragma once

#include "codegen/types.h"

namespace netc {

/// One access, its operands lowered.
struct MemoryAccess {
  llvm::Value* address = nullptr;  ///< of the first lane; of offset 0 when it gathers
  llvm::Value* offsets = nullptr;  ///< of all lanes, in elements, when it gathers
  llvm::Value* mask = nullptr;     ///< or nullptr: all lanes
  loops::Type type;                ///< of the value
  loops::Access access = loops::Access::contiguous;
  int64_t stride = 1;
  bool non_temporal = false;
};

llvm::Value* lower_load(LaneBuilder& lanes, const MemoryAccess& load);
void lower_store(LaneBuilder& lanes, const MemoryAccess& store, llvm::Value* value);

}  // namespace netc
