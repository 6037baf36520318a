// Linking with the system's `cc`, which knows where the C library is. The archives of the runtime
// are those beside this program.
#include <fmt/format.h>
#include <llvm/ADT/SmallString.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/FileUtilities.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/Program.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>

#include "codegen/codegen.h"
#include "codegen/descriptor.h"
#include "codegen/optimize.h"

namespace netc {

namespace {

namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// A file that goes away with this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(llvm::StringRef suffix) {
    failure_ = fs::createTemporaryFile("netc", suffix, path_);
    if (!failure_) remover_.setFile(path_);
  }

  Status write(llvm::StringRef bytes) {
    if (failure_) return Error{"cannot make a temporary file: " + failure_.message()};
    std::error_code code;
    llvm::raw_fd_ostream out(path_, code);
    if (!code) {
      out << bytes;
      out.close();
      code = out.error();
      out.clear_error();
    }
    if (code) return Error{fmt::format("cannot write {}: {}", name(), code.message())};
    return Done{};
  }

  std::string name() const { return path_.str().str(); }

 private:
  llvm::SmallString<64> path_;
  llvm::FileRemover remover_;
  std::error_code failure_;
};

/// `lib/NAME` in a folder above this program's.
Result<std::string> find_archive(const std::string& name) {
  static int anchor;
  std::string program = fs::getMainExecutable("netc", &anchor);
  llvm::StringRef folder = path::parent_path(program);
  for (int up = 0; up < 3; ++up) {
    folder = path::parent_path(folder);
    llvm::SmallString<128> candidate = folder;
    path::append(candidate, "lib", name);
    if (fs::exists(candidate)) return candidate.str().str();
  }
  return Error{
      fmt::format("lib/{} is missing: it belongs to netc, and should lie in a folder `lib` "
                  "above {}",
                  name, path::parent_path(program).str())};
}

Status run(const std::vector<std::string>& words) {
  auto program = llvm::sys::findProgramByName(words[0]);
  if (!program)
    return Error{
        fmt::format("`{}`, the C compiler that links libraries and executables, is "
                    "missing: install it (Debian: `apt-get install gcc`)",
                    words[0])};
  TemporaryFile messages("txt");
  if (Status status = messages.write(""); !status) return status;
  std::string output = messages.name();
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(""), llvm::StringRef(output),
                                                llvm::StringRef(output)};
  std::vector<llvm::StringRef> arguments(words.begin(), words.end());
  std::string problem;
  int status =
      llvm::sys::ExecuteAndWait(*program, arguments, std::nullopt, redirects, 0, 0, &problem);
  if (status == 0) return Done{};
  if (auto buffer = llvm::MemoryBuffer::getFile(output)) problem += (*buffer)->getBuffer().str();
  return Error{fmt::format("`{}` failed: {}", fmt::join(words, " "), problem)};
}

/// What every result is linked with: C libraries alone stay outside of it.
void add_c_libraries(std::vector<std::string>& words) {
  words.insert(words.end(), {"-static-libgcc", "-Wl,--as-needed", "-lm", "-pthread"});
#ifdef __SANITIZE_ADDRESS__
  words.push_back("-fsanitize=address,undefined");  // as the archives are
#endif
}

Result<std::vector<std::string>> model_names(const std::string& object) {
  auto buffer = llvm::MemoryBufferRef(object, "object");
  auto file = llvm::object::ObjectFile::createObjectFile(buffer);
  if (!file) return Error{"no object file: " + llvm::toString(file.takeError())};
  std::vector<std::string> names;
  std::string prefix = descriptor_symbol("");
  for (const llvm::object::SymbolRef& symbol : (*file)->symbols()) {
    auto name = symbol.getName();
    if (!name) return Error{"no object file: " + llvm::toString(name.takeError())};
    if (name->starts_with(prefix)) names.push_back(name->drop_front(prefix.size()).str());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The static C++ runtime is made for libraries, whose thread-local variables are found by a
/// function of the dynamic linker. In an executable the linker turns every call of it into a plain
/// access, but would still need the dynamic linker's library for its name: so the name is defined
/// here.
void define_tls_lookup(llvm::Module& module) {
  llvm::LLVMContext& context = module.getContext();
  llvm::Type* pointer = llvm::PointerType::get(context, 0);
  auto* function =
      llvm::Function::Create(llvm::FunctionType::get(pointer, {pointer}, false),
                             llvm::GlobalValue::ExternalLinkage, "__tls_get_addr", module);
  function->setVisibility(llvm::GlobalValue::HiddenVisibility);
  llvm::IRBuilder<> ir(llvm::BasicBlock::Create(context, "entry", function));
  ir.CreateIntrinsic(ir.getVoidTy(), llvm::Intrinsic::trap, {});
  ir.CreateUnreachable();
}

/// An object whose `main` passes its arguments and the models to the trainer.
Result<std::string> main_object(const std::vector<std::string>& models) {
  Result<Machine> machine = make_machine({.cpu = "x86-64"});
  if (!machine) return Error{machine.error()};
  llvm::LLVMContext context;
  llvm::Module module("main", context);
  module.setTargetTriple(machine->llvm->getTargetTriple());
  module.setDataLayout(machine->llvm->createDataLayout());
  llvm::IRBuilder<> ir(context);
  llvm::Type* pointer = ir.getPtrTy();
  llvm::Type* integer = ir.getInt32Ty();
  auto* main = llvm::Function::Create(llvm::FunctionType::get(integer, {integer, pointer}, false),
                                      llvm::GlobalValue::ExternalLinkage, "main", module);
  ir.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", main));
  llvm::FunctionCallee trainer = module.getOrInsertFunction(
      "netc_trainer_main",
      llvm::FunctionType::get(integer, {integer, pointer, pointer, ir.getInt64Ty()}, false));
  std::vector<llvm::Constant*> descriptors;
  for (const std::string& model : models)
    descriptors.push_back(module.getOrInsertGlobal(descriptor_symbol(model), ir.getInt8Ty()));
  auto* type = llvm::ArrayType::get(pointer, descriptors.size());
  auto* table = new llvm::GlobalVariable(module, type, true, llvm::GlobalValue::PrivateLinkage,
                                         llvm::ConstantArray::get(type, descriptors), "models");
  ir.CreateRet(ir.CreateCall(
      trainer, {main->getArg(0), main->getArg(1), table, ir.getInt64(descriptors.size())}));
#ifndef __SANITIZE_ADDRESS__  // whose runtime is a library with thread-local variables of its own
  define_tls_lookup(module);
#endif
  return generate(module, *machine, false);
}

}  // namespace

Status link_shared(const std::string& object, const std::string& output) {
  Result<std::string> runtime = find_archive("libnetc_rt.a");
  if (!runtime) return Error{runtime.error()};
  TemporaryFile file("o");
  if (Status status = file.write(object); !status) return status;
  std::vector<std::string> words = {"cc",
                                    "-shared",
                                    "-o",
                                    output,
                                    file.name(),
                                    *runtime,
                                    "-Wl,--exclude-libs,ALL",
                                    "-Wl,--no-undefined",
                                    "-Wl,--gc-sections"};
  add_c_libraries(words);
  return run(words);
}

Status link_executable(const std::string& object, const std::string& output) {
  Result<std::vector<std::string>> models = model_names(object);
  if (!models) return Error{models.error()};
  Result<std::string> runtime = find_archive("libnetc_rt.a");
  if (!runtime) return Error{runtime.error()};
  Result<std::string> trainer = find_archive("libnetc_trainer.a");
  if (!trainer) return Error{trainer.error()};
  Result<std::string> main = main_object(*models);
  if (!main) return Error{main.error()};
  TemporaryFile main_file("o");
  TemporaryFile model_file("o");
  if (Status status = main_file.write(*main); !status) return status;
  if (Status status = model_file.write(object); !status) return status;
  std::vector<std::string> words = {"cc",
                                    "-o",
                                    output,
                                    main_file.name(),
                                    model_file.name(),
                                    *trainer,
                                    *runtime,
                                    "-Wl,-Bstatic",
                                    "-lstdc++",

                                    "-lz",
                                    "-Wl,-Bdynamic",
                                    "-Wl,--gc-sections"};
  add_c_libraries(words);
  return run(words);
}

}  // namespace netc
