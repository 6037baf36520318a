// Tables as C would lay them out: anonymous LLVM structs whose members have the types and the
// order of the C structs. Each block below stands beside the struct that it writes.
#include "codegen/descriptor.h"

#include <llvm/IR/Constants.h>

#include "ir/support/check.h"
#include "runtime/core/netc_rt.h"

namespace netc {

namespace {

using llvm::Constant;

class DescriptorWriter {
 public:
  explicit DescriptorWriter(llvm::Module& module)
      : module_(module), context_(module.getContext()) {}

  Constant* model(const ModelInterface& model, const DescriptorFacts& facts) {
    std::vector<Constant*> inputs;
    std::vector<Constant*> variables;
    std::vector<Constant*> settings;
    std::vector<Constant*> entries;
    std::vector<Constant*> plans;
    for (const Value& input : model.inputs) inputs.push_back(tensor(input));
    for (const Value& variable : model.variables)
      variables.push_back(tensor(variable, !model.read.contains(variable.name)));
    for (const Value& setting : model.settings)
      settings.push_back(record({string(setting.name), number(setting.setting)}));
    for (const EntryInterface& entry : model.entries)
      entries.push_back(this->entry(model, entry, facts.entries.at(entry.name)));
    for (const std::string& plan : facts.plans) plans.push_back(string(plan));
    return record({i32(NETC_RT_ABI), string(model.name), string(facts.target),
                   string(facts.features), i64(model.capacity), i32(inputs.size()),
                   i32(variables.size()), i32(settings.size()), i32(entries.size()),
                   i32(plans.size()), array(inputs), array(variables), array(settings),
                   array(entries), array(plans)});
  }

 private:
  Constant* i8(uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt8Ty(context_), value);
  }
  Constant* i32(uint64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context_), value);
  }
  Constant* i64(int64_t value) {
    return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context_), static_cast<uint64_t>(value),
                                  true);
  }
  Constant* number(double value) {
    return llvm::ConstantFP::get(llvm::Type::getDoubleTy(context_), value);
  }
  Constant* null() { return llvm::ConstantPointerNull::get(llvm::PointerType::get(context_, 0)); }

  Constant* record(const std::vector<Constant*>& members) {
    return llvm::ConstantStruct::getAnon(context_, members);
  }

  Constant* global(Constant* data) {
    auto* variable = new llvm::GlobalVariable(module_, data->getType(), true,
                                              llvm::GlobalValue::PrivateLinkage, data, "");
    variable->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    return variable;
  }

  /// A pointer to the elements, which are of one type; null for none.
  Constant* array(const std::vector<Constant*>& elements) {
    if (elements.empty()) return null();
    auto* type = llvm::ArrayType::get(elements[0]->getType(), elements.size());
    return global(llvm::ConstantArray::get(type, elements));
  }

  Constant* string(const std::string& text) {
    auto [found, fresh] = strings_.emplace(text, nullptr);
    if (fresh) found->second = global(llvm::ConstantDataArray::getString(context_, text));
    return found->second;
  }

  Constant* dims(const TensorType& type) {
    std::vector<Constant*> sizes;
    for (Dim dim : type.dims) sizes.push_back(i64(dim.batch ? -dim.factor : dim.factor));
    return array(sizes);
  }

  // struct netc_init
  Constant* initializer(const Initializer& init) {
    std::vector<Constant*> arguments;
    std::vector<Constant*> strings;
    for (double argument : init.arguments) arguments.push_back(number(argument));
    for (const std::string& text : init.strings) strings.push_back(string(text));
    return record({string(init.kind), array(arguments), i32(arguments.size()), array(strings),
                   i32(strings.size())});
  }

  static netc_role role(const Value& value) {
    if (value.kind == ValueKind::input) return NETC_INPUT;
    switch (value.role) {
      case VariableRole::param:
        return NETC_PARAM;
      case VariableRole::state:
        return NETC_STATE;
      case VariableRole::optimizer:
        return NETC_OPTIMIZER;
      case VariableRole::average:
        return NETC_AVERAGE;
    }
    return NETC_PARAM;
  }

  // struct netc_tensor
  Constant* tensor(const Value& value, bool unread = false) {
    return record({string(value.name), i8(static_cast<uint64_t>(value.type.dtype)),
                   i8(value.type.rank()), i8(role(value)), i8(value.checked), i8(unread),
                   dims(value.type), i64(value.low), i64(value.high),
                   initializer(value.initializer)});
  }

  static netc_result_kind kind(ResultKind result) {
    switch (result) {
      case ResultKind::loss:
        return NETC_LOSS;
      case ResultKind::output:
        return NETC_OUTPUT;
      case ResultKind::metric:
        return NETC_METRIC;
      case ResultKind::gradient:
        return NETC_GRADIENT;
    }
    return NETC_OUTPUT;
  }

  // struct netc_result
  Constant* result(const GraphResult& result, const TensorType& type, bool exponential) {
    return record({string(result.kind == ResultKind::loss ? "" : result.name),
                   i8(exponential ? NETC_EXPONENTIAL_METRIC : kind(result.kind)),
                   i8(static_cast<uint64_t>(type.dtype)), i8(type.rank()), dims(type)});
  }

  static netc_entry_kind kind(const std::string& entry) {
    if (entry == "evaluate") return NETC_EVALUATE;
    if (entry == "predict") return NETC_PREDICT;
    if (entry == "gradient") return NETC_GRADIENT_ENTRY;
    return NETC_TRAIN;
  }

  // struct netc_entry
  Constant* entry(const ModelInterface& model, const EntryInterface& entry, const EntryCode& code) {
    std::vector<Constant*> inputs;
    std::vector<Constant*> results;
    for (uint32_t input : entry.inputs) inputs.push_back(i32(input));
    for (size_t i = 0; i < entry.results.size(); ++i)
      results.push_back(result(entry.results[i], entry.result_types[i],
                               i < entry.exponential.size() && entry.exponential[i]));
    return record({string(entry.name), i8(kind(entry.name)), i32(inputs.size()), array(inputs),
                   i32(results.size()), array(results), i64(model.capacity),
                   i64(static_cast<int64_t>(code.arena_bytes)), code.run});
  }

  llvm::Module& module_;
  llvm::LLVMContext& context_;
  std::map<std::string, Constant*> strings_;
};

}  // namespace

std::string descriptor_symbol(const std::string& model) { return "netc_model_" + model; }

llvm::GlobalVariable* define_descriptor(llvm::Module& module, const ModelInterface& model,
                                        const DescriptorFacts& facts) {
  Constant* data = DescriptorWriter(module).model(model, facts);
  auto* descriptor =
      new llvm::GlobalVariable(module, data->getType(), true, llvm::GlobalValue::ExternalLinkage,
                               data, descriptor_symbol(model.name));
  descriptor->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return descriptor;
}

}  // namespace netc
