// What must hold for every kernel:
//
//  1. Parameters are pointers. Every register has a name of its own and is defined once, before
//     its uses, in the same region or in one around it.
//  2. Nested regions end with their only `yield`; the kernel's body has none. A loop has one region
//     whose parameters are an i64 and the carried values, and yields values of their types; its
//     bounds are i64 and its step is positive. An `if` has a bool and two regions that yield values
//     of the types of its results.
//  3. Pointers come from parameters, `alloc` and `advance` alone; they are never carried, yielded
//     or computed with.
//  4. Functions get as many operands as they have arguments, all with the same lanes, of types
//     that they are defined for. `fma` is for floats; the operands of `shuffle` are alike, and its
//     lanes exist; `reduce` is an addition, a product, a minimum or a maximum.
//  5. A load or store names a pointer to elements of its value's type, an i64 offset (a vector of
//     them when it gathers), and a mask that is a bool for every lane. Only memory of the kernel's
//     own and of parameters that are `mut` is written.
#include "ir/loops/verify_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace netc::loops {

namespace {

class KernelVerifier {
 public:
  KernelVerifier(const Kernel& kernel, std::vector<std::string>& problems)
      : kernel_(kernel),
        problems_(problems),
        visible_(kernel.registers.size()),
        defined_(kernel.registers.size()),
        writable_(kernel.registers.size()) {}

  void verify() {
    std::set<std::string> names;
    for (const Register& value : kernel_.registers)
      if (value.name.empty() || !names.insert(value.name).second)
        problem("two registers are called `%{}`", value.name);
    for (const Parameter& parameter : kernel_.parameters) {
      if (!define(parameter.value)) continue;
      if (!kernel_.type(parameter.value).pointer)
        problem("the parameter %{} is no pointer", kernel_[parameter.value].name);
      writable_[parameter.value.index] = parameter.writable;
    }
    verify_region(kernel_.body, false);
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> text, Args&&... args) {
    problems_.push_back(fmt::format("kernel @{}: {}", kernel_.name,
                                    fmt::format(text, std::forward<Args>(args)...)));
  }

  /// Reports in the words of an instruction: "%7 = fma: ...".
  template <typename... Args>
  void wrong(const Instruction& it, fmt::format_string<Args...> text, Args&&... args) {
    std::string place(it.opcode == Opcode::apply ? info(it.function).name : name(it.opcode));
    if (!it.results.empty() && it.results[0].index < kernel_.registers.size())
      place = fmt::format("%{} = {}", kernel_[it.results[0]].name, place);
    problem("{}: {}", place, fmt::format(text, std::forward<Args>(args)...));
  }

  bool define(RegisterId id) {
    if (id.index >= kernel_.registers.size()) {
      problem("a register does not exist");
      return false;
    }
    if (defined_[id.index]) problem("%{} is defined twice", kernel_[id].name);
    defined_[id.index] = true;
    visible_[id.index] = true;
    scope_.push_back(id);
    return true;
  }

  void verify_region(const Region& region, bool nested) {
    size_t outer = scope_.size();
    for (RegisterId parameter : region.parameters) define(parameter);
    for (size_t i = 0; i < region.body.size(); ++i) {
      if (region.body[i].index >= kernel_.instructions.size()) {
        problem("an instruction does not exist");
        return;
      }
      const Instruction& it = kernel_[region.body[i]];
      bool last = i + 1 == region.body.size();
      if (it.opcode == Opcode::yield && (!nested || !last)) problem("a `yield` ends no region");
      if (nested && last && it.opcode != Opcode::yield) problem("a region ends without `yield`");
      if (verify_operands(it)) verify_instruction(it);
      for (RegisterId result : it.results)
        if (!define(result)) return;
    }
    if (nested && region.body.empty()) problem("a region ends without `yield`");
    for (size_t i = outer; i < scope_.size(); ++i) visible_[scope_[i].index] = false;
    scope_.resize(outer);
  }

  bool verify_operands(const Instruction& it) {
    for (RegisterId operand : it.operands) {
      if (operand.index < visible_.size() && visible_[operand.index]) continue;
      std::string name = operand.index < visible_.size() ? kernel_[operand].name : "?";
      wrong(it, "%{} is used where it is not defined", name);
      return false;
    }
    for (RegisterId result : it.results)
      if (result.index >= kernel_.registers.size()) {
        wrong(it, "a result does not exist");
        return false;
      }
    return true;
  }

  Type type(const Instruction& it, size_t operand) const {
    return kernel_.type(it.operands[operand]);
  }

  bool count(const Instruction& it, size_t operands, size_t results) {
    if (it.operands.size() == operands && it.results.size() == results) return true;
    wrong(it, "has {} operands and {} results, not {} and {}", it.operands.size(),
          it.results.size(), operands, results);
    return false;
  }

  void expect(const Instruction& it, std::string_view what, Type found, Type expected) {
    if (found != expected)
      wrong(it, "{} is {}, not {}", what, to_string(found), to_string(expected));
  }

  void verify_instruction(const Instruction& it) {
    bool addresses = it.opcode == Opcode::load || it.opcode == Opcode::store ||
                     it.opcode == Opcode::advance || it.opcode == Opcode::prefetch;
    for (size_t i = addresses ? 1 : 0; i < it.operands.size(); ++i)
      if (type(it, i).pointer) return wrong(it, "takes a pointer");
    if (it.opcode != Opcode::loop && it.opcode != Opcode::branch && !it.regions.empty())
      return wrong(it, "has regions");
    switch (it.opcode) {
      case Opcode::constant:
        if (count(it, 0, 1) && kernel_.type(it.results[0]).pointer) wrong(it, "is a pointer");
        return;
      case Opcode::batch:
      case Opcode::task:
      case Opcode::task_end:
        if (count(it, 0, 1)) expect(it, "the result", kernel_.type(it.results[0]), {DType::i64});
        return;
      case Opcode::apply:
        return verify_apply(it);
      case Opcode::load:
      case Opcode::store:
        return verify_memory(it);
      case Opcode::alloc:
      case Opcode::advance:
      case Opcode::prefetch:
        return verify_pointer(it);
      case Opcode::loop:
        return verify_loop(it);
      case Opcode::branch:
        return verify_branch(it);
      case Opcode::yield:
        return;
      default:
        return verify_vector(it);
    }
  }

  void verify_apply(const Instruction& it) {
    const FunctionInfo& row = info(it.function);
    if (!count(it, row.arity, 1)) return;
    bool selects = row.kind == FunctionClass::selection;
    Type operand = type(it, it.operands.size() - 1);
    for (size_t i = 0; i < it.operands.size(); ++i) {
      bool condition = selects && i == 0;
      expect(it, "an operand", type(it, i),
             condition ? Type{DType::boolean, operand.lanes} : operand);
    }
    bool fits = true;
    if (row.kind == FunctionClass::real) fits = is_float(operand.element);
    if (row.kind == FunctionClass::logic) fits = operand.element == DType::boolean;
    if (row.kind == FunctionClass::draw) fits = operand.element == DType::i64;
    if (row.kind == FunctionClass::arithmetic)
      fits = is_float(operand.element) ||
             (is_integer(operand.element) && row.evaluate_integer != nullptr);
    if (!fits) wrong(it, "is not defined for {}", to_string(operand));
    expect(it, "the result", kernel_.type(it.results[0]),
           {result_type(it.function, operand.element), operand.lanes});
  }

  /// Arithmetic and movement that is no function of the table.
  void verify_vector(const Instruction& it) {
    size_t operands = it.opcode == Opcode::iota                                     ? 0
                      : it.opcode == Opcode::fma                                    ? 3
                      : it.opcode == Opcode::insert || it.opcode == Opcode::shuffle ? 2
                                                                                    : 1;
    if (!count(it, operands, 1)) return;
    Type result = kernel_.type(it.results[0]);
    Type first = operands ? type(it, 0) : result;
    if (result.pointer) return wrong(it, "gives a pointer");
    switch (it.opcode) {
      case Opcode::fma:
        if (!is_float(result.element)) wrong(it, "is not defined for {}", to_string(result));
        for (size_t i = 0; i < 3; ++i) expect(it, "an operand", type(it, i), result);
        return;
      case Opcode::convert:
        return expect(it, "the result", result, {result.element, first.lanes});
      case Opcode::broadcast:
        return expect(it, "the operand", first, {result.element});
      case Opcode::iota:
        if (!is_integer(result.element)) wrong(it, "is not defined for {}", to_string(result));
        return;
      case Opcode::reduce:
        if (it.function != Function::add && it.function != Function::mul &&
            it.function != Function::min && it.function != Function::max)
          wrong(it, "cannot reduce by `{}`", info(it.function).name);
        if (first.element == DType::boolean) wrong(it, "is not defined for bool");
        return expect(it, "the result", result, {first.element});
      case Opcode::extract:
      case Opcode::insert:
        if (it.integer < 0 || it.integer >= first.lanes)
          wrong(it, "there is no lane {} in {}", it.integer, to_string(first));
        if (it.opcode == Opcode::insert) {
          expect(it, "the scalar", type(it, 1), {first.element});
          return expect(it, "the result", result, first);
        }
        return expect(it, "the result", result, {first.element});
      default:  // shuffle
        expect(it, "the second operand", type(it, 1), first);
        expect(it, "the result", result, {first.element, static_cast<uint16_t>(it.lanes.size())});
        for (int32_t lane : it.lanes)
          if (lane < 0 || lane >= 2 * first.lanes) wrong(it, "there is no lane {}", lane);
    }
  }

  void verify_memory(const Instruction& it) {
    bool stores = it.opcode == Opcode::store;
    if (!count(it, (stores ? 3u : 2u) + (it.masked ? 1u : 0u), stores ? 0 : 1)) return;
    Type value = stores ? type(it, 2) : kernel_.type(it.results[0]);
    expect(it, "the address", type(it, 0), {value.element, 1, true});
    bool gathers = it.access == Access::gather;
    expect(it, "the offset", type(it, 1), {DType::i64, gathers ? value.lanes : uint16_t{1}});
    if (it.masked)
      expect(it, "the mask", type(it, it.operands.size() - 1), {DType::boolean, value.lanes});
    if (stores && type(it, 0).pointer && !writable_[it.operands[0].index])
      wrong(it, "%{} is not `mut`", kernel_[it.operands[0]].name);
  }

  void verify_pointer(const Instruction& it) {
    if (it.opcode == Opcode::alloc) {
      if (!count(it, 0, 1)) return;
      if (it.integer < 1) wrong(it, "of {} elements", it.integer);
      if (!kernel_.type(it.results[0]).pointer) wrong(it, "the result is no pointer");
      writable_[it.results[0].index] = true;
      return;
    }
    bool advances = it.opcode == Opcode::advance;
    if (!count(it, 2, advances ? 1 : 0)) return;
    if (!type(it, 0).pointer) wrong(it, "the address is no pointer");
    expect(it, "the offset", type(it, 1), {DType::i64});
    if (!advances) return;
    expect(it, "the result", kernel_.type(it.results[0]), type(it, 0));
    writable_[it.results[0].index] = writable_[it.operands[0].index];
  }

  /// The values of the yield that ends a region.
  const std::vector<RegisterId>* yielded(const Region& region) const {
    if (region.body.empty() || region.body.back().index >= kernel_.instructions.size())
      return nullptr;
    const Instruction& last = kernel_[region.body.back()];
    for (RegisterId value : last.operands)
      if (value.index >= kernel_.registers.size()) return nullptr;
    return last.opcode == Opcode::yield ? &last.operands : nullptr;
  }

  void verify_yield(const Instruction& it, const Region& region) {
    const std::vector<RegisterId>* values = yielded(region);
    if (!values) return;
    if (values->size() != it.results.size())
      return wrong(it, "yields {} values for {} results", values->size(), it.results.size());
    for (size_t i = 0; i < values->size(); ++i)
      expect(it, "a yielded value", kernel_.type((*values)[i]), kernel_.type(it.results[i]));
  }

  void verify_loop(const Instruction& it) {
    if (it.regions.size() != 1 || it.operands.size() < 2)
      return wrong(it, "needs two bounds and a region");
    expect(it, "the lower bound", type(it, 0), {DType::i64});
    expect(it, "the upper bound", type(it, 1), {DType::i64});
    if (it.integer < 1) wrong(it, "the step is {}", it.integer);
    const Region& region = it.regions[0];
    size_t carried = it.operands.size() - 2;
    if (region.parameters.size() != carried + 1 || it.results.size() != carried)
      return wrong(it, "carries {} values, its region has {} parameters, {} results", carried,
                   region.parameters.size(), it.results.size());
    for (size_t i = 0; i <= carried; ++i) {
      if (region.parameters[i].index >= kernel_.registers.size())
        return wrong(it, "a parameter does not exist");
      Type expected = i == 0 ? Type{DType::i64} : type(it, i + 1);
      expect(it, "a parameter", kernel_.type(region.parameters[i]), expected);
      if (i > 0) expect(it, "a result", kernel_.type(it.results[i - 1]), expected);
    }
    verify_region(region, true);
    verify_yield(it, region);
  }

  void verify_branch(const Instruction& it) {
    if (it.regions.size() != 2 || it.operands.size() != 1)
      return wrong(it, "needs a condition and two regions");
    expect(it, "the condition", type(it, 0), {DType::boolean});
    for (const Region& region : it.regions) {
      if (!region.parameters.empty()) wrong(it, "a region has parameters");
      verify_region(region, true);
      verify_yield(it, region);
    }
  }

  const Kernel& kernel_;
  std::vector<std::string>& problems_;
  std::vector<bool> visible_;   ///< by register: defined in an open region
  std::vector<bool> defined_;   ///< by register
  std::vector<bool> writable_;  ///< by register: a pointer that may be stored through
  std::vector<RegisterId> scope_;
};

}  // namespace

void verify_kernel(const Kernel& kernel, std::vector<std::string>& problems) {
  KernelVerifier(kernel, problems).verify();
}

}  // namespace netc::loops
