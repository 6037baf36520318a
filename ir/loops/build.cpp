// The builder keeps a stack of open regions. Constants and integer arithmetic are looked up by a
// key in all of them before they are made, so that offsets computed twice are one register.
#include "ir/loops/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "ir/support/check.h"

namespace netc::loops {

Builder::Builder(std::string name) {
  kernel_.name = std::move(name);
  open_.emplace_back();
}

RegisterId Builder::fresh(Type type, const std::string& name) {
  RegisterId id{static_cast<uint32_t>(kernel_.registers.size())};
  std::string unique = name.empty() ? fmt::format("{}", id.index) : name;
  while (!name.empty() && !names_.emplace(unique, 0).second)
    unique = fmt::format("{}.{}", name, ++names_[name]);
  kernel_.registers.push_back({std::move(unique), type});
  divisors_.push_back(1);
  return id;
}

void Builder::append(Instruction instruction) {
  InstructionId id{static_cast<uint32_t>(kernel_.instructions.size())};
  kernel_.instructions.push_back(std::move(instruction));
  open_.back().region.body.push_back(id);
}

RegisterId Builder::define(Instruction instruction, Type type, const std::string& name) {
  RegisterId result = fresh(type, name);
  instruction.results = {result};
  append(std::move(instruction));
  return result;
}

Builder::Key Builder::key_of(const Instruction& it, Type type) {
  Key key{.opcode = it.opcode, .function = it.function, .type = type};
  if (it.opcode == Opcode::constant)
    key.first = is_float(type.element) ? std::bit_cast<uint64_t>(it.number)
                                       : static_cast<uint64_t>(it.integer);
  if (!it.operands.empty()) key.first = it.operands[0].index;
  if (it.operands.size() > 1) key.second = it.operands[1].index;
  return key;
}

RegisterId Builder::shared(Instruction instruction, Type type) {
  const Key key = key_of(instruction, type);
  for (const Scope& scope : open_) {
    auto found = scope.known.find(key);
    if (found != scope.known.end()) return found->second;
  }
  RegisterId result = define(std::move(instruction), type);
  open_.back().known.emplace(key, result);
  return result;
}

RegisterId Builder::parameter(DType element, bool writable, const std::string& name) {
  NETC_CHECK(open_.size() == 1, "parameters belong to the kernel");
  RegisterId value = fresh({element, 1, true}, name);
  kernel_.parameters.push_back({value, writable});
  return value;
}

RegisterId Builder::number(double value, Type type) {
  NETC_CHECK(is_float(type.element) && !type.pointer, "{} of a float type", value);
  return shared({.opcode = Opcode::constant, .number = value}, type);
}

RegisterId Builder::integer(int64_t value, DType type) {
  NETC_CHECK(!is_float(type), "{} of an integer type", value);
  RegisterId result = shared({.opcode = Opcode::constant, .integer = value}, {type});
  if (type == DType::i64) constants_[result.index] = value;
  divisors_[result.index] = value;
  return result;
}

RegisterId Builder::batch() { return shared({.opcode = Opcode::batch}, {DType::i64}); }
RegisterId Builder::task() { return shared({.opcode = Opcode::task}, {DType::i64}); }
RegisterId Builder::task_end() { return shared({.opcode = Opcode::task_end}, {DType::i64}); }

RegisterId Builder::apply(Function function, std::vector<RegisterId> operands) {
  NETC_CHECK(!operands.empty(), "functions have operands");
  Type operand = type(operands.back());
  for (RegisterId id : operands)
    NETC_CHECK(type(id).lanes == operand.lanes, "operands of {} differ in lanes",
               info(function).name);
  Type result{result_type(function, operand.element), operand.lanes};
  return define({.opcode = Opcode::apply, .operands = std::move(operands), .function = function},
                result);
}

RegisterId Builder::fma(RegisterId a, RegisterId b, RegisterId c) {
  return define({.opcode = Opcode::fma, .operands = {a, b, c}}, type(c));
}

RegisterId Builder::convert(RegisterId value, DType element) {
  Type from = type(value);
  if (from.element == element) return value;
  return define({.opcode = Opcode::convert, .operands = {value}}, {element, from.lanes});
}

RegisterId Builder::broadcast(RegisterId scalar, uint16_t lanes) {
  if (lanes == 1) return scalar;
  return shared({.opcode = Opcode::broadcast, .operands = {scalar}}, {type(scalar).element, lanes});
}

RegisterId Builder::iota(DType element, uint16_t lanes) {
  return shared({.opcode = Opcode::iota}, {element, lanes});
}

RegisterId Builder::reduce(Function function, RegisterId vector) {
  return define({.opcode = Opcode::reduce, .operands = {vector}, .function = function},
                {type(vector).element});
}

RegisterId Builder::extract(RegisterId vector, int64_t lane) {
  return define({.opcode = Opcode::extract, .operands = {vector}, .integer = lane},
                {type(vector).element});
}

RegisterId Builder::insert(RegisterId vector, RegisterId scalar, int64_t lane) {
  return define({.opcode = Opcode::insert, .operands = {vector, scalar}, .integer = lane},
                type(vector));
}

RegisterId Builder::shuffle(RegisterId a, RegisterId b, std::vector<int32_t> lanes) {
  Type result{type(a).element, static_cast<uint16_t>(lanes.size())};
  return define({.opcode = Opcode::shuffle, .operands = {a, b}, .lanes = std::move(lanes)}, result);
}

RegisterId Builder::alloc(DType element, int64_t elements) {
  return define({.opcode = Opcode::alloc, .integer = elements}, {element, 1, true});
}

RegisterId Builder::advance(RegisterId pointer, RegisterId offset) {
  return define({.opcode = Opcode::advance, .operands = {pointer, offset}}, type(pointer));
}

void Builder::prefetch(RegisterId pointer, RegisterId offset) {
  // Once in a region: what is replaced where it stands is both read and written.
  Instruction prefetch{.opcode = Opcode::prefetch, .operands = {pointer, offset}};
  if (!open_.back().known.emplace(key_of(prefetch, {}), offset).second) return;
  append(std::move(prefetch));
}

RegisterId Builder::load(RegisterId pointer, RegisterId offset, uint16_t lanes, Memory memory) {
  Instruction load{.opcode = Opcode::load,
                   .operands = {pointer, offset},
                   .access = memory.access,
                   .stride = memory.stride,
                   .masked = memory.mask.valid()};
  if (load.masked) load.operands.push_back(memory.mask);
  return define(std::move(load), {type(pointer).element, lanes});
}

void Builder::store(RegisterId pointer, RegisterId offset, RegisterId value, Memory memory) {
  Instruction store{.opcode = Opcode::store,
                    .operands = {pointer, offset, value},
                    .access = memory.access,
                    .stride = memory.stride,
                    .masked = memory.mask.valid()};
  if (store.masked) store.operands.push_back(memory.mask);
  append(std::move(store));
}

RegisterId Builder::integer_arithmetic(Function function, RegisterId a, RegisterId b) {
  const int64_t* x = constant(a);
  const int64_t* y = constant(b);
  if (x && y) {
    int64_t values[] = {*x, *y};
    return integer(info(function).evaluate_integer(values));
  }
  if (x && info(function).commutative) {
    std::swap(a, b);
    std::swap(x, y);
  }
  bool plus = function == Function::add || function == Function::sub;
  if (y && plus && *y == 0) return a;
  if (y && function == Function::mul && *y == 1) return a;
  if (y && function == Function::mul && *y == 0) return b;
  RegisterId result = shared({.opcode = Opcode::apply, .operands = {a, b}, .function = function},
                             {DType::i64, type(a).lanes});
  divisors_[result.index] = divisor(function, a, b);
  return result;
}

int64_t Builder::divisor(Function function, RegisterId a, RegisterId b) const {
  const int64_t x = divisors_[a.index];
  const int64_t y = divisors_[b.index];
  if (function == Function::div) return 1;
  if (function != Function::mul) return std::gcd(x, y);
  int64_t product = 1;
  return __builtin_mul_overflow(x, y, &product) ? 1 : product;
}

RegisterId Builder::add(RegisterId a, RegisterId b) {
  return integer_arithmetic(Function::add, a, b);
}
RegisterId Builder::sub(RegisterId a, RegisterId b) {
  return integer_arithmetic(Function::sub, a, b);
}
RegisterId Builder::mul(RegisterId a, RegisterId b) {
  return integer_arithmetic(Function::mul, a, b);
}
RegisterId Builder::div(RegisterId a, RegisterId b) {
  const int64_t* by = constant(b);
  return by && *by == 1 ? a : integer_arithmetic(Function::div, a, b);
}
RegisterId Builder::mod(RegisterId a, int64_t b) {
  if (divisors_[a.index] % b == 0) return integer(0);
  return integer_arithmetic(Function::mod, a, integer(b));
}

RegisterId Builder::min(RegisterId a, RegisterId b) {
  return a == b ? a : integer_arithmetic(Function::min, a, b);
}

RegisterId Builder::max(RegisterId a, RegisterId b) {
  return a == b ? a : integer_arithmetic(Function::max, a, b);
}

Region Builder::nested(std::vector<RegisterId> parameters,
                       const std::function<std::vector<RegisterId>()>& body,
                       std::vector<RegisterId>* yielded) {
  open_.emplace_back();
  open_.back().region.parameters = std::move(parameters);
  if (body) *yielded = body();
  append({.opcode = Opcode::yield, .operands = *yielded});
  Region region = std::move(open_.back().region);
  open_.pop_back();
  return region;
}

std::vector<RegisterId> Builder::loop(RegisterId lower, RegisterId upper, int64_t step,
                                      const std::vector<RegisterId>& initial, const LoopBody& body,
                                      bool unroll, const std::string& name) {
  NETC_CHECK(step > 0, "a loop's step of {}", step);
  const int64_t* from = constant(lower);
  const int64_t* to = constant(upper);
  if (lower == upper || (from && to && *from >= *to)) return initial;
  RegisterId iv = fresh({DType::i64}, name);
  divisors_[iv.index] = std::gcd(divisors_[lower.index], step);
  std::vector<RegisterId> parameters = {iv};
  std::vector<RegisterId> carried;
  for (RegisterId value : initial) carried.push_back(fresh(type(value), ""));
  parameters.insert(parameters.end(), carried.begin(), carried.end());

  std::vector<RegisterId> yielded;
  Region region = nested(
      parameters, [&] { return body(iv, carried); }, &yielded);
  NETC_CHECK(yielded.size() == initial.size(), "a loop carries {} values and yields {}",
             initial.size(), yielded.size());

  Instruction loop{
      .opcode = Opcode::loop, .operands = {lower, upper}, .integer = step, .unroll = unroll};
  loop.operands.insert(loop.operands.end(), initial.begin(), initial.end());
  for (RegisterId value : initial) loop.results.push_back(fresh(type(value), ""));
  loop.regions.push_back(std::move(region));
  std::vector<RegisterId> results = loop.results;
  append(std::move(loop));
  return results;
}

std::vector<RegisterId> Builder::branch(RegisterId condition, const BranchBody& then,
                                        const BranchBody& otherwise) {
  Instruction branch{.opcode = Opcode::branch, .operands = {condition}};
  std::vector<RegisterId> first;
  std::vector<RegisterId> second;
  branch.regions.push_back(nested({}, then, &first));
  branch.regions.push_back(nested({}, otherwise, &second));
  NETC_CHECK(first.size() == second.size(), "the sides of an `if` yield {} and {} values",
             first.size(), second.size());
  for (RegisterId value : first) branch.results.push_back(fresh(type(value), ""));
  std::vector<RegisterId> results = branch.results;
  append(std::move(branch));
  return results;
}

const int64_t* Builder::constant(RegisterId id) const {
  auto found = constants_.find(id.index);
  return found == constants_.end() ? nullptr : &found->second;
}

Kernel Builder::take() {
  NETC_CHECK(open_.size() == 1, "a region is still open");
  kernel_.body = std::move(open_.back().region);
  open_.clear();
  return std::move(kernel_);
}

}  // namespace netc::loops
