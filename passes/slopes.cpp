#include "passes/slopes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "passes/algebra.h"
#include "passes/nest.h"

namespace netc {

namespace {

const Definition* map_of(const Op& op) {
  const auto* definition = std::get_if<Definition>(&op.what);
  // Within a scan a result of this step may not be there yet.
  return definition != nullptr && definition->is_map() && !op.scan.valid() ? definition : nullptr;
}

std::set<Function> real_functions(const ExprDag& dag, ExprId root) {
  std::set<Function> functions;
  for (const ExprId node : reachable(dag, root)) {
    const Expr& expr = dag[node];
    if (expr.kind == ExprKind::apply && info(expr.function).kind == FunctionClass::real)
      functions.insert(expr.function);
  }
  return functions;
}

/// Whether a node is a factor of an expression: with it multiplied by k, the whole is.
class Factors {
 public:
  Factors(const ExprDag& dag, ExprId factor) : dag_(dag), factor_(factor) {}

  bool divide(ExprId root) {
    for (const ExprId node : reachable(dag_, root)) powers_[node] = power(node);
    return powers_[root] == 1;
  }

 private:
  /// 1 or 0: the power of the factor in a node; nothing: it is neither.
  using Power = std::optional<int>;

  Power power(ExprId node) const {
    if (node == factor_) return 1;
    const Expr& expr = dag_[node];
    const auto of = [&](size_t k) { return powers_.at(expr.args[k]); };
    const bool is_free = std::all_of(expr.args.begin(), expr.args.end(),
                                     [&](ExprId argument) { return powers_.at(argument) == 0; });
    if (is_free) return 0;
    if (expr.kind != ExprKind::apply) return {};
    switch (expr.function) {
      case Function::neg:
        return of(0);
      case Function::mul:
        return of(0) == 0 ? of(1) : of(1) == 0 ? of(0) : Power{};
      case Function::div:
        return of(1) == 0 ? of(0) : Power{};
      case Function::add:
      case Function::sub:
        return of(0) == of(1) ? of(0) : Power{};
      case Function::select:
        return of(0) == 0 && of(1) == of(2) ? of(1) : Power{};
      default:
        return {};
    }
  }

  const ExprDag& dag_;
  const ExprId factor_;
  std::map<ExprId, Power> powers_;
};

/// dy = (a product of reads) * slope(y).
struct Chained {
  std::vector<ExprId> factors;
  ExprId y;
};

/// Takes a gradient apart, if all that it reads besides `y`, at its own point, are factors.
std::optional<Chained> chained(const Graph& graph, const Definition& gradient, ValueId y) {
  const ExprDag& dag = gradient.dag;
  Chained result;
  for (const ExprId node : reachable(gradient)) {
    const Expr& expr = dag[node];
    if (expr.kind == ExprKind::index || expr.kind == ExprKind::batch) return {};
    if (expr.kind != ExprKind::read) continue;
    if (!expr.is_plain_read()) return {};
    if (expr.tensor != y) {
      if (!Factors(dag, node).divide(gradient.body)) return {};
      result.factors.push_back(node);
    } else {
      if (result.y.valid() || !takes_whole(graph, gradient, expr)) return {};
      result.y = node;
    }
  }
  if (!result.y.valid() || result.factors.empty()) return {};
  return result;
}

class SlopeTaker {
 public:
  explicit SlopeTaker(Graph& graph) : graph_(graph) {}

  void run() {
    find_readers();
    const auto count = static_cast<uint32_t>(graph_.ops.size());
    for (uint32_t i = 0; i < count; ++i) {
      if (map_of(graph_.ops[i]) == nullptr) continue;
      for (const ValueId operand : operands(graph_.ops[i]))
        if (take(i, operand)) break;
    }
    graph_.put_behind(slopes_);
  }

 private:
  void find_readers() {
    for (uint32_t i = 0; i < graph_.ops.size(); ++i)
      for (const ValueId operand : operands(graph_.ops[i])) readers_[operand].push_back(i);
    for (const GraphResult& result : graph_.results) kept_.insert(result.value);
  }

  /// Op `back` as the gradient by `y` of its one other reader.
  bool take(uint32_t back, ValueId y) {
    const std::vector<uint32_t>& readers = readers_[y];
    const bool is_pair = graph_[y].kind == ValueKind::result && kept_.count(y) == 0 &&
                         readers.size() == 2 && readers[1] == back;
    const Definition* forward = is_pair ? map_of(graph_.ops[readers[0]]) : nullptr;
    if (forward == nullptr) return false;
    auto& gradient = std::get<Definition>(graph_.ops[back].what);
    const std::optional<Chained> parts = chained(graph_, gradient, y);
    if (!parts) return false;
    Definition slope = slope_of(gradient, *parts);
    if (!share_function(*forward, slope) || !reads_whole(*forward, y)) return false;

    const TensorType type = natural_type(slope);
    const ValueId value =
        graph_.add_op(std::move(slope), type, graph_[y].name + ".slope", graph_.ops[back].range);
    slopes_[OpId{readers[0]}].push_back(graph_[value].producer);
    auto& rest = std::get<Definition>(graph_.ops[back].what);
    rest = product(rest, *parts, value);
    return true;
  }

  static bool share_function(const Definition& a, const Definition& b) {
    const std::set<Function> of_a = real_functions(a.dag, a.body);
    const std::set<Function> of_b = real_functions(b.dag, b.body);
    return std::any_of(of_a.begin(), of_a.end(),
                       [&](Function function) { return of_b.count(function) > 0; });
  }

  bool reads_whole(const Definition& forward, ValueId y) const {
    const std::vector<ExprId> nodes = reachable(forward);
    return std::all_of(nodes.begin(), nodes.end(), [&](ExprId node) {
      const Expr& expr = forward.dag[node];
      return expr.kind != ExprKind::read || expr.tensor != y || takes_whole(graph_, forward, expr);
    });
  }

  /// The gradient where all factors are 1.
  static Definition slope_of(const Definition& gradient, const Chained& parts) {
    Definition slope = gradient;
    slope.dag = {};
    ExprBuilder builder(slope.dag);
    const ValueId y = gradient.dag[parts.y].tensor;
    slope.body = rewrite(gradient.dag, gradient.body, builder, [&](Expr expr) {
      const bool is_factor = expr.kind == ExprKind::read && expr.tensor != y;
      return is_factor ? builder.number(1, expr.type) : slope.dag.add(std::move(expr));
    });
    return slope;
  }

  static Definition product(const Definition& gradient, const Chained& parts, ValueId slope) {
    Definition result = gradient;
    result.dag = {};
    ExprBuilder builder(result.dag);
    const Expr& y = gradient.dag[parts.y];
    const DType type = gradient.dag[gradient.body].type;
    result.body = builder.read(slope, type, y.subscripts);
    for (const ExprId factor : parts.factors)
      result.body = builder.mul(copy_expr(gradient.dag, factor, builder), result.body);
    return result;
  }

  Graph& graph_;
  std::map<ValueId, std::vector<uint32_t>> readers_;  ///< ops, in their order
  std::set<ValueId> kept_;                            ///< results of the graph
  std::map<OpId, std::vector<OpId>> slopes_;          ///< by the op that reads the same
};

}  // namespace

void take_slopes_early(Graph& graph) { SlopeTaker(graph).run(); }

}  // namespace netc
