// Each function passes its arguments on: `create` adds the descriptor, the entries gather their
// inputs and results into arrays, in the order of the entry.
#include "codegen/public_functions.h"

#include <llvm/IR/IRBuilder.h>

namespace netc {

namespace {

using llvm::Value;

class PublicFunctions {
 public:
  PublicFunctions(llvm::Module& module, const ModelInterface& model)
      : module_(module),
        model_(model),
        ir_(module.getContext()),
        pointer_(ir_.getPtrTy()),
        status_(ir_.getInt32Ty()),
        size_(ir_.getInt64Ty()) {}

  void define_create(llvm::GlobalVariable* descriptor) {
    llvm::Function* create = begin("create", status_, {pointer_, pointer_});
    forward("netc_rt_create", status_, {descriptor, create->getArg(0), create->getArg(1)});
  }

  void define_memory_bytes(llvm::GlobalVariable* descriptor) {
    begin("memory_bytes", size_, {});
    forward("netc_rt_memory_bytes", size_, {descriptor});
  }

  /// A function that has the runtime's own parameters.
  void define_plain(const std::string& name, llvm::Type* result,
                    const std::vector<llvm::Type*>& parameters) {
    llvm::Function* function = begin(name, result, parameters);
    std::vector<Value*> arguments;
    for (llvm::Argument& argument : function->args()) arguments.push_back(&argument);
    forward("netc_rt_" + name, result, arguments);
  }

  void define_set() {
    llvm::Function* set = begin("set", status_, {pointer_, pointer_, ir_.getFloatTy()});
    Value* value = ir_.CreateFPExt(set->getArg(2), ir_.getDoubleTy());
    forward("netc_rt_set", status_, {set->getArg(0), set->getArg(1), value});
  }

  void define_entry(const EntryFunction& it) {
    const EntryInterface& entry = model_.entries[it.entry];
    std::vector<llvm::Type*> parameters(2 + entry.inputs.size() + it.results.size(), pointer_);
    parameters[1] = size_;
    llvm::Function* function = begin_symbol(it.symbol, status_, parameters);
    Value* inputs = array(entry.inputs.size());
    Value* results = array(entry.results.size());
    unsigned argument = 2;
    for (size_t i = 0; i < entry.inputs.size(); ++i) store(inputs, i, function->getArg(argument++));
    for (size_t i = 0; i < entry.results.size(); ++i)
      store(results, i, llvm::ConstantPointerNull::get(ir_.getPtrTy()));
    for (uint32_t position : it.results) store(results, position, function->getArg(argument++));
    forward(it.trains ? "netc_rt_train_step" : "netc_rt_run", status_,
            {function->getArg(0), ir_.getInt32(it.entry), function->getArg(1), inputs, results});
  }

  void define_all() {
    llvm::Type* nothing = ir_.getVoidTy();
    define_plain("destroy", nothing, {pointer_});
    define_plain("get_tensor", status_, {pointer_, pointer_, pointer_});
    define_plain("set_tensor", status_, {pointer_, pointer_, pointer_});
    define_plain("save", status_, {pointer_, pointer_});
    define_plain("load", status_, {pointer_, pointer_});
    define_plain("error", pointer_, {pointer_});
    define_set();
    for (const EntryFunction& entry : entry_functions(model_)) define_entry(entry);
  }

 private:
  llvm::Function* begin(const std::string& name, llvm::Type* result,
                        const std::vector<llvm::Type*>& parameters) {
    return begin_symbol(model_.name + "_" + name, result, parameters);
  }

  llvm::Function* begin_symbol(const std::string& symbol, llvm::Type* result,
                               const std::vector<llvm::Type*>& parameters) {
    auto* type = llvm::FunctionType::get(result, parameters, false);
    auto* function =
        llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, symbol, module_);
    // These run before the processor is checked, so they are for any.
    function->addFnAttr("target-cpu", "x86-64");
    function->addFnAttr("target-features", "");
    function->setDoesNotThrow();
    ir_.SetInsertPoint(llvm::BasicBlock::Create(module_.getContext(), "entry", function));
    return function;
  }

  Value* array(size_t count) { return ir_.CreateAlloca(pointer_, ir_.getInt64(count ? count : 1)); }

  void store(Value* array, size_t index, Value* value) {
    ir_.CreateStore(value, ir_.CreateConstInBoundsGEP1_64(pointer_, array, index));
  }

  void forward(const std::string& symbol, llvm::Type* result,
               const std::vector<Value*>& arguments) {
    std::vector<llvm::Type*> parameters;
    for (Value* argument : arguments) parameters.push_back(argument->getType());
    llvm::FunctionCallee callee =
        module_.getOrInsertFunction(symbol, llvm::FunctionType::get(result, parameters, false));
    Value* value = ir_.CreateCall(callee, arguments);
    if (result->isVoidTy()) {
      ir_.CreateRetVoid();
    } else {
      ir_.CreateRet(value);
    }
  }

  llvm::Module& module_;
  const ModelInterface& model_;
  llvm::IRBuilder<> ir_;
  llvm::Type* pointer_;
  llvm::Type* status_;
  llvm::Type* size_;
};

}  // namespace

std::vector<EntryFunction> entry_functions(const ModelInterface& model) {
  std::vector<EntryFunction> functions;
  for (size_t i = 0; i < model.entries.size(); ++i) {
    const EntryInterface& entry = model.entries[i];
    if (entry.name == "gradient") continue;
    EntryFunction function{.symbol = model.name + "_" + entry.name,
                           .entry = static_cast<uint32_t>(i),
                           .trains = entry.name != "evaluate" && entry.name != "predict"};
    if (function.trains) function.symbol += "_step";
    for (size_t k = 0; k < entry.results.size(); ++k)
      if (!function.trains || entry.results[k].kind == ResultKind::loss)
        function.results.push_back(static_cast<uint32_t>(k));
    functions.push_back(std::move(function));
  }
  return functions;
}

void define_public_functions(llvm::Module& module, const ModelInterface& model,
                             llvm::GlobalVariable* descriptor) {
  PublicFunctions functions(module, model);
  functions.define_create(descriptor);
  functions.define_memory_bytes(descriptor);
  functions.define_all();
}

}  // namespace netc
