// The file is named without a folder, so that the same input gives the same bytes anywhere; a
// debugger finds it in the folder that it runs in.
#include "codegen/debug_info.h"

#include <llvm/BinaryFormat/Dwarf.h>

namespace netc {

DebugInfo::DebugInfo(llvm::Module& module, const loops::Program& program, const std::string& file)
    : builder_(module), file_(builder_.createFile(file, ".")) {
  loops::print(program, &lines_);
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  module.addModuleFlag(llvm::Module::Warning, "Dwarf Version", 5);
  builder_.createCompileUnit(llvm::DISourceLanguageName(llvm::dwarf::DW_LANG_C11), file_, "netc",
                             true, "", 0);
}

void DebugInfo::describe(llvm::Function* function, const std::string& name, uint32_t line) {
  llvm::DISubroutineType* type = builder_.createSubroutineType(builder_.getOrCreateTypeArray({}));
  function->setSubprogram(builder_.createFunction(
      file_, name, function->getName(), file_, line, type, line, llvm::DINode::FlagPrototyped,
      llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized |
          llvm::DISubprogram::SPFlagLocalToUnit));
}

void set_line(llvm::IRBuilderBase& ir, llvm::Function* function, uint32_t line) {
  if (llvm::DISubprogram* scope = function->getSubprogram())
    ir.SetCurrentDebugLocation(llvm::DILocation::get(ir.getContext(), line, 0, scope));
}

}  // namespace netc
