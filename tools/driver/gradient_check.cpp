#include "tools/driver/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "ir/interpret.h"
#include "ir/support/check.h"
#include "passes/autodiff.h"
#include "tools/driver/cost.h"
#include "tools/driver/freeze_stops.h"

namespace netc {

namespace {

constexpr int64_t most_elements = 8;  ///< compared in each tensor
constexpr int64_t most_flops =
    2'000'000'000;  ///< of all evaluations; fewer elements in large models
constexpr double tolerance = 1e-5;

/// Draws what a check runs on. The generator is the same on every machine; the distributions of
/// the standard library are not, so there are none.
class Draws {
 public:
  explicit Draws(uint64_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * ((engine_() >> 11) * 0x1p-53);
  }
  int64_t below(int64_t bound) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(bound));
  }

 private:
  std::mt19937_64 engine_;
};

std::vector<int64_t> sizes(const TensorType& type, int64_t n) {
  std::vector<int64_t> dims;
  for (Dim dim : type.dims) dims.push_back(dim.at(n));
  return dims;
}

Tensor draw_input(const Value& input, int64_t n, Draws& draws) {
  Tensor tensor = Tensor::zeros(input.type.dtype, sizes(input.type, n));
  int64_t low = input.checked ? input.low : 0;
  int64_t count = input.checked                        ? input.high - input.low
                  : input.type.dtype == DType::boolean ? 2
                                                       : 100;
  for (int64_t i = 0; i < tensor.elements(); ++i)
    tensor.set(i, is_float(input.type.dtype) ? draws.uniform(-1.5, 1.5)
                                             : static_cast<double>(low + draws.below(count)));
  return tensor;
}

/// Near the variable's first value, but never exactly at it: zeros hide mistakes.
Tensor draw_variable(const Value& variable, Draws& draws) {
  std::vector<int64_t> dims = sizes(variable.type, 1);
  Tensor tensor = Tensor::zeros(variable.type.dtype, dims);
  const Initializer& init = variable.initializer;
  double centre = init.kind == "ones" ? 1 : init.kind == "constant" ? init.arguments.at(0) : 0;
  bool is_flat = init.kind == "ones" || init.kind == "constant" || init.kind == "zeros";
  double rows = dims.size() > 1
                    ? static_cast<double>(tensor.elements() / std::max<int64_t>(dims.back(), 1))
                    : 1;
  double reach = is_flat ? 0.1 : 1.5 / std::sqrt(std::max(rows, 1.0));
  for (int64_t i = 0; i < tensor.elements(); ++i)
    tensor.set(i,
               centre + (variable.role == VariableRole::param ? draws.uniform(-reach, reach) : 0));
  return tensor;
}

Evaluation draw_point(const Graph& graph, Draws& draws) {
  Evaluation point;
  for (ValueId id : graph.inputs)
    point.inputs[graph[id].name] = draw_input(graph[id], graph.capacity, draws);
  for (ValueId id : graph.variables)
    point.variables[graph[id].name] = draw_variable(graph[id], draws);
  for (ValueId id : graph.settings) {
    Tensor setting = Tensor::zeros(DType::f64, {});
    setting.set(0, graph[id].name == "step" ? 1 : graph[id].setting);
    point.settings[graph[id].name] = setting;
  }
  return point;
}

/// The graph up to its loss: what finite differences evaluate.
Graph loss_alone(Graph graph) {
  auto loss =
      std::find_if(graph.results.begin(), graph.results.end(),
                   [](const GraphResult& result) { return result.kind == ResultKind::loss; });
  NETC_CHECK(loss != graph.results.end(), "a gradient entry without a loss");
  graph.results = {*loss};
  const Value& value = graph[graph.results[0].value];
  graph.ops.resize(value.kind == ValueKind::result ? value.producer.index + 1 : 0);
  autodiff(graph);
  return graph;
}

/// Adds the values that gradients take as constant, at this point, to its inputs.
Status freeze(const StoppedValues& stopped, Evaluation& point, int64_t n) {
  if (stopped.names.empty()) return Done{};
  Evaluation evaluation = point;
  Graph shown = stopped.shown;
  autodiff(shown);
  if (Status status = interpret(shown, evaluation, {.n = n}); !status.ok()) return status;
  for (const std::string& name : stopped.names)
    point.inputs[name] = evaluation.results.at("output." + name);
  return Done{};
}

std::vector<int64_t> position_of(int64_t element, const std::vector<int64_t>& dims) {
  std::vector<int64_t> position(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    position[i] = element % dims[i];
    element /= dims[i];
  }
  return position;
}

double largest_magnitude(const Tensor& tensor) {
  double largest = 0;
  for (int64_t i = 0; i < tensor.elements(); ++i)
    largest = std::max(largest, std::abs(tensor.as_double(i)));
  return largest;
}

/// Evaluates the loss near one point.
class LossAround {
 public:
  LossAround(const Graph& graph, const Evaluation& point)
      : graph_(loss_alone(graph)), point_(point) {}

  const Graph& graph() const { return graph_; }

  /// (loss(x + h) - loss(x - h)) / 2h for one element x.
  Result<double> slope(const std::string& tensor, int64_t element, double h) {
    Tensor& moved =
        point_.variables.count(tensor) ? point_.variables[tensor] : point_.inputs[tensor];
    double value = moved.as_double(element);
    double losses[2];
    for (int side : {0, 1}) {
      moved.set(element, side == 0 ? value - h : value + h);
      point_.results.clear();
      Status status = interpret(graph_, point_, {.n = graph_.capacity});
      if (!status.ok()) return Error{status.error()};
      losses[side] = point_.results["loss"].as_double(0);
    }
    moved.set(element, value);
    return (losses[1] - losses[0]) / (2 * h);
  }

 private:
  Graph graph_;
  Evaluation point_;
};

/// Compares one tensor's gradient at a few elements, the worst of which is reported.
///
/// A difference of losses is rounded as the losses are, so gradients below `least` are not told
/// from zero. Elements at kinks of the loss are replaced by others, as long as there are some.
Status check_tensor(const std::string& name, const Tensor& gradient, int64_t count, double least,
                    LossAround& loss, Draws& draws, GradientReport& report) {
  const double scale = std::max(largest_magnitude(gradient), least);
  GradientMismatch worst{.tensor = name};
  int64_t compared = 0;
  for (int64_t tries = 0; tries < 2 * count && compared < count; ++tries) {
    const int64_t element = draws.below(gradient.elements());
    constexpr double h = 1e-4;
    const Result<double> wide = loss.slope(name, element, h);
    const Result<double> narrow = loss.slope(name, element, h / 2);
    if (!wide.ok() || !narrow.ok()) return Error{wide.ok() ? narrow.error() : wide.error()};
    // Two steps cancel the error of second order (Richardson); where they disagree the loss has a
    // kink.
    const double slope = (4 * *narrow - *wide) / 3;
    const double size = std::max(scale, std::abs(slope));
    if (!(std::abs(*wide - *narrow) <= 1e-4 * size)) {
      ++report.kinks;
      continue;
    }
    ++compared;
    const double exact = gradient.as_double(element);
    const double relative = std::abs(exact - slope) / size;
    if (relative <= worst.relative) continue;
    worst.relative = relative;
    worst.position = position_of(element, gradient.dims);
    worst.gradient = exact;
    worst.difference = slope;
  }
  report.elements += static_cast<size_t>(compared);
  (compared > 0 ? report.tensors : report.rough) += 1;
  if (worst.relative > tolerance)
    report.mismatches.push_back(worst);
  else
    report.largest = std::max(report.largest, worst.relative);
  return Done{};
}

}  // namespace

Result<GradientReport> check_gradients(const Graph& graph, uint64_t seed) {
  Graph differentiated = graph;
  autodiff(differentiated);
  return compare_gradients(graph, differentiated, seed);
}

Result<GradientReport> compare_gradients(const Graph& graph, const Graph& differentiated,
                                         uint64_t seed) {
  Draws draws(seed);
  Evaluation point = draw_point(graph, draws);
  const StoppedValues stopped = freeze_stops(graph);
  if (Status status = freeze(stopped, point, graph.capacity); !status.ok())
    return Error{status.error()};
  LossAround loss(stopped.frozen, point);
  if (Status status = interpret(differentiated, point, {.n = graph.capacity}); !status.ok())
    return Error{status.error()};

  const double least = 1e-5 * std::max(1.0, std::abs(point.results["loss"].as_double(0)));
  GradientReport report;
  int64_t tensors = 0;
  for (const GraphResult& result : graph.results) tensors += result.kind == ResultKind::gradient;
  const int64_t evaluations =
      most_flops / std::max<int64_t>(flops(loss.graph(), graph.capacity), 1);
  const int64_t count =
      std::clamp<int64_t>(evaluations / 4 / std::max<int64_t>(tensors, 1), 1, most_elements);
  for (const GraphResult& result : graph.results) {
    if (result.kind != ResultKind::gradient) continue;
    const Tensor& gradient = point.results["gradient." + result.name];
    if (gradient.elements() == 0) continue;
    Status checked = check_tensor(result.name, gradient, count, least, loss, draws, report);
    if (!checked.ok()) return Error{checked.error()};
  }
  return report;
}

}  // namespace netc
