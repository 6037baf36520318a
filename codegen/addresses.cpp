// Values get their numbers in the order of their definitions, so the terms of an offset are those
// of outer loops first: partial sums that do not change in a loop are computed outside of it.
#include "codegen/addresses.h"

#include <algorithm>

namespace netc {

using llvm::BasicBlock;

Offset operator+(const Offset& a, const Offset& b) {
  Offset sum{a.constant + b.constant, {}};
  auto left = a.terms.begin();
  auto right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    if (right == b.terms.end() || (left != a.terms.end() && left->value < right->value)) {
      sum.terms.push_back(*left++);
    } else if (left == a.terms.end() || right->value < left->value) {
      sum.terms.push_back(*right++);
    } else {
      uint64_t factor = left->factor + right->factor;
      if (factor != 0) sum.terms.push_back({left->value, factor});
      ++left;
      ++right;
    }
  }
  return sum;
}

Offset operator*(const Offset& a, uint64_t factor) {
  Offset product{a.constant * factor, {}};
  for (const Offset::Term& term : a.terms)
    if (term.factor * factor != 0) product.terms.push_back({term.value, term.factor * factor});
  return product;
}

Offset Addresses::unknown(llvm::Value* value) {
  values_.push_back({value, loops_.size()});
  return {0, {{static_cast<uint32_t>(values_.size() - 1), 1}}};
}

Offset Addresses::begin_loop(llvm::PHINode* counter, const Offset& lower, uint64_t step,
                             BasicBlock* before, bool is_innermost) {
  loops_.push_back({.lower = lower,
                    .step = step,
                    .before = before,
                    .head = counter->getParent(),
                    .is_innermost = is_innermost});
  Offset offset = unknown(counter);
  loops_.back().counter = offset.terms[0].value;
  return offset;
}

void Addresses::end_loop(BasicBlock* last) {
  llvm::IRBuilderBase::InsertPointGuard guard(ir_);
  ir_.SetInsertPoint(last->getTerminator());
  for (const Running& it : loops_.back().running)
    it.pointer->addIncoming(displaced(it.pointer, it.element, it.stride), last);
  loops_.pop_back();
}

llvm::Value* Addresses::address(const Location& location) {
  Terms terms = location.offset.terms;
  llvm::Type* element = element_type(location);
  bool runs = !loops_.empty() && loops_.back().is_innermost;
  llvm::Value* memory = runs ? run_along(location, terms) : location.memory;
  return displaced(base(memory, element, terms), element, location.offset.constant);
}

/// The pointer that follows the counter where the offset does; leaves the terms that it lacks.
llvm::Value* Addresses::run_along(const Location& location, Terms& terms) {
  Loop& loop = loops_.back();
  Terms carried;
  Terms rest;
  uint64_t factor = 0;
  for (const Offset::Term& term : terms) {
    if (term.value == loop.counter) factor = term.factor;
    bool is_carried = term.value == loop.counter || values_[term.value].depth < loops_.size();
    (is_carried ? carried : rest).push_back(term);
  }
  if (factor == 0) return location.memory;
  terms = rest;
  for (const Running& it : loop.running)
    if (it.memory == location.memory && it.terms == carried) return it.pointer;
  llvm::Value* first = first_address(location, loop, carried);
  llvm::PHINode* pointer = llvm::PHINode::Create(ir_.getPtrTy(), 2, "", loop.head->begin());
  pointer->addIncoming(first, loop.before);
  loop.running.push_back(
      {location.memory, carried, element_type(location), pointer, factor * loop.step});
  return pointer;
}

llvm::Value* Addresses::first_address(const Location& location, const Loop& loop,
                                      const Terms& carried) {
  llvm::IRBuilderBase::InsertPointGuard guard(ir_);
  ir_.SetInsertPoint(loop.before->getTerminator());
  Offset first;
  for (const Offset::Term& term : carried)
    first = first +
            (term.value == loop.counter ? loop.lower : Offset{0, {{term.value, 1}}}) * term.factor;
  llvm::Type* element = element_type(location);
  return displaced(base(location.memory, element, first.terms), element, first.constant);
}

llvm::Value* Addresses::base(llvm::Value* memory, llvm::Type* element, const Terms& terms) {
  if (terms.empty()) return memory;
  std::vector<Base>& bases = bases_[ir_.GetInsertBlock()];
  auto known = std::find_if(bases.begin(), bases.end(), [&](const Base& it) {
    return it.memory == memory && it.terms == terms;
  });
  if (known != bases.end()) return known->address;
  bases.push_back({memory, terms, ir_.CreateGEP(element, memory, sum(terms))});
  return bases.back().address;
}

llvm::Value* Addresses::displaced(llvm::Value* base, llvm::Type* element, uint64_t constant) {
  return constant == 0 ? base : ir_.CreateConstGEP1_64(element, base, constant);
}

llvm::Value* Addresses::sum(const Terms& terms) {
  llvm::Value* sum = nullptr;
  for (const Offset::Term& term : terms) {
    llvm::Value* product = values_[term.value].value;
    if (term.factor != 1) product = ir_.CreateMul(product, ir_.getInt64(term.factor));
    sum = sum ? ir_.CreateAdd(sum, product) : product;
  }
  return sum;
}

llvm::Type* Addresses::element_type(const Location& location) {
  return memory_element(ir_.getContext(), location.element);
}

}  // namespace netc
