// LLVM IR, assembly and objects: the whole program in one module.
#include <llvm/Support/raw_ostream.h>

#include "codegen/codegen.h"
#include "codegen/optimize.h"
#include "codegen/program.h"

namespace netc {

Result<std::string> emit(const CodegenInput& input, const TargetOptions& target, Emission kind) {
  Result<Machine> machine = make_machine(target);
  if (!machine) return Error{machine.error()};
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = lower_program(context, input, *machine);
  optimize(*module, *machine, target.optimize);
  if (kind != Emission::llvm) return generate(*module, *machine, kind == Emission::assembly);
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out, nullptr);
  return text;
}

}  // namespace netc
