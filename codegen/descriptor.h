// The descriptor of a model as constant data: `struct netc_model` of runtime/core/netc_rt.h.
#pragma once

#include <llvm/IR/Module.h>

#include <map>
#include <string>
#include <vector>

#include "ir/interface.h"

namespace netc {

/// What of a model is known only after scheduling.
struct EntryCode {
  llvm::Function* run = nullptr;
  uint64_t arena_bytes = 0;
};

/// What the descriptor says beside the interface.
struct DescriptorFacts {
  std::string target;
  std::string features;
  std::map<std::string, EntryCode> entries;  ///< by name
  std::vector<std::string> plans;
};

/// The name of the descriptor of a model.
std::string descriptor_symbol(const std::string& model);

llvm::GlobalVariable* define_descriptor(llvm::Module& module, const ModelInterface& model,
                                        const DescriptorFacts& facts);

}  // namespace netc
