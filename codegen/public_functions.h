// The C functions of a model: what its users call, thin wrappers over the runtime's.
#pragma once

#include <llvm/IR/Module.h>

#include <string>
#include <vector>

#include "ir/interface.h"

namespace netc {

/// One of the functions that run an entry: NAME_train_step, NAME_evaluate, NAME_predict.
struct EntryFunction {
  std::string symbol;
  uint32_t entry = 0;             ///< position in the model's entries
  std::vector<uint32_t> results;  ///< positions in the entry's results that it has parameters for
  bool trains = false;
};

/// The entries that have a C function, in the order of the header.
std::vector<EntryFunction> entry_functions(const ModelInterface& model);

void define_public_functions(llvm::Module& module, const ModelInterface& model,
                             llvm::GlobalVariable* descriptor);

}  // namespace netc
