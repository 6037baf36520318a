// Builds kernels instruction by instruction.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ir/loops/loops.h"

namespace netc::loops {

/// How a load or store reaches memory.
struct Memory {
  Access access = Access::contiguous;
  int64_t stride = 1;
  RegisterId mask;  ///< invalid: all lanes
};

/// Appends to the innermost open region of a kernel. Constants and equal integer arithmetic in
/// the same region are shared; offsets with constant operands are folded, and so are the rests of
/// divisions that are known to leave none. Loops without rounds are left out.
class Builder {
 public:
  explicit Builder(std::string name);

  RegisterId parameter(DType element, bool writable, const std::string& name);

  RegisterId number(double value, Type type);
  RegisterId integer(int64_t value, DType type = DType::i64);
  RegisterId batch();
  RegisterId task();
  RegisterId task_end();
  RegisterId apply(Function function, std::vector<RegisterId> operands);
  RegisterId fma(RegisterId a, RegisterId b, RegisterId c);
  RegisterId convert(RegisterId value, DType element);
  RegisterId broadcast(RegisterId scalar, uint16_t lanes);
  RegisterId iota(DType element, uint16_t lanes);
  RegisterId reduce(Function function, RegisterId vector);
  RegisterId extract(RegisterId vector, int64_t lane);
  RegisterId insert(RegisterId vector, RegisterId scalar, int64_t lane);
  RegisterId shuffle(RegisterId a, RegisterId b, std::vector<int32_t> lanes);
  RegisterId alloc(DType element, int64_t elements);
  RegisterId advance(RegisterId pointer, RegisterId offset);
  void prefetch(RegisterId pointer, RegisterId offset);

  RegisterId load(RegisterId pointer, RegisterId offset, uint16_t lanes, Memory memory = {});
  void store(RegisterId pointer, RegisterId offset, RegisterId value, Memory memory = {});

  // Integer arithmetic on i64 offsets, folded where operands are constants; `mod` by one. `div`
  // rounds down.
  RegisterId add(RegisterId a, RegisterId b);
  RegisterId sub(RegisterId a, RegisterId b);
  RegisterId mul(RegisterId a, RegisterId b);
  RegisterId div(RegisterId a, RegisterId b);
  RegisterId mod(RegisterId a, int64_t b);
  RegisterId min(RegisterId a, RegisterId b);
  RegisterId max(RegisterId a, RegisterId b);

  /// for iv = lower to upper step `step`, carrying `initial`; `body` gives the values carried on.
  using LoopBody =
      std::function<std::vector<RegisterId>(RegisterId iv, const std::vector<RegisterId>& carried)>;
  std::vector<RegisterId> loop(RegisterId lower, RegisterId upper, int64_t step,
                               const std::vector<RegisterId>& initial, const LoopBody& body,
                               bool unroll = false, const std::string& name = "i");
  using BranchBody = std::function<std::vector<RegisterId>()>;
  std::vector<RegisterId> branch(RegisterId condition, const BranchBody& then,
                                 const BranchBody& otherwise = {});

  Type type(RegisterId id) const { return kernel_.type(id); }
  /// The value of a constant integer register, if it is one.
  const int64_t* constant(RegisterId id) const;
  Kernel take();

 private:
  /// What makes an instruction one that is there already.
  struct Key {
    Opcode opcode;
    Function function{};
    Type type;
    uint64_t first = 0;  ///< bits of a constant, or operands
    uint64_t second = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  /// An open region and what is known in it.
  struct Scope {
    Region region;
    std::map<Key, RegisterId> known;
  };

  RegisterId define(Instruction instruction, Type type, const std::string& name = "");
  /// As `define`, but gives an equal instruction of an enclosing region where there is one.
  RegisterId shared(Instruction instruction, Type type);
  static Key key_of(const Instruction& instruction, Type type);
  void append(Instruction instruction);
  RegisterId fresh(Type type, const std::string& name);
  RegisterId integer_arithmetic(Function function, RegisterId a, RegisterId b);
  /// A number that divides the result.
  int64_t divisor(Function function, RegisterId a, RegisterId b) const;
  /// Runs `body` in a region of its own, which ends by yielding what `body` gives.
  Region nested(std::vector<RegisterId> parameters,
                const std::function<std::vector<RegisterId>()>& body,
                std::vector<RegisterId>* yielded);

  Kernel kernel_;
  std::vector<Scope> open_;
  std::map<uint32_t, int64_t> constants_;
  std::vector<int64_t> divisors_;  ///< by register: a number that divides it; 0 divides 0 alone
  std::map<std::string, int> names_;
};

}  // namespace netc::loops
