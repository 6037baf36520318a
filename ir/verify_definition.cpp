// Checks one definition: types, subscripts, bounds, the target, the shape of reductions. The rules
// stand in prose at the head of `verify.cpp`.
#include "ir/verify_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace netc {

namespace {

class DefinitionVerifier {
 public:
  DefinitionVerifier(const Graph& graph, const ValueRanges& ranges, const Definition& definition,
                     const Value& result, std::vector<std::string>& messages)
      : graph_(graph),
        definition_(definition),
        result_(result),
        messages_(messages),
        nodes_(reachable(definition)),
        ranges_(ranges_of_nodes(graph, ranges, definition)) {}

  void run() {
    for (const Index& index : definition_.indices)
      if (index.extent.factor < 1) say("the extent of `{}` is not positive", index.name);
    for (const ExprId node : nodes_) check_node(definition_.dag[node]);
    check_reduction();
    check_result_type();
    if (definition_.target.size() == result_.type.rank()) check_target();
  }

 private:
  template <typename... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) {
    messages_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  DType type(ExprId node) const { return definition_.dag[node].type; }

  void check_node(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::constant:
        break;
      case ExprKind::index:
      case ExprKind::batch:
        if (expr.type != DType::i64) say("an index has type {}, not i64", name(expr.type));
        break;
      case ExprKind::read:
        check_read(expr);
        break;
      case ExprKind::apply:
        check_apply(expr);
        break;
      case ExprKind::convert:
        if (expr.args.size() != 1) say("a conversion has {} operands", expr.args.size());
        break;
    }
  }

  void check_read(const Expr& expr) {
    const Value& tensor = graph_[expr.tensor];
    if (expr.type != tensor.type.dtype)
      say("a read of `{}` has type {}, the tensor {}", tensor.name, name(expr.type),
          name(tensor.type.dtype));
    if (expr.otherwise.valid() && type(expr.otherwise) != expr.type)
      say("the value outside of `{}` is {}, the tensor {}", tensor.name, name(type(expr.otherwise)),
          name(expr.type));
    if (expr.subscripts.size() != tensor.type.rank())
      return say("`{}` is {} and read at {} positions", tensor.name, to_string(tensor.type),
                 expr.subscripts.size());
    for (size_t i = 0; i < expr.subscripts.size(); ++i) {
      const Subscript& subscript = expr.subscripts[i];
      if (subscript.data.valid() && !is_integer(type(subscript.data)))
        say("position {} of `{}` is {}, not an integer", i, tensor.name,
            name(type(subscript.data)));
      const LinearRange range = range_of(subscript, definition_, ranges_);
      if (!expr.otherwise.valid() && !range.within(tensor.type.dims[i]))
        say("position {} of a read of `{}` can leave 0..{}; it goes from {} to {}", i, tensor.name,
            to_string(tensor.type.dims[i]), text_of(range.low), text_of(range.high));
    }
  }

  static std::string text_of(const Linear& bound) {
    const auto clipped = [](WideInteger value) {
      constexpr WideInteger most = INT64_MAX, least = INT64_MIN;
      return static_cast<int64_t>(std::clamp(value, least, most));
    };
    if (bound.batch == 0) return std::to_string(clipped(bound.constant));
    return fmt::format("{} * N{:+}", clipped(bound.batch), clipped(bound.constant));
  }

  void check_apply(const Expr& expr) {
    const FunctionInfo& row = info(expr.function);
    if (expr.args.size() != row.arity)
      return say("`{}` has {} operands, not {}", row.name, expr.args.size(), row.arity);
    const size_t first = row.kind == FunctionClass::selection ? 1 : 0;
    const DType operand = type(expr.args[first]);
    for (size_t i = first; i < expr.args.size(); ++i)
      if (type(expr.args[i]) != operand)
        say("operands of `{}` are {} and {}", row.name, name(operand), name(type(expr.args[i])));
    if (first == 1 && type(expr.args[0]) != DType::boolean)
      say("the condition of a selection is {}, not bool", name(type(expr.args[0])));
    if (row.kind == FunctionClass::real && !is_float(operand))
      say("`{}` takes floats, not {}", row.name, name(operand));
    if (row.kind == FunctionClass::logic && operand != DType::boolean)
      say("`{}` takes bools, not {}", row.name, name(operand));
    if (row.kind == FunctionClass::draw && operand != DType::i64)
      say("`{}` of {}", row.name, name(operand));
    if (row.kind == FunctionClass::arithmetic && operand == DType::boolean)
      say("`{}` takes numbers, not bools", row.name);
    if (expr.type != result_type(expr.function, operand))
      say("`{}` of {} has type {}", row.name, name(operand), name(expr.type));
  }

  void check_reduction() {
    const size_t reduced = definition_.indices.size() - definition_.free_count;
    if (definition_.reduction == Reduction::none && reduced > 0)
      say("a map has {} reduced indices", reduced);
    if (definition_.reduction == Reduction::none && definition_.base.valid())
      say("a map has a base");
    if (definition_.reduction != Reduction::none && reduced == 0)
      say("`{}` has no index to go over", name(definition_.reduction));
    if (definition_.reduction != Reduction::none && type(definition_.body) == DType::boolean)
      say("`{}` takes numbers, not bools", name(definition_.reduction));
    if (definition_.accumulate && definition_.reduction != Reduction::none)
      say("an accumulation holds a reduction");
    if (definition_.accumulate && type(definition_.body) == DType::boolean)
      say("bools are accumulated");
    if (!definition_.base.valid()) return;
    if (definition_.reduction != Reduction::sum && definition_.reduction != Reduction::none)
      say("a `{}` has a base; only a sum has", name(definition_.reduction));
    if (type(definition_.base) != type(definition_.body))
      say("the base is {}, the summand {}", name(type(definition_.base)),
          name(type(definition_.body)));
    if (uses_reduced_index(definition_.base)) say("the base uses a reduced index");
  }

  bool uses_reduced_index(ExprId root) const {
    const auto is_reduced = [&](IndexId index) { return !definition_.is_free(index); };
    for (const ExprId node : netc::reachable(definition_.dag, root)) {
      const Expr& expr = definition_.dag[node];
      if (expr.kind == ExprKind::index && is_reduced(expr.index)) return true;
      for (const Subscript& subscript : expr.subscripts)
        for (const Affine::Term& term : subscript.affine.terms)
          if (is_reduced(term.index)) return true;
    }
    return false;
  }

  void check_result_type() {
    const DType expected = natural_type(definition_).dtype;
    if (result_.type.dtype != expected)
      say("the result is {}, its elements are {}", name(result_.type.dtype), name(expected));
    if (definition_.target.size() != result_.type.rank())
      say("the result is {} and written at {} positions", to_string(result_.type),
          definition_.target.size());
  }

  void check_target() {
    for (const Subscript& subscript : definition_.target) {
      for (const Affine::Term& term : subscript.affine.terms)
        if (!definition_.is_free(term.index))
          return say("the target uses the reduced index `{}`",
                     definition_.indices[term.index.index].name);
      if (!subscript.data.valid()) continue;
      if (!definition_.accumulate) return say("the target gathers without accumulating");
      if (!is_integer(type(subscript.data)))
        return say("a position of the target is {}, not an integer", name(type(subscript.data)));
      if (uses_reduced_index(subscript.data)) return say("the target uses a reduced index");
    }
    if (!definition_.accumulate) check_mixed_radix();
  }

  /// Each position is a number in mixed radix, with indices of its own as digits: sorted by
  /// coefficient, each coefficient is the product of the extents before it. Then the positions
  /// written are all different and without gaps; from 0 or below to the last or above, they cover.
  void check_mixed_radix() {
    std::vector<bool> used(definition_.free_count);
    for (size_t i = 0; i < definition_.target.size(); ++i) {
      const Affine& affine = definition_.target[i].affine;
      std::vector<Affine::Term> digits;
      for (const Affine::Term& term : affine.terms) {
        if (used[term.index.index])
          say("`{}` stands twice in the target", definition_.indices[term.index.index].name);
        used[term.index.index] = true;
        // An index with one value is no digit.
        if (definition_.indices[term.index.index].extent != Dim{1, false}) digits.push_back(term);
      }
      std::sort(digits.begin(), digits.end(), [](const Affine::Term& a, const Affine::Term& b) {
        return std::abs(a.coefficient) < std::abs(b.coefficient);
      });
      WideInteger place = 1;
      bool place_has_batch = false;
      for (const Affine::Term& digit : digits) {
        const Dim extent = definition_.indices[digit.index.index].extent;
        if (place_has_batch || std::abs(digit.coefficient) != place)
          return say("position {} of the target is not proved to be written once", i);
        place = std::min(place * extent.factor, WideInteger{1} << 62);
        place_has_batch = extent.batch;
      }
      const LinearRange range = range_of(affine, definition_.indices);
      const Linear last = Linear::of(result_.type.dims[i]).plus({-1, 0});
      const bool covers = Linear{}.plus(range.low, -1).never_negative() &&
                          range.high.plus(last, -1).never_negative();
      if (!covers) say("the target does not cover dimension {} of the result", i);
    }
    for (uint32_t i = 0; i < definition_.free_count; ++i)
      if (!used[i] && definition_.indices[i].extent != Dim{1, false})
        say("the target does not tell values of `{}` apart", definition_.indices[i].name);
  }

  const Graph& graph_;
  const Definition& definition_;
  const Value& result_;
  std::vector<std::string>& messages_;
  std::vector<ExprId> nodes_;
  std::vector<LinearRange> ranges_;
};

bool has_valid_indices(const Affine& affine, size_t count) {
  return std::all_of(affine.terms.begin(), affine.terms.end(),
                     [&](const Affine::Term& term) { return term.index.index < count; });
}

}  // namespace

bool has_valid_ids(const Graph& graph, const Definition& definition) {
  const ExprDag& dag = definition.dag;
  const size_t count = definition.indices.size();
  if (definition.body.index >= dag.size() || definition.free_count > count) return false;
  if (definition.base.valid() && definition.base.index >= dag.size()) return false;
  for (const Subscript& subscript : definition.target)
    if (!has_valid_indices(subscript.affine, count) ||
        (subscript.data.valid() && subscript.data.index >= dag.size()))
      return false;
  for (size_t i = 0; i < dag.size(); ++i) {
    const Expr& expr = dag[ExprId{static_cast<uint32_t>(i)}];
    const auto is_earlier = [&](ExprId operand) { return operand.index < i; };
    if (!std::all_of(expr.args.begin(), expr.args.end(), is_earlier)) return false;
    if (expr.otherwise.valid() && !is_earlier(expr.otherwise)) return false;
    if (expr.kind == ExprKind::index && expr.index.index >= count) return false;
    if (expr.kind == ExprKind::read && expr.tensor.index >= graph.values.size()) return false;
    for (const Subscript& subscript : expr.subscripts)
      if (!has_valid_indices(subscript.affine, count) ||
          (subscript.data.valid() && !is_earlier(subscript.data)))
        return false;
  }
  return true;
}

void verify_definition(const Graph& graph, const ValueRanges& ranges, const Definition& definition,
                       const Value& result, std::vector<std::string>& messages) {
  DefinitionVerifier(graph, ranges, definition, result, messages).run();
}

}  // namespace netc
