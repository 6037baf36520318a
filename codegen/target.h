// The machine that code is generated for, as LLVM knows it.
#pragma once

#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "codegen/codegen.h"
#include "codegen/lane_builder.h"

namespace netc {

/// What lowering asks of the machine, and what every function is marked with.
struct Machine {
  std::unique_ptr<llvm::TargetMachine> llvm;
  std::string cpu;        ///< never "native"
  std::string features;   ///< as LLVM spells them: "+avx2,+fma"
  std::string required;   ///< arithmetic features, for the runtime's check: "avx2,fma"
  int vector_bits = 128;  ///< of the widest registers
  LaneFeatures lanes;
};

Result<Machine> make_machine(const TargetOptions& target);

}  // namespace netc
