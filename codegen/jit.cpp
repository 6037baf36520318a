// Code in this process: the same objects as on disk, linked by ORC. Names outside of them are
// bound to the addresses in the table below, never searched for (but for the sanitizer's, where
// this program is built with one).
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/MemoryBuffer.h>

#include <cmath>
#include <cstring>
#include <map>

#include "codegen/codegen.h"
#include "codegen/descriptor.h"
#include "codegen/parallel.h"
#include "codegen/step.h"
#include "codegen/watch.h"
#include "runtime/core/netc_rt.h"

namespace netc {

namespace {

namespace orc = llvm::orc;

struct External {
  const char* name;
  llvm::JITTargetAddress address;
};

template <typename R, typename... Args>
External external(const char* name, R (*function)(Args...)) {
  return {name, reinterpret_cast<uintptr_t>(function)};
}

using F64 = double (*)(double);
using F32 = float (*)(float);
using F64x2 = double (*)(double, double);
using F32x2 = float (*)(float, float);

/// The functions of libm that code may call, of both float types.
std::vector<External> mathematics() {
#define NETC_UNARY(name) \
  external(#name, static_cast<F64>(::name)), external(#name "f", static_cast<F32>(::name##f))
#define NETC_BINARY(name) \
  external(#name, static_cast<F64x2>(::name)), external(#name "f", static_cast<F32x2>(::name##f))
  return {NETC_UNARY(exp),   NETC_UNARY(log),  NETC_UNARY(log1p),     NETC_UNARY(expm1),
          NETC_UNARY(sin),   NETC_UNARY(cos),  NETC_UNARY(tanh),      NETC_UNARY(erf),
          NETC_UNARY(floor), NETC_UNARY(ceil), NETC_UNARY(roundeven), NETC_BINARY(pow),
          NETC_BINARY(fmod)};
#undef NETC_UNARY
#undef NETC_BINARY
}

std::vector<External> externals() {
  std::vector<External> all = mathematics();
  all.insert(
      all.end(),
      {external("netc_rt_create", netc_rt_create), external("netc_rt_destroy", netc_rt_destroy),
       external("netc_rt_train_step", netc_rt_train_step), external("netc_rt_run", netc_rt_run),
       external("netc_rt_get_tensor", netc_rt_get_tensor),
       external("netc_rt_set_tensor", netc_rt_set_tensor), external("netc_rt_save", netc_rt_save),
       external("netc_rt_load", netc_rt_load), external("netc_rt_set", netc_rt_set),
       external("netc_rt_error", netc_rt_error),
       external("netc_rt_memory_bytes", netc_rt_memory_bytes),
       external("netc_rt_parallel", netc_rt_parallel), external("memcpy", memcpy),
       external("memset", memset), external("memmove", memmove)});
  return all;
}

class OrcJit : public Jit {
 public:
  const netc_model* model(const std::string& name) const override {
    auto found = models_.find(name);
    return found == models_.end() ? nullptr : found->second;
  }

  const uint64_t* cycles(const loops::Step& step) const override {
    auto found = cycles_.find(cycles_symbol(step));
    return found == cycles_.end() ? nullptr : found->second;
  }

  llvm::Error load(const CodegenInput& input, const std::vector<std::string>& objects,
                   bool profile) {
    auto made = orc::LLJITBuilder().create();
    if (!made) return made.takeError();
    jit_ = std::move(*made);
    orc::SymbolMap symbols;
    for (const External& it : externals())
      symbols[jit_->mangleAndIntern(it.name)] = {orc::ExecutorAddr(it.address),
                                                 llvm::JITSymbolFlags::Exported};
    orc::JITDylib& library = jit_->getMainJITDylib();
    if (auto error = library.define(orc::absoluteSymbols(std::move(symbols)))) return error;
    if (is_watched)
      if (auto error = find_watcher(library)) return error;
    for (size_t i = 0; i < objects.size(); ++i) {
      auto buffer = llvm::MemoryBuffer::getMemBufferCopy(objects[i], "netc" + std::to_string(i));
      if (auto error = jit_->addObjectFile(std::move(buffer))) return error;
    }
    for (const ModelInterface& model : *input.models) {
      auto address = jit_->lookup(descriptor_symbol(model.name));
      if (!address) return address.takeError();
      models_[model.name] = address->toPtr<const netc_model*>();
    }
    return profile ? find_cycles(*input.program) : llvm::Error::success();
  }

 private:
  /// The sanitizer's functions are those of this process.
  llvm::Error find_watcher(orc::JITDylib& library) {
    auto watcher = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
        jit_->getDataLayout().getGlobalPrefix(),
        [](const orc::SymbolStringPtr& name) { return (*name).starts_with(watcher_prefix); });
    if (!watcher) return watcher.takeError();
    library.addGenerator(std::move(*watcher));
    return llvm::Error::success();
  }

  llvm::Error find_cycles(const loops::Program& program) {
    for (const loops::Step& step : program.steps) {
      auto address = jit_->lookup(cycles_symbol(step));
      if (!address) return address.takeError();
      cycles_[cycles_symbol(step)] = address->toPtr<const uint64_t*>();
    }
    return llvm::Error::success();
  }

  std::unique_ptr<orc::LLJIT> jit_;
  std::map<std::string, const netc_model*> models_;
  std::map<std::string, const uint64_t*> cycles_;  ///< by symbol
};

}  // namespace

Result<std::unique_ptr<Jit>> jit(const CodegenInput& input, const TargetOptions& target) {
  Result<std::vector<std::string>> objects = compile_parts(input, target);
  if (!objects) return Error{objects.error()};
  auto made = std::make_unique<OrcJit>();
  if (llvm::Error error = made->load(input, *objects, target.profile))
    return Error{"cannot load the code: " + llvm::toString(std::move(error))};
  return std::unique_ptr<Jit>(std::move(made));
}

}  // namespace netc
