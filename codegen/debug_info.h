// Debug information: code is explained by the text of the loops IR, instruction by instruction.
#pragma once

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <string>

#include "ir/loops/text.h"

namespace netc {

class DebugInfo {
 public:
  DebugInfo(llvm::Module& module, const loops::Program& program, const std::string& file);

  const loops::LineTable& lines() const { return lines_; }
  /// Says that a function stands at a line, under a name.
  void describe(llvm::Function* function, const std::string& name, uint32_t line);
  /// Completes the module's information.
  void finish() { builder_.finalize(); }

 private:
  llvm::DIBuilder builder_;
  llvm::DIFile* file_;
  loops::LineTable lines_;
};

/// Gives what is built next this line of the function's text, if the function has any.
void set_line(llvm::IRBuilderBase& ir, llvm::Function* function, uint32_t line);

}  // namespace netc
