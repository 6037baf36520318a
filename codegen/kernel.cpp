// One LLVM instruction, or a few, for each of the loops IR. Loops are rotated: a test before the
// first round, then one at the end of each, so that LLVM can hoist what does not change.
#include "codegen/kernel.h"

#include <llvm/IR/Verifier.h>

#include <algorithm>

#include "codegen/addresses.h"
#include "codegen/debug_info.h"
#include "codegen/functions.h"
#include "codegen/memory.h"
#include "codegen/types.h"
#include "ir/support/check.h"

namespace netc {

namespace {

using llvm::BasicBlock;
using llvm::Value;
using loops::Instruction;
using loops::InstructionId;
using loops::Opcode;
using loops::Region;
using loops::RegisterId;

class KernelLowering {
 public:
  KernelLowering(llvm::Function* function, const loops::Kernel& kernel,
                 const loops::LineTable::OfKernel* lines, const Machine& machine)
      : kernel_(kernel),
        lines_(lines),
        function_(function),
        ir_(function->getContext()),
        lanes_(ir_, machine.lanes),
        addresses_(ir_),
        values_(kernel.registers.size()),
        offsets_(kernel.registers.size()),
        pointers_(kernel.registers.size()) {
    llvm::FastMathFlags flags;
    flags.setAllowContract(true);
    ir_.setFastMathFlags(flags);
  }

  void run() {
    entry_ = BasicBlock::Create(context(), "entry", function_);
    BasicBlock* body = BasicBlock::Create(context(), "body", function_);
    for (size_t i = 0; i < kernel_.parameters.size(); ++i)
      set_pointer(kernel_.parameters[i].value, function_->getArg(static_cast<unsigned>(i)));
    ir_.SetInsertPoint(body);
    if (lines_) set_line(ir_, function_, lines_->first);
    lower_region(kernel_.body);
    ir_.CreateRetVoid();
    ir_.SetInsertPoint(entry_);
    ir_.CreateBr(body);
  }

 private:
  llvm::LLVMContext& context() { return function_->getContext(); }
  loops::Type type(RegisterId id) const { return kernel_.type(id); }
  llvm::Type* llvm_type(RegisterId id) { return register_type(context(), type(id)); }
  Value* batch() { return function_->getArg(function_->arg_size() - 3); }
  Value* task() { return function_->getArg(function_->arg_size() - 2); }
  Value* task_end() { return function_->getArg(function_->arg_size() - 1); }

  Value* operand(const Instruction& it, size_t k) {
    Value* value = values_[it.operands[k].index];
    NETC_CHECK(value, "@{}: %{} has no value yet", kernel_.name, kernel_[it.operands[k]].name);
    return value;
  }

  /// Gives the values that the region yields.
  std::vector<Value*> lower_region(const Region& region) {
    std::vector<Value*> yielded;
    for (InstructionId id : region.body) {
      const Instruction& it = kernel_[id];
      if (lines_) set_line(ir_, function_, lines_->instructions[id.index]);
      if (it.opcode == Opcode::yield) {
        for (size_t k = 0; k < it.operands.size(); ++k) yielded.push_back(operand(it, k));
      } else if (it.opcode == Opcode::loop) {
        lower_loop(it);
      } else if (it.opcode == Opcode::branch) {
        lower_branch(it);
      } else {
        Value* value = lower(it);
        if (value) set_value(it.results[0], value, &it);
      }
    }
    return yielded;
  }

  void set_results(const Instruction& it, const std::vector<Value*>& values) {
    for (size_t i = 0; i < it.results.size(); ++i) set_value(it.results[i], values[i]);
  }

  void set_pointer(RegisterId id, Value* memory) {
    pointers_[id.index] = {memory, type(id).element, {}};
  }

  void set_value(RegisterId id, Value* value, const Instruction* origin = nullptr) {
    values_[id.index] = value;
    if (type(id) == loops::Type{DType::i64}) offsets_[id.index] = offset_of(value, origin);
  }

  /// Of an i64.
  Offset offset_of(Value* value, const Instruction* origin) {
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(value))
      return {constant->getZExtValue(), {}};
    if (origin && origin->opcode == Opcode::apply) {
      auto operand = [&](size_t k) { return offsets_[origin->operands[k].index]; };
      if (origin->function == Function::add) return operand(0) + operand(1);
      if (origin->function == Function::sub) return operand(0) + operand(1) * uint64_t(-1);
      if (origin->function == Function::mul && operand(0).terms.empty())
        return operand(1) * operand(0).constant;
      if (origin->function == Function::mul && operand(1).terms.empty())
        return operand(0) * operand(1).constant;
    }
    return addresses_.unknown(value);
  }

  Value* lower(const Instruction& it) {
    switch (it.opcode) {
      case Opcode::constant:
        return lower_constant(it);
      case Opcode::batch:
        return batch();
      case Opcode::task:
        return task();
      case Opcode::task_end:
        return task_end();
      case Opcode::apply:
        return lower_apply(it);
      case Opcode::fma:
        return lower_fma(it);
      case Opcode::convert:
        return convert(lanes_, operand(it, 0), type(it.operands[0]).element,
                       type(it.results[0]).element);
      case Opcode::broadcast:
        return ir_.CreateVectorSplat(type(it.results[0]).lanes, operand(it, 0));
      case Opcode::iota:
        return lower_iota(it);
      case Opcode::load:
        return lower_load(lanes_, access(it, type(it.results[0])));
      case Opcode::store:
        lower_store(lanes_, access(it, type(it.operands[2])), operand(it, 2));
        return nullptr;
      case Opcode::reduce:
        return lower_reduce(it);
      case Opcode::extract:
        return ir_.CreateExtractElement(operand(it, 0), static_cast<uint64_t>(it.integer));
      case Opcode::insert:
        return ir_.CreateInsertElement(operand(it, 0), operand(it, 1),
                                       static_cast<uint64_t>(it.integer));
      case Opcode::shuffle:
        return lower_shuffle(it);
      case Opcode::alloc:
        lower_alloc(it);
        return nullptr;
      case Opcode::advance:
        pointers_[it.results[0].index] = location(it);
        return nullptr;
      case Opcode::prefetch:
        lower_prefetch(it);
        return nullptr;
      case Opcode::loop:
      case Opcode::branch:
      case Opcode::yield:
        break;
    }
    NETC_UNREACHABLE("{} is lowered with its region", name(it.opcode));
  }

  Value* lower_constant(const Instruction& it) {
    loops::Type result = type(it.results[0]);
    if (!is_float(result.element))
      return llvm::ConstantInt::get(llvm_type(it.results[0]), static_cast<uint64_t>(it.integer),
                                    true, true);
    double rounded = round_to(result.element, it.number);
    loops::Type wide{computed(result.element), result.lanes};
    Value* constant = llvm::ConstantFP::get(register_type(context(), wide), rounded);
    return narrow(lanes_, constant, result.element);
  }

  Value* lower_apply(const Instruction& it) {
    DType element = type(it.operands.back()).element;
    std::vector<Value*> operands;
    for (size_t k = 0; k < it.operands.size(); ++k)
      operands.push_back(widen(lanes_, operand(it, k), type(it.operands[k]).element));
    Value* result = lower_function(lanes_, it.function, computed(element), operands);
    return narrow(lanes_, result, type(it.results[0]).element);
  }

  Value* lower_fma(const Instruction& it) {
    DType element = type(it.results[0]).element;
    Value* a = widen(lanes_, operand(it, 0), element);
    Value* b = widen(lanes_, operand(it, 1), element);
    Value* c = widen(lanes_, operand(it, 2), element);
    return narrow(lanes_, lanes_.fma(a, b, c), element);
  }

  Value* lower_iota(const Instruction& it) {
    loops::Type result = type(it.results[0]);
    llvm::Type* element = register_type(context(), {result.element});
    std::vector<llvm::Constant*> steps;
    for (unsigned lane = 0; lane < result.lanes; ++lane)
      steps.push_back(llvm::ConstantInt::get(element, lane));
    return result.lanes == 1 ? steps[0] : llvm::ConstantVector::get(steps);
  }

  /// What the first operand points to and, unless it is a vector, the second counts from there.
  Location location(const Instruction& it) {
    Location location = pointers_[it.operands[0].index];
    NETC_CHECK(location.memory, "@{}: no memory at a pointer", kernel_.name);
    if (type(it.operands[1]).lanes == 1)
      location.offset = location.offset + offsets_[it.operands[1].index];
    return location;
  }

  MemoryAccess access(const Instruction& it, loops::Type value) {
    return {.address = addresses_.address(location(it)),
            .offsets = it.access == loops::Access::gather ? operand(it, 1) : nullptr,
            .mask = it.masked ? operand(it, it.operands.size() - 1) : nullptr,
            .type = value,
            .access = it.access,
            .stride = it.stride,
            .non_temporal = it.non_temporal};
  }

  /// A tree fixed by the number of lanes: the upper half is joined to the lower one until one lane
  /// is left; a lane without a partner waits for the next round.
  Value* lower_reduce(const Instruction& it) {
    loops::Type operand_type = type(it.operands[0]);
    Value* vector = widen(lanes_, operand(it, 0), operand_type.element);
    for (unsigned count = operand_type.lanes; count > 1; count = (count + 1) / 2) {
      unsigned half = (count + 1) / 2;
      std::vector<int> lower;
      std::vector<int> upper;
      for (unsigned i = 0; i < half; ++i) {
        lower.push_back(static_cast<int>(i));
        upper.push_back(static_cast<int>(i + half < count ? i + half : i));
      }
      Value* first = ir_.CreateShuffleVector(vector, lower);
      Value* second = ir_.CreateShuffleVector(vector, upper);
      Value* joined =
          lower_function(lanes_, it.function, computed(operand_type.element), {first, second});
      if (count % 2 != 0) {
        Value* alone = ir_.CreateExtractElement(first, uint64_t{half - 1});
        joined = ir_.CreateInsertElement(joined, alone, uint64_t{half - 1});
      }
      vector = joined;
    }
    Value* scalar = operand_type.lanes > 1 ? ir_.CreateExtractElement(vector, uint64_t{0}) : vector;
    return narrow(lanes_, scalar, operand_type.element);
  }

  Value* lower_shuffle(const Instruction& it) {
    std::vector<int> lanes(it.lanes.begin(), it.lanes.end());
    Value* a = operand(it, 0);
    Value* b = operand(it, 1);
    Value* result = ir_.CreateShuffleVector(a, b, lanes);
    if (lanes.size() == 1) return ir_.CreateExtractElement(result, uint64_t{0});
    bool is_second = llvm::isa<llvm::ShuffleVectorInst>(a) || llvm::isa<llvm::ShuffleVectorInst>(b);
    return is_second ? fenced(result) : result;
  }

  /// LLVM tries to join a shuffle with those before it, in time that doubles with each: where rows
  /// are turned into columns, most of the time that the kernel takes. The fence, which is no
  /// instruction in the end, hides them.
  Value* fenced(Value* vector) {
    bool is_float = vector->getType()->isFPOrFPVectorTy();
    return is_float ? ir_.CreateArithmeticFence(vector, vector->getType()) : vector;
  }

  void lower_alloc(const Instruction& it) {
    llvm::IRBuilder<> at_entry(entry_);
    llvm::Type* element = memory_element(context(), type(it.results[0]).element);
    llvm::AllocaInst* memory =
        at_entry.CreateAlloca(element, at_entry.getInt64(static_cast<uint64_t>(it.integer)));
    memory->setAlignment(llvm::Align(64));
    set_pointer(it.results[0], memory);
  }

  void lower_prefetch(const Instruction& it) {
    Value* address = addresses_.address(location(it));
    ir_.CreateIntrinsic(llvm::Intrinsic::prefetch, {address->getType()},
                        {address, ir_.getInt32(0), ir_.getInt32(3), ir_.getInt32(1)});
  }

  void lower_loop(const Instruction& it) {
    auto* lower = llvm::dyn_cast<llvm::ConstantInt>(operand(it, 0));
    auto* upper = llvm::dyn_cast<llvm::ConstantInt>(operand(it, 1));
    if (it.unroll && lower && upper) {
      unroll(it, lower->getSExtValue(), upper->getSExtValue());
    } else {
      lower_rounds(it);
    }
  }

  void unroll(const Instruction& it, int64_t lower, int64_t upper) {
    std::vector<Value*> carried;
    for (size_t k = 2; k < it.operands.size(); ++k) carried.push_back(operand(it, k));
    for (int64_t i = lower; i < upper; i += it.integer) {
      const Region& region = it.regions[0];
      set_value(region.parameters[0], ir_.getInt64(static_cast<uint64_t>(i)));
      for (size_t k = 0; k < carried.size(); ++k) set_value(region.parameters[k + 1], carried[k]);
      carried = lower_region(region);
    }
    set_results(it, carried);
  }

  /// Loops that are unrolled do not count.
  bool has_loop(const Region& region) const {
    return std::any_of(region.body.begin(), region.body.end(), [&](InstructionId id) {
      const Instruction& it = kernel_[id];
      return (it.opcode == Opcode::loop && !it.unroll) ||
             std::any_of(it.regions.begin(), it.regions.end(),
                         [&](const Region& inner) { return has_loop(inner); });
    });
  }

  void lower_rounds(const Instruction& it) {
    const Region& region = it.regions[0];
    Value* lower = operand(it, 0);
    Value* upper = operand(it, 1);
    BasicBlock* before = ir_.GetInsertBlock();
    BasicBlock* head = BasicBlock::Create(context(), "loop", function_);
    BasicBlock* after = BasicBlock::Create(context(), "end", function_);
    Value* runs = ir_.CreateICmpSLT(lower, upper);
    const bool runs_always = runs == ir_.getTrue();
    if (runs_always)
      ir_.CreateBr(head);
    else
      ir_.CreateCondBr(runs, head, after);

    ir_.SetInsertPoint(head);
    std::vector<llvm::PHINode*> phis;
    for (size_t k = 0; k < region.parameters.size(); ++k) {
      phis.push_back(ir_.CreatePHI(llvm_type(region.parameters[k]), 2));
      phis[k]->addIncoming(k == 0 ? lower : operand(it, k + 1), before);
    }
    values_[region.parameters[0].index] = phis[0];
    offsets_[region.parameters[0].index] =
        addresses_.begin_loop(phis[0], offsets_[it.operands[0].index],
                              static_cast<uint64_t>(it.integer), before, !has_loop(region));
    for (size_t k = 1; k < phis.size(); ++k) set_value(region.parameters[k], phis[k]);
    std::vector<Value*> yielded = lower_region(region);
    Value* next = ir_.CreateNSWAdd(phis[0], ir_.getInt64(static_cast<uint64_t>(it.integer)));
    Value* again = ir_.CreateICmpSLT(next, upper);
    BasicBlock* last = ir_.GetInsertBlock();
    ir_.CreateCondBr(again, head, after);
    addresses_.end_loop(last);
    phis[0]->addIncoming(next, last);
    for (size_t k = 0; k < yielded.size(); ++k) phis[k + 1]->addIncoming(yielded[k], last);

    ir_.SetInsertPoint(after);
    if (runs_always) return set_results(it, yielded);
    for (size_t k = 0; k < it.results.size(); ++k) {
      llvm::PHINode* result = ir_.CreatePHI(llvm_type(it.results[k]), 2);
      result->addIncoming(operand(it, k + 2), before);
      result->addIncoming(yielded[k], last);
      set_value(it.results[k], result);
    }
  }

  void lower_branch(const Instruction& it) {
    BasicBlock* sides[] = {BasicBlock::Create(context(), "then", function_),
                           BasicBlock::Create(context(), "else", function_)};
    BasicBlock* after = BasicBlock::Create(context(), "end", function_);
    ir_.CreateCondBr(operand(it, 0), sides[0], sides[1]);
    std::vector<Value*> yielded[2];
    for (int side = 0; side < 2; ++side) {
      ir_.SetInsertPoint(sides[side]);
      yielded[side] = lower_region(it.regions[static_cast<size_t>(side)]);
      sides[side] = ir_.GetInsertBlock();
      ir_.CreateBr(after);
    }
    ir_.SetInsertPoint(after);
    for (size_t k = 0; k < it.results.size(); ++k) {
      llvm::PHINode* result = ir_.CreatePHI(llvm_type(it.results[k]), 2);
      for (int side = 0; side < 2; ++side) result->addIncoming(yielded[side][k], sides[side]);
      set_value(it.results[k], result);
    }
  }

  const loops::Kernel& kernel_;
  const loops::LineTable::OfKernel* lines_;
  llvm::Function* function_;
  llvm::IRBuilder<> ir_;
  LaneBuilder lanes_;
  BasicBlock* entry_ = nullptr;
  Addresses addresses_;
  std::vector<Value*> values_;      ///< by register
  std::vector<Offset> offsets_;     ///< by register: of each i64
  std::vector<Location> pointers_;  ///< by register
};

}  // namespace

void define_kernel_body(llvm::Function* body, const loops::Kernel& kernel,
                        const loops::LineTable::OfKernel* lines, const Machine& machine) {
  KernelLowering(body, kernel, lines, machine).run();
}

}  // namespace netc
