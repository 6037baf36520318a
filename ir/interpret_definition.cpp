// Evaluates a definition point by point. Its nodes become a flat list of instructions over
// registers, sorted by the innermost index that they depend on: an instruction runs again only
// when that index moves, and nothing is allocated in the loops.
#include "ir/interpret_definition.h"

#include <algorithm>
#include <cmath>

#include "ir/support/check.h"

namespace netc {

namespace {

/// The value of a node: `real` for floats, `whole` for integers and bools.
struct Register {
  double real = 0;
  int64_t whole = 0;
};

struct Step {
  IndexId index;
  int64_t coefficient;
};

/// One dimension of a read or a target.
struct Position {
  int64_t constant = 0;
  std::vector<Step> steps;
  int64_t data = -1;  ///< register of a gather
  int64_t size = 0;
  int64_t stride = 0;
};

struct Instruction {
  ExprKind kind{};
  DType type{};
  bool real = false;  ///< the result is a float
  bool real_operands = false;
  const FunctionInfo* function = nullptr;
  size_t args[4] = {};
  size_t arity = 0;
  IndexId index;
  const Tensor* tensor = nullptr;
  std::vector<Position> positions;
  int64_t otherwise = -1;
  Register constant;
  size_t result = 0;
};

class Evaluator {
 public:
  Evaluator(const Definition& definition, const std::vector<Tensor>& tensors, int64_t n,
            const std::vector<int64_t>& step, Tensor& result)
      : definition_(definition),
        tensors_(tensors),
        n_(n),
        step_(step),
        result_(result),
        registers_(definition.dag.size()),
        by_depth_(definition.indices.size() + 1),
        counters_(definition.indices.size()) {
    for (const Index& index : definition.indices) extents_.push_back(index.extent.at(n));
    target_ = positions(definition.target, result.dims);
    compile();
  }

  void run() {
    execute(0);
    over_free_indices(0);
  }

 private:
  // Compilation.

  std::vector<Position> positions(const std::vector<Subscript>& subscripts,
                                  const std::vector<int64_t>& dims) const {
    std::vector<Position> result(subscripts.size());
    int64_t stride = 1;
    for (size_t i = subscripts.size(); i-- > 0;) {
      const Affine& affine = subscripts[i].affine;
      Position& position = result[i];
      position.constant = affine.constant + affine.batch * n_;
      for (const Affine::Term& term : affine.terms)
        position.steps.push_back({term.index, term.coefficient});
      if (subscripts[i].data.valid()) position.data = subscripts[i].data.index;
      position.size = dims[i];
      position.stride = stride;
      stride *= dims[i];
    }
    return result;
  }

  void compile() {
    std::vector<size_t> depths(definition_.dag.size());
    for (const ExprId node : reachable(definition_)) {
      const Expr& expr = definition_.dag[node];
      Instruction instruction = translated(expr);
      instruction.result = node.index;
      size_t depth = expr.kind == ExprKind::index ? expr.index.index + 1 : 0;
      const auto depend = [&](ExprId operand) { depth = std::max(depth, depths[operand.index]); };
      for (const ExprId arg : expr.args) depend(arg);
      if (expr.otherwise.valid()) depend(expr.otherwise);
      for (const Subscript& subscript : expr.subscripts) {
        if (subscript.data.valid()) depend(subscript.data);
        for (const Affine::Term& term : subscript.affine.terms)
          depth = std::max<size_t>(depth, term.index.index + 1);
      }
      depths[node.index] = depth;
      by_depth_[depth].push_back(std::move(instruction));
    }
  }

  Instruction translated(const Expr& expr) const {
    Instruction instruction{.kind = expr.kind, .type = expr.type, .real = is_float(expr.type)};
    instruction.index = expr.index;
    instruction.arity = expr.args.size();
    for (size_t i = 0; i < expr.args.size(); ++i) instruction.args[i] = expr.args[i].index;
    switch (expr.kind) {
      case ExprKind::constant:
        instruction.constant = {expr.number, expr.integer};
        break;
      case ExprKind::read:
        instruction.tensor = &tensors_[expr.tensor.index];
        instruction.positions = positions(expr.subscripts, instruction.tensor->dims);
        if (expr.otherwise.valid()) instruction.otherwise = expr.otherwise.index;
        break;
      case ExprKind::apply:
        instruction.function = &info(expr.function);
        instruction.real_operands = is_float(definition_.dag[expr.args.back()].type);
        break;
      case ExprKind::convert:
        instruction.real_operands = is_float(definition_.dag[expr.args[0]].type);
        break;
      default:
        break;
    }
    return instruction;
  }

  // Loops.

  void over_free_indices(size_t depth) {
    if (depth == definition_.free_count) {
      points_ = 0;
      over_reduced_indices(depth);
      write();
      return;
    }
    const bool held = depth < step_.size();
    const int64_t first = held ? step_[depth] : 0;
    const int64_t end = held ? first + 1 : extents_[depth];
    for (counters_[depth] = first; counters_[depth] < end; ++counters_[depth]) {
      execute(depth + 1);
      over_free_indices(depth + 1);
    }
  }

  void over_reduced_indices(size_t depth) {
    if (depth == counters_.size()) return combine(registers_[definition_.body.index]);
    for (counters_[depth] = 0; counters_[depth] < extents_[depth]; ++counters_[depth]) {
      execute(depth + 1);
      over_reduced_indices(depth + 1);
    }
  }

  /// Takes in the body's value at the next point; the first one starts the reduction.
  void combine(const Register& value) {
    const int64_t point = points_++;
    if (point == 0) {
      best_ = 0;
      state_ = value;
      return;
    }
    const DType type = definition_.dag[definition_.body].type;
    const double reals[] = {state_.real, value.real};
    const int64_t wholes[] = {state_.whole, value.whole};
    const bool real = is_float(type);
    const auto step = [&](Function function) {
      if (real)
        state_.real = info(function).evaluate(reals);
      else
        state_.whole = wrap_to(type, info(function).evaluate_integer(wholes));
    };
    switch (definition_.reduction) {
      case Reduction::none:
        break;
      case Reduction::sum:
        return step(Function::add);
      case Reduction::prod:
        return step(Function::mul);
      case Reduction::max:
        return step(Function::max);
      case Reduction::min:
        return step(Function::min);
      case Reduction::argmax: {
        const bool larger = real ? value.real > state_.real : value.whole > state_.whole;
        const bool first_nan = real && std::isnan(value.real) && !std::isnan(state_.real);
        if (!larger && !first_nan) return;
        state_ = value;
        best_ = point;
      }
    }
  }

  void write() {
    int64_t offset = 0;
    for (const Position& position : target_) {
      const int64_t place = place_of(position);
      if (place < 0 || place >= position.size) return;
      offset += place * position.stride;
    }
    Register value = state_;
    if (definition_.reduction == Reduction::argmax) value.whole = best_;
    if (definition_.base.valid()) {
      const Register& base = registers_[definition_.base.index];
      value.real += base.real;
      value.whole = sum_of(value.whole, base.whole);
    }
    if (is_float(result_.dtype)) {
      double& element = result_.floats[offset];
      element = definition_.accumulate ? element + value.real : value.real;
    } else {
      int64_t& element = result_.integers[offset];
      const int64_t whole = definition_.accumulate ? sum_of(element, value.whole) : value.whole;
      element = wrap_to(result_.dtype, whole);
    }
  }

  static int64_t sum_of(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }

  int64_t place_of(const Position& position) const {
    int64_t place = position.constant;
    for (const Step& step : position.steps) place += step.coefficient * counters_[step.index.index];
    return position.data < 0 ? place : sum_of(place, registers_[position.data].whole);
  }

  // Instructions.

  void execute(size_t depth) {
    for (const Instruction& instruction : by_depth_[depth])
      registers_[instruction.result] = value_of(instruction);
  }

  Register value_of(const Instruction& instruction) const {
    switch (instruction.kind) {
      case ExprKind::constant:
        return instruction.constant;
      case ExprKind::index:
        return {0, counters_[instruction.index.index]};
      case ExprKind::batch:
        return {0, n_};
      case ExprKind::read:
        return read(instruction);
      case ExprKind::apply:
        return applied(instruction);
      case ExprKind::convert:
        return converted(instruction);
    }
    return {};
  }

  Register read(const Instruction& instruction) const {
    int64_t offset = 0;
    for (const Position& position : instruction.positions) {
      const int64_t place = place_of(position);
      if (place < 0 || place >= position.size) {
        NETC_CHECK(instruction.otherwise >= 0, "a read without else goes to {} of {}", place,
                   position.size);
        return registers_[instruction.otherwise];
      }
      offset += place * position.stride;
    }
    if (instruction.real) return {instruction.tensor->floats[offset], 0};
    return {0, instruction.tensor->integers[offset]};
  }

  Register applied(const Instruction& instruction) const {
    const FunctionInfo& function = *instruction.function;
    if (instruction.real_operands) {
      double args[4];
      for (size_t i = 0; i < instruction.arity; ++i) args[i] = registers_[instruction.args[i]].real;
      if (function.kind == FunctionClass::selection)
        args[0] = static_cast<double>(registers_[instruction.args[0]].whole);
      const double value = function.evaluate(args);
      return instruction.real ? Register{value, 0} : Register{0, value != 0};
    }
    int64_t args[4];
    for (size_t i = 0; i < instruction.arity; ++i) args[i] = registers_[instruction.args[i]].whole;
    return {0, wrap_to(instruction.type, function.evaluate_integer(args))};
  }

  Register converted(const Instruction& instruction) const {
    const Register& operand = registers_[instruction.args[0]];
    if (!instruction.real_operands) {
      if (instruction.real) return {static_cast<double>(operand.whole), 0};
      return {0, wrap_to(instruction.type, operand.whole)};
    }
    if (instruction.real) return {operand.real, 0};
    return {0, saturate_to(instruction.type, operand.real)};
  }

  const Definition& definition_;
  const std::vector<Tensor>& tensors_;
  int64_t n_;
  const std::vector<int64_t>& step_;
  Tensor& result_;
  std::vector<Register> registers_;                 ///< by node
  std::vector<std::vector<Instruction>> by_depth_;  ///< run when the index before this depth moves
  std::vector<int64_t> counters_;                   ///< by index
  std::vector<int64_t> extents_;
  std::vector<Position> target_;
  Register state_;      ///< of the reduction
  int64_t points_ = 0;  ///< taken in so far
  int64_t best_ = 0;    ///< the point of the maximum
};

}  // namespace

void evaluate_definition(const Definition& definition, const std::vector<Tensor>& tensors,
                         int64_t n, const std::vector<int64_t>& step, Tensor& result) {
  Evaluator(definition, tensors, n, step, result).run();
}

}  // namespace netc
