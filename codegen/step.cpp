// A step finds its buffers in the context that it gets and makes its calls in order. A call that
// never has more than one task calls the kernel itself; the others go through the runtime.
#include "codegen/step.h"

#include <fmt/format.h>
#include <llvm/IR/IRBuilder.h>

#include <algorithm>
#include <functional>

#include "codegen/debug_info.h"
#include "codegen/watch.h"
#include "ir/support/check.h"
#include "runtime/core/netc_rt.h"

namespace netc {

namespace {

using llvm::BasicBlock;
using llvm::Value;
using loops::Place;

template <typename Named>
size_t position(const std::vector<Named>& all, const std::string& name) {
  auto found = std::find_if(all.begin(), all.end(), [&](auto& x) { return x.name == name; });
  NETC_CHECK(found != all.end(), "the interface lacks `{}`", name);
  return static_cast<size_t>(found - all.begin());
}

class StepLowering {
 public:
  StepLowering(llvm::Function* run, const loops::Step& step, const ModelInterface& model,
               const std::vector<KernelFunctions>& kernels, bool profile,
               const loops::LineTable::OfStep* lines)
      : run_(run),
        step_(step),
        model_(model),
        kernels_(kernels),
        lines_(lines),
        ir_(BasicBlock::Create(run->getContext(), "entry", run)) {
    for (const loops::Phase& phase : step.phases)
      calls_before_.push_back(calls_before_.back() + phase.calls.size());
    if (profile) declare_cycles();
  }

  void lower() {
    if (lines_) set_line(ir_, run_, lines_->first);
    load_tables();
    reserve_tables();
    size_t next = 0;
    lower_phases(0, step_.phases.size(), next);
    if (is_watched) open_arena();
    if (cycles_) ir_.CreateStore(counter(), cycle_slot(calls_before_.back()));
    ir_.CreateRetVoid();
  }

 private:
  void declare_cycles() {
    auto* type = llvm::ArrayType::get(ir_.getInt64Ty(), calls_before_.back() + 1);
    cycles_ = new llvm::GlobalVariable(*run_->getParent(), type, false,
                                       llvm::GlobalValue::ExternalLinkage,
                                       llvm::Constant::getNullValue(type), cycles_symbol(step_));
  }

  Value* counter() {
    return ir_.CreateIntrinsic(ir_.getInt64Ty(), llvm::Intrinsic::readcyclecounter, {});
  }

  Value* cycle_slot(size_t call) {
    return ir_.CreateConstInBoundsGEP1_64(ir_.getInt64Ty(), cycles_, call);
  }

  /// Calls one after the other where each is timed, or watched, alone.
  void lower_phase(size_t phase) {
    const std::vector<loops::Call>& calls = step_.phases[phase].calls;
    if (calls.size() > 1 && !cycles_ && !is_watched) {
      if (lines_) set_line(ir_, run_, lines_->calls[phase][0]);
      return call_runtime(calls);
    }
    for (size_t i = 0; i < calls.size(); ++i) {
      if (lines_) set_line(ir_, run_, lines_->calls[phase][i]);
      timed(calls_before_[phase] + i, [&] { lower_call(calls[i]); });
    }
  }

  void timed(size_t call, const std::function<void()>& lower) {
    Value* before = cycles_ ? counter() : nullptr;
    lower();
    if (!cycles_) return;
    Value* spent = ir_.CreateSub(counter(), before);
    Value* slot = cycle_slot(call);
    ir_.CreateStore(ir_.CreateAdd(ir_.CreateLoad(ir_.getInt64Ty(), slot), spent), slot);
  }

  /// Phases [first, last); `next` is the next repeat to begin.
  void lower_phases(size_t first, size_t last, size_t& next) {
    while (first < last) {
      if (next < step_.repeats.size() && step_.repeats[next].first == first) {
        first = lower_repeat(step_.repeats[next], next);
      } else {
        lower_phase(first++);
      }
    }
  }

  /// A loop that stores its counter for the kernels; returns where the phases go on.
  size_t lower_repeat(const loops::Repeat& repeat, size_t& next) {
    llvm::Type* i64 = ir_.getInt64Ty();
    auto extent = static_cast<uint64_t>(repeat.extent);
    BasicBlock* before = ir_.GetInsertBlock();
    BasicBlock* body = BasicBlock::Create(run_->getContext(), "repeat", run_);
    ir_.CreateBr(body);
    ir_.SetInsertPoint(body);
    llvm::PHINode* done = ir_.CreatePHI(i64, 2);
    done->addIncoming(ir_.getInt64(0), before);
    Value* step = repeat.reversed ? ir_.CreateSub(ir_.getInt64(extent - 1), done) : done;
    ir_.CreateStore(step, address_of(repeat.counter));
    ++next;
    lower_phases(repeat.first, repeat.first + repeat.count, next);
    Value* more = ir_.CreateAdd(done, ir_.getInt64(1));
    done->addIncoming(more, ir_.GetInsertBlock());
    BasicBlock* after = BasicBlock::Create(run_->getContext(), "after", run_);
    ir_.CreateCondBr(ir_.CreateICmpULT(more, ir_.getInt64(extent)), body, after);
    ir_.SetInsertPoint(after);
    return repeat.first + repeat.count;
  }

  Value* batch() { return run_->getArg(1); }

  /// A member of the context.
  Value* member(size_t offset) {
    Value* address = ir_.CreateConstInBoundsGEP1_64(ir_.getInt8Ty(), run_->getArg(0), offset);
    return ir_.CreateLoad(ir_.getPtrTy(), address);
  }

  void load_tables() {
    arena_ = member(offsetof(netc_context, arena));
    pool_ = member(offsetof(netc_context, pool));
    for (const loops::Buffer& buffer : step_.buffers) places_.push_back(place_of(buffer));
  }

  netc_place place_of(const loops::Buffer& buffer) const {
    const auto in_table = [](size_t member, size_t slot) {
      return netc_place{static_cast<uint32_t>(member), 1, slot * sizeof(void*)};
    };
    switch (buffer.place) {
      case Place::input:
        return in_table(offsetof(netc_context, inputs), static_cast<size_t>(buffer.slot));
      case Place::output:
        return in_table(offsetof(netc_context, outputs), static_cast<size_t>(buffer.slot));
      case Place::variable:
        return in_table(offsetof(netc_context, variables), position(model_.variables, buffer.name));
      case Place::setting:
        return {offsetof(netc_context, settings), 0,
                position(model_.settings, buffer.name) * sizeof(double)};
      case Place::arena:
        NETC_CHECK(buffer.offset >= 0, "{} has no place in the arena", buffer.name);
        return {offsetof(netc_context, arena), 0, static_cast<uint64_t>(buffer.offset)};
    }
    NETC_UNREACHABLE("a buffer has a place");
  }

  /// Where a buffer lies: looked up at each call, so that no address is kept over all of them.
  Value* address_of(loops::BufferId id) {
    const netc_place& place = places_[id.index];
    Value* address =
        ir_.CreateConstInBoundsGEP1_64(ir_.getInt8Ty(), member(place.member), place.bytes);
    return place.in_table ? ir_.CreateLoad(ir_.getPtrTy(), address) : address;
  }

  /// ceil(extent / chunk), at least 1.
  Value* task_count(const loops::Tasks& tasks) {
    auto factor = static_cast<uint64_t>(tasks.extent.factor);
    auto chunk = static_cast<uint64_t>(tasks.chunk);
    Value* extent = ir_.getInt64(factor);
    if (tasks.extent.batch) extent = ir_.CreateMul(extent, batch());
    Value* count =
        ir_.CreateUDiv(ir_.CreateAdd(extent, ir_.getInt64(chunk - 1)), ir_.getInt64(chunk));
    return ir_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, count, ir_.getInt64(1));
  }

  /// Under the sanitizer a kernel may touch nothing of the arena but its arguments.
  void close_arena_but_for(const loops::Call& call) {
    tell_watcher("poison", arena_, ir_.getInt64(static_cast<uint64_t>(step_.arena_bytes)));
    for (loops::BufferId id : call.arguments) {
      const loops::Buffer& buffer = step_.buffers[id.index];
      if (buffer.place != Place::arena) continue;
      Value* bytes = ir_.getInt64(static_cast<uint64_t>(byte_size(buffer.type.dtype)));
      for (Dim dim : buffer.type.dims) {
        bytes = ir_.CreateMul(bytes, ir_.getInt64(static_cast<uint64_t>(dim.factor)));
        if (dim.batch) bytes = ir_.CreateMul(bytes, batch());
      }
      tell_watcher("unpoison", address_of(id), bytes);
    }
  }

  void open_arena() {
    tell_watcher("unpoison", arena_, ir_.getInt64(static_cast<uint64_t>(step_.arena_bytes)));
  }

  void tell_watcher(const char* what, Value* from, Value* bytes) {
    std::string name = fmt::format("{}{}_memory_region", watcher_prefix, what);
    auto* type =
        llvm::FunctionType::get(ir_.getVoidTy(), {ir_.getPtrTy(), ir_.getInt64Ty()}, false);
    ir_.CreateCall(run_->getParent()->getOrInsertFunction(name, type), {from, bytes});
  }

  void lower_call(const loops::Call& call) {
    if (is_watched) close_arena_but_for(call);
    if (call.tasks.are_several(step_.capacity))
      call_runtime({call});
    else
      call_body(call);
  }

  void call_body(const loops::Call& call) {
    std::vector<Value*> arguments;
    for (loops::BufferId id : call.arguments) arguments.push_back(address_of(id));
    arguments.push_back(batch());
    arguments.insert(arguments.end(), {ir_.getInt64(0), ir_.getInt64(1)});
    ir_.CreateCall(kernels_[call.kernel.index].body, arguments);
  }

  /// Lets the runtime find the arguments of all calls from constants: code for each would be most
  /// of a step.
  void locate_arguments(const std::vector<loops::Call>& calls) {
    llvm::Type* i32 = ir_.getInt32Ty();
    llvm::Type* i64 = ir_.getInt64Ty();
    auto* type = llvm::StructType::get(i32, i32, i64);
    std::vector<llvm::Constant*> places;
    for (const loops::Call& call : calls)
      for (loops::BufferId id : call.arguments) {
        const netc_place& place = places_[id.index];
        places.push_back(llvm::ConstantStruct::get(type, ir_.getInt32(place.member),
                                                   ir_.getInt32(place.in_table),
                                                   ir_.getInt64(place.bytes)));
      }
    auto* array = llvm::ArrayType::get(type, places.size());
    auto* table =
        new llvm::GlobalVariable(*run_->getParent(), array, true, llvm::GlobalValue::PrivateLinkage,
                                 llvm::ConstantArray::get(array, places));
    llvm::Type* pointer = ir_.getPtrTy();
    llvm::FunctionCallee locate = run_->getParent()->getOrInsertFunction(
        "netc_rt_locate",
        llvm::FunctionType::get(ir_.getVoidTy(), {pointer, pointer, i64, pointer}, false));
    ir_.CreateCall(locate, {run_->getArg(0), table, ir_.getInt64(places.size()), arguments_});
  }

  /// Stores the arguments of each call, and a table of calls, for the runtime.
  void call_runtime(const std::vector<loops::Call>& calls) {
    llvm::Type* i64 = ir_.getInt64Ty();
    llvm::Type* pointer = ir_.getPtrTy();
    locate_arguments(calls);
    size_t used = 0;
    for (size_t c = 0; c < calls.size(); ++c) {
      Value* first = ir_.CreateConstInBoundsGEP1_64(pointer, arguments_, used);
      used += calls[c].arguments.size();
      const auto store = [&](Value* value, size_t offset) {
        ir_.CreateStore(value, ir_.CreateConstInBoundsGEP1_64(ir_.getInt8Ty(), calls_,
                                                              c * sizeof(netc_call) + offset));
      };
      store(kernels_[calls[c].kernel.index].task, offsetof(netc_call, task));
      store(first, offsetof(netc_call, arguments));
      store(task_count(calls[c].tasks), offsetof(netc_call, tasks));
      store(ir_.getInt64(kernels_[calls[c].kernel.index].runs_together),
            offsetof(netc_call, together));
    }
    llvm::FunctionCallee parallel = run_->getParent()->getOrInsertFunction(
        "netc_rt_parallel",
        llvm::FunctionType::get(ir_.getVoidTy(), {pointer, pointer, i64, i64}, false));
    ir_.CreateCall(parallel, {pool_, calls_, ir_.getInt64(calls.size()), batch()});
  }

  /// What one phase after the other gives the runtime.
  void reserve_tables() {
    size_t most_calls = 0, most_arguments = 0;
    for (const loops::Phase& phase : step_.phases) {
      size_t arguments = 0;
      for (const loops::Call& call : phase.calls)
        if (needs_task(phase, call, step_.capacity)) arguments += call.arguments.size();
      if (arguments > 0) most_calls = std::max(most_calls, phase.calls.size());
      most_arguments = std::max(most_arguments, arguments);
    }
    if (most_calls == 0) return;
    arguments_ = ir_.CreateAlloca(ir_.getPtrTy(), ir_.getInt64(most_arguments));
    auto* calls = ir_.CreateAlloca(ir_.getInt8Ty(), ir_.getInt64(most_calls * sizeof(netc_call)));
    calls->setAlignment(llvm::Align(alignof(netc_call)));
    calls_ = calls;
  }

  llvm::Function* run_;
  const loops::Step& step_;
  const ModelInterface& model_;
  const std::vector<KernelFunctions>& kernels_;
  const loops::LineTable::OfStep* lines_;
  llvm::IRBuilder<> ir_;
  std::vector<size_t> calls_before_ = {0};  ///< by phase; last, all of them
  llvm::GlobalVariable* cycles_ = nullptr;  ///< where calls are timed
  Value* arena_ = nullptr;
  Value* pool_ = nullptr;
  Value* arguments_ = nullptr;      ///< of the calls at hand, one after the other, for the runtime
  Value* calls_ = nullptr;          ///< those calls
  std::vector<netc_place> places_;  ///< by buffer
};

}  // namespace

bool needs_task(const loops::Phase& phase, const loops::Call& call, int64_t capacity) {
  return phase.calls.size() > 1 || call.tasks.are_several(capacity);
}

llvm::Function* declare_step(llvm::Module& module, const loops::Step& step,
                             const Machine& machine) {
  llvm::LLVMContext& context = module.getContext();
  auto* type = llvm::FunctionType::get(
      llvm::Type::getVoidTy(context),
      {llvm::PointerType::get(context, 0), llvm::Type::getInt64Ty(context)}, false);
  auto* run =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, step_symbol(step), module);
  set_machine(run, machine);
  // Nothing but calls, as many as a model has layers: there is no use in thinking about them.
  run->addFnAttr(llvm::Attribute::OptimizeNone);
  run->addFnAttr(llvm::Attribute::NoInline);
  return run;
}

void define_step(llvm::Function* run, const loops::Step& step, const ModelInterface& model,
                 const std::vector<KernelFunctions>& kernels, bool profile,
                 const loops::LineTable::OfStep* lines) {
  StepLowering(run, step, model, kernels, profile, lines).lower();
}

llvm::Function* define_stand_in(llvm::Module& module, const loops::Step& step, size_t position,
                                const Machine& machine) {
  llvm::Function* run = declare_step(module, step, machine);
  run->setName("late." + step_symbol(step));
  llvm::IRBuilder<> ir(BasicBlock::Create(run->getContext(), "entry", run));
  llvm::FunctionCallee late_code = module.getOrInsertFunction(
      late_code_symbol,
      llvm::FunctionType::get(ir.getPtrTy(), {ir.getPtrTy(), ir.getInt64Ty()}, false));
  llvm::Value* context = module.getOrInsertGlobal(late_context_symbol, ir.getInt8Ty());
  llvm::Value* code = ir.CreateCall(late_code, {context, ir.getInt64(position)});
  ir.CreateCall(run->getFunctionType(), code, {run->getArg(0), run->getArg(1)});
  ir.CreateRetVoid();
  return run;
}

std::string step_symbol(const loops::Step& step) { return "step." + step.model + "." + step.entry; }

std::string cycles_symbol(const loops::Step& step) {
  return "netc_cycles." + step.model + "." + step.entry;
}

std::vector<std::vector<PointerFacts>> pointer_facts(const loops::Program& program) {
  std::vector<std::vector<PointerFacts>> facts;
  for (const loops::Kernel& kernel : program.kernels)
    facts.emplace_back(kernel.parameters.size(), PointerFacts{64});
  for (const loops::Step& step : program.steps)
    for (const loops::Phase& phase : step.phases)
      for (const loops::Call& call : phase.calls)
        for (size_t i = 0; i < call.arguments.size(); ++i) {
          const loops::Buffer& buffer = step.buffers[call.arguments[i].index];
          bool ours = buffer.place == Place::variable || buffer.place == Place::arena;
          auto alignment = static_cast<uint64_t>(byte_size(buffer.type.dtype));
          if (!ours) facts[call.kernel.index][i].alignment = alignment;
        }
  return facts;
}

}  // namespace netc
