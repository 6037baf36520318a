// Code in this process: the same objects as on disk, linked by ORC. Names outside of them are
// bound to the addresses in the table below, never searched for (but for the sanitizer's, where
// this program is built with one).
#include <fmt/format.h>
#include <llvm/ExecutionEngine/Orc/AbsoluteSymbols.h>
#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Support/MemoryBuffer.h>
#include <xmmintrin.h>

#include <cmath>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "codegen/codegen.h"
#include "codegen/descriptor.h"
#include "codegen/parallel.h"
#include "codegen/step.h"
#include "codegen/watch.h"
#include "ir/support/check.h"
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
       external("netc_rt_parallel", netc_rt_parallel), external("netc_rt_locate", netc_rt_locate),
       external("memcpy", memcpy), external("memset", memset), external("memmove", memmove)});
  return all;
}

/// Steps run with subnormal numbers as zero; constants of code are made as everywhere else.
class UsualFloatMode {
 public:
  UsualFloatMode() { _mm_setcsr(0x1f80); }
  ~UsualFloatMode() { _mm_setcsr(before_); }

 private:
  const unsigned before_ = _mm_getcsr();
};

class OrcJit : public Jit {
 public:
  OrcJit(const CodegenInput& input, const TargetOptions& target)
      : input_(input), target_(target), is_compiled_(input.program->kernels.size()) {}

  const netc_model* model(const std::string& name) const override {
    auto found = models_.find(name);
    return found == models_.end() ? nullptr : found->second;
  }

  const uint64_t* cycles(const loops::Step& step) const override {
    auto found = cycles_.find(cycles_symbol(step));
    return found == cycles_.end() ? nullptr : found->second;
  }

  Status load() {
    if (Status status = check_target(target_); !status) return status;
    if (llvm::Error error = create()) return as_status(std::move(error));
    ProgramPart part{.interface = true, .profile = target_.profile};
    std::set<std::string> begun;  // models
    const std::vector<loops::Step>& steps = input_.program->steps;
    for (size_t s = 0; s < steps.size(); ++s)
      (begun.insert(steps[s].model).second || target_.profile ? part.steps : part.late)
          .push_back(s);
    if (Status status = add(part); !status) return status;
    return as_status(find_models());
  }

 private:
  static Status as_status(llvm::Error error) {
    if (error) return Error{"cannot load the code: " + llvm::toString(std::move(error))};
    return Done{};
  }

  llvm::Error create() {
    auto made = orc::LLJITBuilder().create();
    if (!made) return made.takeError();
    jit_ = std::move(*made);
    orc::SymbolMap symbols;
    std::vector<External> all = externals();
    all.push_back(external(late_code_symbol, late_code));
    all.push_back({late_context_symbol, reinterpret_cast<uintptr_t>(this)});
    for (const External& it : all)
      symbols[jit_->mangleAndIntern(it.name)] = {orc::ExecutorAddr(it.address),
                                                 llvm::JITSymbolFlags::Exported};
    orc::JITDylib& library = jit_->getMainJITDylib();
    if (auto error = library.define(orc::absoluteSymbols(std::move(symbols)))) return error;
    return is_watched ? find_watcher(library) : llvm::Error::success();
  }

  /// Compiles a part, with the kernels that its steps call and that are not there yet.
  Status add(ProgramPart part) {
    for (size_t step : part.steps)
      for (const loops::Phase& phase : input_.program->steps[step].phases)
        for (const loops::Call& call : phase.calls) {
          if (!is_compiled_[call.kernel.index]) part.kernels.push_back(call.kernel);
          is_compiled_[call.kernel.index] = true;
        }
    Result<std::vector<std::string>> objects = compile_part(input_, target_, part);
    if (!objects) return Error{objects.error()};
    for (const std::string& object : *objects) {
      auto buffer = llvm::MemoryBuffer::getMemBufferCopy(object, fmt::format("netc{}", ++objects_));
      if (auto error = jit_->addObjectFile(std::move(buffer))) return as_status(std::move(error));
    }
    return Done{};
  }

  llvm::Error find_models() {
    for (const ModelInterface& model : *input_.models) {
      auto address = jit_->lookup(descriptor_symbol(model.name));
      if (!address) return address.takeError();
      models_[model.name] = address->toPtr<const netc_model*>();
    }
    return target_.profile ? find_cycles(*input_.program) : llvm::Error::success();
  }

  /// What a stand-in calls: the step's code, compiled if it has not run before.
  static void* late_code(void* context, size_t position) {
    return static_cast<OrcJit*>(context)->code_of(position);
  }

  void* code_of(size_t position) {
    std::lock_guard<std::mutex> lock(mutex_);
    void*& code = late_[position];
    if (code) return code;
    UsualFloatMode mode;
    Status status = add({.steps = {position}});
    NETC_CHECK(status.ok(), "{}", status.error());
    auto address = jit_->lookup(step_symbol(input_.program->steps[position]));
    NETC_CHECK(address, "{}", llvm::toString(address.takeError()));
    return code = address->toPtr<void*>();
  }

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

  const CodegenInput input_;
  const TargetOptions target_;
  std::vector<bool> is_compiled_;  ///< by kernel
  std::mutex mutex_;               ///< for what follows, after loading
  std::map<size_t, void*> late_;   ///< code by position of the step
  size_t objects_ = 0;
  std::unique_ptr<orc::LLJIT> jit_;
  std::map<std::string, const netc_model*> models_;
  std::map<std::string, const uint64_t*> cycles_;  ///< by symbol
};

}  // namespace

Result<std::unique_ptr<Jit>> jit(const CodegenInput& input, const TargetOptions& target) {
  auto made = std::make_unique<OrcJit>(input, target);
  if (Status status = made->load(); !status) return Error{status.error()};
  return std::unique_ptr<Jit>(std::move(made));
}

}  // namespace netc
