// The graph IR: SSA over tensors, whose main operation is the definition in index notation.
//
// A graph is one entry point of a model (`@digits.train`, `@digits.predict`): its inputs, the
// variables it reads, operations in an order in which operands come before their users, and its
// named results. It is self-contained, so that a text file may hold any number of graphs.
//
//   graph @digits.train(%image: u8[N, 784], %digit: u8[N] in 0..10) {
//     param @dense1.w: f32[784, 10] init glorot_uniform
//     param @dense1.b: f32[10] init zeros
//     setting %sgd.rate = 0.1
//     %z[n, o] = @dense1.b[o] + sum[i] f32(%image[n, i]) * @dense1.w[i, o]
//     ...
//     %d.dense1.w, %d.dense1.b = gradient %loss by @dense1.w, @dense1.b
//     %dense1.w.next[i, o] = @dense1.w[i, o] - %rate * %d.dense1.w[i, o]
//     update @dense1.w = %dense1.w.next
//     loss = %loss
//     output probability = %p
//   }
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "ir/expr.h"
#include "ir/support/source.h"
#include "ir/types.h"

namespace netc {

using OpId = Id<struct OpTag>;  ///< position in `Graph::ops`

/// An index of a definition and how many values it takes, from 0.
struct Index {
  std::string name;
  Dim extent;
};

/// What a reduction does over the reduced part of its domain, in index order (the last index
/// fastest). `argmax` gives the row-major position, an i32, of the first maximal element; `max`
/// and `min` let NaN win.
enum class Reduction : uint8_t { none, sum, prod, max, min, argmax };

std::string_view name(Reduction reduction);

/// result[target] = base (+, *, max, ...) reduction[reduced indices] body
///
/// The first `free_count` indices are the domain of the result, the others are reduced. A
/// definition is a map (no reduced index) or one reduction, never a reduction under another
/// function. `base`, where there is one, is combined with the reduction (a sum only).
///
/// `target` says where a point of the domain is written: the identity, or any affine map proved
/// injective by mixed radix; a write outside of the result is dropped, and the map must cover the
/// result. With `accumulate` the map need not be injective and may hold gathers: the result starts
/// at zero and every point of the domain is added, in domain order; there is no reduction then.
struct Definition {
  std::vector<Index> indices;
  uint32_t free_count = 0;
  Reduction reduction = Reduction::none;
  bool accumulate = false;
  std::vector<Subscript> target;
  ExprDag dag;
  ExprId body;
  ExprId base;  ///< invalid: the identity of the reduction

  bool is_free(IndexId index) const { return index.index < free_count; }
  /// Whether `target` is exactly the free indices in their order.
  bool has_identity_target() const;
  /// Whether each element of the result is the body at its own place, once.
  bool is_map() const;
};

/// The same elements in row-major order under another shape.
struct Reshape {
  ValueId operand;
};

/// The operands one after the other along `axis`.
struct Concat {
  std::vector<ValueId> operands;
  uint32_t axis = 0;
};

/// The gradients of the scalar `of` by each of `by`; one result each, of their types.
/// The autodiff pass replaces it by definitions.
///
/// With `steps`, all of them lead with the axes of so many scans, and each step of these is for
/// itself: what it reads of other steps does not vary.
struct Gradient {
  ValueId of;
  std::vector<ValueId> by;
  uint32_t steps = 0;
};

/// Stores `value` in `variable` at the end of the step. No result.
struct Update {
  ValueId variable;
  ValueId value;
};

using ScanId = Id<struct ScanTag>;  ///< position in `Graph::scans`

struct Op {
  std::variant<Definition, Reshape, Concat, Gradient, Update> what;
  std::vector<ValueId> results;
  SourceRange range;
  ScanId scan;  ///< the innermost scan that it belongs to; invalid: none
};

/// A recurrence: operations that run once for each value of an index, in order. There is nothing
/// special about them but their order: each result is stacked, with the scan's index as its first
/// axis (an outer scan's before an inner one's), so that all that a backward pass needs is there,
/// and the first free indices of a definition are those of its scans. What is carried from step to
/// step is a read of another step: `(%h[t - 1, n, u] else %h0[n, u])`, which may name a value that
/// is defined further down in the same scan. A reversed scan runs from the last value to 0 and
/// reads `t + 1`. The operations of a scan stand together.
///
///   scan t: 20 {
///     %before[t, n, u] = (%h[t - 1, n, u] else %h0[n, u])
///     %z[t, n, u] = %x.w[n, t, u] + sum[k] %before[t, n, k] * @w[k, u]
///     %h[t, n, u] = tanh(%z[t, n, u])
///   }
struct Scan {
  Index index;  ///< its extent is a constant
  bool reversed = false;
  ScanId outer;  ///< invalid: not nested
};

/// How a variable gets its first value, from the list of `docs/language.md`.
struct Initializer {
  std::string kind = "zeros";        ///< zeros, constant, uniform, glorot_uniform, load, ...
  std::vector<double> arguments;     ///< of constant, uniform, normal
  std::vector<std::string> strings;  ///< of load: file and name
};

enum class VariableRole : uint8_t {
  param,      ///< trained
  state,      ///< not trained, part of the model
  optimizer,  ///< belongs to the optimizer: kept in resumable checkpoints only
  average,    ///< exponential average of a parameter
};

std::string_view name(VariableRole role);

enum class ValueKind : uint8_t {
  input,     ///< given by the caller
  setting,   ///< a run-time scalar f64[]: an optimizer's argument, or `step`
  variable,  ///< kept between steps; written `@name`
  result,    ///< of an operation
};

struct Value {
  std::string name;  ///< without `%` or `@`; unique among variables, and among all others
  TensorType type;
  ValueKind kind = ValueKind::result;
  SourceRange range;
  OpId producer;  ///< of a result

  VariableRole role = VariableRole::param;  ///< of a variable
  Initializer initializer;                  ///< of a variable
  double setting = 0;    ///< of a setting: its default; NaN lets a schedule decide
  bool checked = false;  ///< of an integer input: the runtime checks its range,
  int64_t low = 0;       ///< low <= value
  int64_t high = 0;      ///< value < high
};

enum class ResultKind : uint8_t { loss, output, metric, gradient };

std::string_view name(ResultKind kind);

/// What the entry point gives to its caller.
struct GraphResult {
  ResultKind kind;
  std::string name;  ///< of an output, a metric, a gradient
  ValueId value;
};

/// A kernel, after `fuse`: operations that share their outer loops. In the order of `ops`.
struct Group {
  std::string name;
  std::vector<OpId> ops;
};

struct Graph {
  std::string model;  ///< "digits"
  std::string entry;  ///< "train", "evaluate", "predict", "gradient"; later train blocks "train2"
  int64_t capacity = 1;  ///< the largest N
  std::vector<Value> values;
  std::vector<ValueId> inputs;     ///< in the order of the file
  std::vector<ValueId> settings;   ///< in the order of first use; `step` counts from 1
  std::vector<ValueId> variables;  ///< in the order of their making
  std::vector<Op> ops;
  std::vector<Scan> scans;  ///< outer ones before those they hold
  std::vector<GraphResult> results;
  std::vector<Group> groups;  ///< empty before `fuse`; afterwards every op but `Update` is in one

  const Value& operator[](ValueId id) const { return values[id.index]; }
  Value& operator[](ValueId id) { return values[id.index]; }
  const Op& operator[](OpId id) const { return ops[id.index]; }
  Op& operator[](OpId id) { return ops[id.index]; }

  /// Appends a value; by its kind also to `inputs`, `settings` or `variables`.
  ValueId add_value(Value value);
  /// Appends an operation with one result of this type, under a name made unique from `name`.
  ValueId add_op(decltype(Op::what) what, TensorType type, std::string name, SourceRange range);
  /// `name`, or `name.2`, `name.3`, ... if it is taken by a value that is no variable.
  std::string unique_name(const std::string& name) const;
  /// Gives a value that is no variable another name, made unique.
  void rename(ValueId value, const std::string& name);
  /// Tells all results where the operation stands that makes them, after operations have moved.
  void number_producers();
  /// Takes operations to right behind others: by the one that they follow.
  void put_behind(const std::map<OpId, std::vector<OpId>>& followers);

  /// What `unique_name` knows of the first `known` values: names taken, and where counting goes on.
  struct NameIndex {
    size_t known = 0;
    std::string last;
    std::unordered_set<std::string> taken;
    std::unordered_map<std::string, uint64_t> next;
  };
  mutable NameIndex name_index;
};

/// The nodes that a definition uses (body, base, gathers of the target), operands first.
std::vector<ExprId> reachable(const Definition& definition);

/// The values that an operation reads, in a fixed order, each once.
std::vector<ValueId> operands(const Op& op);
std::vector<ValueId> operands(const Definition& definition);

/// The scans that an operation belongs to, from the outermost in.
std::vector<ScanId> scans_of(const Graph& graph, const Op& op);

/// How many outer scans two operations share: the leading axes that mean the same step in both.
size_t shared_scans(const Graph& graph, const Op& a, const Op& b);

/// Whether an operation, by position, is an update or makes what updates and results need.
std::vector<bool> live_operations(const Graph& graph);

/// The type of the result that a definition with identity target has: free extents, body's type.
TensorType natural_type(const Definition& definition);

/// Smallest and largest value of an affine expression over a definition's domain for one N,
/// and whether every value lies in [0, size) for all N from 1 up.
struct Interval {
  int64_t low = 0;
  int64_t high = 0;
};
Interval bounds(const Affine& affine, const std::vector<Index>& indices, int64_t n);
bool within(const Affine& affine, const std::vector<Index>& indices, Dim size);

}  // namespace netc
