// Where loads and stores reach memory. Offsets are kept as sums of products with constants, so
// that in a loop without another one in it one pointer runs along for all accesses that keep their
// distance, and everything else is computed from few products. LLVM would find the same in its
// "loop strength reduction", in a quarter of the time that it takes for code.
#pragma once

#include <llvm/ADT/DenseMap.h>

#include <utility>
#include <vector>

#include "codegen/types.h"

namespace netc {

/// constant + sum over terms of factor * value, modulo 2^64, in elements.
struct Offset {
  struct Term {
    uint32_t value;  ///< which one of `Addresses`
    uint64_t factor;
    friend bool operator==(const Term&, const Term&) = default;
  };
  uint64_t constant = 0;
  std::vector<Term> terms;  ///< by value; no factor is 0
};

Offset operator+(const Offset& a, const Offset& b);
Offset operator*(const Offset& a, uint64_t factor);

/// An element of memory: what a kernel calls a pointer, or one and an offset.
struct Location {
  llvm::Value* memory = nullptr;
  DType element{};
  Offset offset;
};

class Addresses {
 public:
  explicit Addresses(llvm::IRBuilder<>& ir) : ir_(ir) {}

  /// A value that nothing is known of, defined in the innermost open loop.
  Offset unknown(llvm::Value* value);

  /// The loop's head has its counter and is entered from the end of `before`. Gives the counter.
  Offset begin_loop(llvm::PHINode* counter, const Offset& lower, uint64_t step,
                    llvm::BasicBlock* before, bool is_innermost);
  /// `last` ends with the jump to the head.
  void end_loop(llvm::BasicBlock* last);

  llvm::Value* address(const Location& location);

 private:
  using Terms = std::vector<Offset::Term>;

  struct Known {
    llvm::Value* value;
    size_t depth;  ///< open loops where it is defined
  };

  /// A pointer that follows the counter.
  struct Running {
    llvm::Value* memory;
    Terms terms;
    llvm::Type* element;
    llvm::PHINode* pointer;
    uint64_t stride;  ///< elements a round
  };

  struct Loop {
    uint32_t counter;
    Offset lower;
    uint64_t step;
    llvm::BasicBlock* before;
    llvm::BasicBlock* head;
    bool is_innermost;
    std::vector<Running> running;
  };

  struct Base {
    llvm::Value* memory;
    Terms terms;
    llvm::Value* address;
  };

  llvm::Value* run_along(const Location& location, Terms& terms);
  llvm::Value* first_address(const Location& location, const Loop& loop, const Terms& carried);
  llvm::Value* base(llvm::Value* memory, llvm::Type* element, const Terms& terms);
  llvm::Value* displaced(llvm::Value* base, llvm::Type* element, uint64_t constant);
  llvm::Value* sum(const Terms& terms);
  llvm::Type* element_type(const Location& location);

  llvm::IRBuilder<>& ir_;
  std::vector<Known> values_;                                   ///< those of outer loops first
  std::vector<Loop> loops_;                                     ///< that are open
  llvm::DenseMap<llvm::BasicBlock*, std::vector<Base>> bases_;  ///< computed there
};

}  // namespace netc
