// The loops IR: explicit loops over vectors and memory, the last form before LLVM.
//
// A kernel is a function of non-aliasing pointers, the batch N, task numbers and scalars,
// without names of tensors and without offsets into the arena, so that equal kernels are one. Its
// body is structured SSA: instructions with nested regions (`for`, `if`), whose results are
// carried values. Vectors have a fixed number of lanes; register tiles are vectors carried by a
// loop, so that accumulators are plain SSA values.
//
//   kernel @k1(%x: f32*, %w: f32*, %z: mut f32*) {
//     for %n = 0 to N step 4 {
//       %zero = constant 0 : f32x8
//       %a, %b = for %i = 0 to 784 step 1 carry %s = %zero, %t = %zero { ... yield %s1, %t1 }
//       ...
//     }
//   }
//
// A step is what one entry point does: buffers, and phases of independent calls.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/functions.h"
#include "ir/graph.h"
#include "ir/support/id.h"
#include "ir/types.h"

namespace netc::loops {

using RegisterId = Id<struct RegisterTag>;        ///< an SSA value of a kernel
using InstructionId = Id<struct InstructionTag>;  ///< position in `Kernel::instructions`
using KernelId = Id<struct KernelTag>;
using BufferId = Id<struct BufferTag>;

/// `f32`, `f32x8`, `i64`, `boolx8` (a mask), `f32*` (a pointer to elements).
struct Type {
  DType element = DType::f32;
  uint16_t lanes = 1;
  bool pointer = false;
  friend auto operator<=>(const Type&, const Type&) = default;
};

std::string to_string(Type type);

enum class Opcode : uint8_t {
  constant,   ///< `number` or `integer`, splat over the lanes
  batch,      ///< N, i64
  task,       ///< the number of this task, i64 from 0
  task_end,   ///< of the task after the last one of this run; a kernel without it runs one task
  apply,      ///< function(operands...): the table of scalar functions, lane by lane
  fma,        ///< operands a * b + c, rounded once where the machine can
  convert,    ///< operand to the result's element type (floats saturate to integers)
  broadcast,  ///< scalar operand to every lane
  iota,       ///< 0, 1, 2, ... over the lanes, of an integer type
  load,       ///< pointer, offset in elements [, mask]; see `Access`
  store,      ///< pointer, offset in elements, value [, mask]; no result
  reduce,     ///< vector operand to a scalar by `function` (add, mul, min, max), a fixed tree
  extract,    ///< lane `integer` of a vector operand
  insert,     ///< vector operand, scalar operand: lane `integer` replaced
  shuffle,    ///< two vectors of L lanes: lanes `lanes[]` of their concatenation
  alloc,      ///< static scratch of the task: `integer` elements, 64-byte aligned; a pointer
  advance,    ///< pointer, offset in elements: a pointer to there
  prefetch,   ///< pointer, offset
  loop,       ///< operands lower, upper, then the carried values; region with (iv, carried...)
  branch,     ///< operand bool; two regions; results are what they yield (`if` in the text)
  yield,      ///< ends a region: the values carried on
};

std::string_view name(Opcode opcode);

/// How the lanes of a load or store find their elements.
enum class Access : uint8_t {
  contiguous,  ///< offset + lane
  strided,     ///< offset + lane * `stride` (constant)
  gather,      ///< the offset operand is an i64 vector
};

/// A sequence of instructions with its own parameters; ends with `yield` where values leave it.
struct Region {
  std::vector<RegisterId> parameters;
  std::vector<InstructionId> body;
};

/// One instruction. Masked-off lanes of a load are 0; of a store, untouched.
struct Instruction {
  Opcode opcode{};
  std::vector<RegisterId> operands;
  std::vector<RegisterId> results;
  Function function{};  ///< apply, reduce
  double number = 0;    ///< constant of a float type
  int64_t integer = 0;  ///< constant of an integer type; extract, insert, alloc; loop: its step
  Access access = Access::contiguous;
  int64_t stride = 1;          ///< strided
  bool masked = false;         ///< load, store: the last operand is the mask
  bool non_temporal = false;   ///< store
  bool unroll = false;         ///< loop: unrolled completely by code generation
  std::vector<int32_t> lanes;  ///< shuffle
  std::vector<Region> regions;
};

struct Register {
  std::string name;  ///< unique in its kernel
  Type type;
};

struct Parameter {
  RegisterId value;       ///< a pointer
  bool writable = false;  ///< printed `mut`
};

struct Kernel {
  std::string name;
  std::vector<Register> registers;
  std::vector<Instruction> instructions;
  std::vector<Parameter> parameters;
  Region body;

  const Register& operator[](RegisterId id) const { return registers[id.index]; }
  const Instruction& operator[](InstructionId id) const { return instructions[id.index]; }
  Instruction& operator[](InstructionId id) { return instructions[id.index]; }
  Type type(RegisterId id) const { return registers[id.index].type; }
};

enum class Place : uint8_t {
  input,     ///< the caller's memory, by position among the entry's inputs
  output,    ///< the caller's memory, by position among the entry's results; may be absent (NULL)
  variable,  ///< the handle's memory, by name
  setting,   ///< a run-time scalar f64, by name
  arena,     ///< scratch of the step, at a byte offset that `plan-memory` fixes
};

std::string_view name(Place place);

/// Whether one call of a kernel runs several tasks that lie side by side: it asks for their end.
bool runs_tasks_together(const Kernel& kernel);

struct Buffer {
  std::string name;  ///< of the graph's value
  TensorType type;   ///< dense, row-major for the N of the call
  Place place = Place::arena;
  int64_t slot = 0;     ///< input, output: position
  int64_t offset = -1;  ///< arena: bytes; -1 before `plan-memory`
};

/// A number of tasks: ceil(extent / chunk), at least 1.
struct Tasks {
  Dim extent{1, false};
  int64_t chunk = 1;
  /// Whether there is more than one at this N.
  bool are_several(int64_t n) const { return extent.at(n) > chunk; }
};

struct Call {
  KernelId kernel;
  std::vector<BufferId> arguments;  ///< one for each parameter
  Tasks tasks;
  std::vector<OpId> ops;  ///< of the graph, whose work this is: for reports, not in the text
};

/// Calls that may run at the same time, in any order.
struct Phase {
  std::vector<Call> calls;
};

/// A recurrence: some consecutive phases run once for each value of a counter, in order. Kernels
/// read the counter from an i64 buffer of one element. Repeats nest.
struct Repeat {
  uint32_t first = 0;  ///< position in `Step::phases`
  uint32_t count = 0;
  int64_t extent = 1;
  bool reversed = false;  ///< from extent - 1 down to 0
  BufferId counter;
};

/// One entry point.
struct Step {
  std::string model;
  std::string entry;
  int64_t capacity = 1;
  std::vector<Buffer> buffers;
  std::vector<Phase> phases;
  std::vector<Repeat> repeats;  ///< outer ones before those they hold
  int64_t arena_bytes = -1;     ///< -1 before `plan-memory`
};

/// All code of a compilation. Kernels are shared between steps.
struct Program {
  std::vector<Kernel> kernels;
  std::vector<Step> steps;

  const Kernel& operator[](KernelId id) const { return kernels[id.index]; }
};

}  // namespace netc::loops
