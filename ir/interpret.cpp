// Runs a graph once: checks what the caller gives, evaluates operations in order, commits updates.
#include "ir/interpret.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ir/interpret_definition.h"
#include "ir/ranges.h"
#include "ir/verify.h"

namespace netc {

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

Tensor Tensor::zeros(DType dtype, std::vector<int64_t> dims) {
  Tensor tensor{.dtype = dtype, .dims = std::move(dims)};
  const size_t count = static_cast<size_t>(tensor.elements());
  if (is_float(dtype))
    tensor.floats.resize(count);
  else
    tensor.integers.resize(count);
  return tensor;
}

double Tensor::as_double(int64_t element) const {
  return is_float(dtype) ? floats[element] : static_cast<double>(integers[element]);
}

void Tensor::set(int64_t element, double value) {
  if (is_float(dtype))
    floats[element] = value;
  else
    integers[element] = saturate_to(dtype, value);
}

namespace {

/// More elements than this are refused: the reference is for small graphs.
constexpr int64_t largest_tensor = int64_t{1} << 31;

std::string position_text(int64_t element, const std::vector<int64_t>& dims) {
  std::string text;
  for (size_t i = dims.size(); i-- > 0; element /= dims[i])
    text = std::to_string(element % dims[i]) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

class Interpreter {
 public:
  Interpreter(const Graph& graph, Evaluation& evaluation, const InterpretOptions& options)
      : graph_(graph), evaluation_(evaluation), options_(options), tensors_(graph.values.size()) {}

  Status run() {
    if (auto error = check_sizes()) return *error;
    if (auto error = take_inputs()) return *error;
    if (auto error = take_variables()) return *error;
    take_settings();
    if (auto error = evaluate(0, graph_.ops.size())) return *error;
    commit();
    return Done{};
  }

 private:
  using Failure = std::optional<Error>;

  template <typename... Args>
  static Failure fail(fmt::format_string<Args...> text, Args&&... args) {
    return Error{fmt::format(text, std::forward<Args>(args)...)};
  }

  Failure check_sizes() const {
    if (options_.n < 1) return fail("the batch is {}, but starts at 1", options_.n);
    for (const Value& value : graph_.values) {
      WideInteger count = 1;
      for (const Dim dim : value.type.dims) {
        const WideInteger size = WideInteger{dim.factor} * (dim.batch ? options_.n : 1);
        count = std::min<WideInteger>(count * size, largest_tensor + 1);
      }
      if (count > largest_tensor)
        return fail("`{}` is {}, too large to interpret", value.name, to_string(value.type));
    }
    return std::nullopt;
  }

  std::vector<int64_t> dims_of(const TensorType& type) const {
    std::vector<int64_t> dims;
    for (const Dim dim : type.dims) dims.push_back(dim.at(options_.n));
    return dims;
  }

  /// Copies a tensor of the caller, who may hold floats in any float type.
  Failure take(ValueId id, const std::map<std::string, Tensor>& given, std::string_view what) {
    const Value& value = graph_[id];
    const auto entry = given.find(value.name);
    if (entry == given.end()) return fail("{} `{}` is missing", what, value.name);
    const Tensor& tensor = entry->second;
    const std::vector<int64_t> dims = dims_of(value.type);
    if (tensor.dims != dims)
      return fail("{} `{}` has shape [{}], but needs [{}]", what, value.name,
                  fmt::join(tensor.dims, ", "), fmt::join(dims, ", "));
    const bool same_kind = is_float(tensor.dtype) == is_float(value.type.dtype);
    if (!same_kind)
      return fail("{} `{}` is {}, but needs {}", what, value.name, name(tensor.dtype),
                  name(value.type.dtype));
    const size_t held = is_float(tensor.dtype) ? tensor.floats.size() : tensor.integers.size();
    if (held != static_cast<size_t>(tensor.elements()))
      return fail("{} `{}` holds {} elements, but its shape has {}", what, value.name, held,
                  tensor.elements());
    tensors_[id.index] = tensor;
    tensors_[id.index].dtype = value.type.dtype;
    return std::nullopt;
  }

  Failure take_inputs() {
    for (const ValueId id : graph_.inputs) {
      if (auto error = take(id, evaluation_.inputs, "input")) return error;
      if (auto error = check_range(id)) return error;
    }
    return std::nullopt;
  }

  Failure check_range(ValueId id) const {
    const Value& value = graph_[id];
    if (!value.checked) return std::nullopt;
    const Tensor& tensor = tensors_[id.index];
    for (size_t i = 0; i < tensor.integers.size(); ++i)
      if (tensor.integers[i] < value.low || tensor.integers[i] >= value.high)
        return fail("input `{}` holds {} at {}, but its values are from {} to {}", value.name,
                    tensor.integers[i], position_text(static_cast<int64_t>(i), tensor.dims),
                    value.low, value.high - 1);
    return std::nullopt;
  }

  Failure take_variables() {
    for (const ValueId id : graph_.variables)
      if (auto error = take(id, evaluation_.variables, "variable")) return error;
    return std::nullopt;
  }

  void take_settings() {
    for (const ValueId id : graph_.settings) {
      Tensor& tensor = tensors_[id.index] = Tensor::zeros(DType::f64, {});
      const auto entry = evaluation_.settings.find(graph_[id].name);
      const bool is_given = entry != evaluation_.settings.end() && entry->second.elements() > 0;
      tensor.floats[0] = is_given ? entry->second.as_double(0) : graph_[id].setting;
    }
  }

  /// Operations [first, last), which share the scans that are running; `step_` holds their indices.
  Failure evaluate(size_t first, size_t last) {
    while (first < last) {
      const std::vector<ScanId> scans = scans_of(graph_, graph_.ops[first]);
      if (scans.size() == step_.size()) {
        if (auto error = evaluate(graph_.ops[first])) return error;
        ++first;
        continue;
      }
      const size_t end = end_of_scan(first, last, scans[step_.size()]);
      if (auto error = run_scan(graph_.scans[scans[step_.size()].index], first, end)) return error;
      first = end;
    }
    return std::nullopt;
  }

  size_t end_of_scan(size_t first, size_t last, ScanId scan) const {
    const auto inside = [&](size_t op) {
      const std::vector<ScanId> scans = scans_of(graph_, graph_.ops[op]);
      return std::find(scans.begin(), scans.end(), scan) != scans.end();
    };
    while (first < last && inside(first)) ++first;
    return first;
  }

  Failure run_scan(const Scan& scan, size_t first, size_t last) {
    if (step_.empty())  // steps read what other steps made, before all of it is there
      for (size_t i = first; i < last; ++i)
        for (const ValueId result : graph_.ops[i].results) allocate(result);
    const int64_t extent = scan.index.extent.factor;
    step_.push_back(0);
    for (int64_t i = 0; i < extent; ++i) {
      step_.back() = scan.reversed ? extent - 1 - i : i;
      if (auto error = evaluate(first, last)) return error;
    }
    step_.pop_back();
    return std::nullopt;
  }

  void allocate(ValueId value) {
    const TensorType& type = graph_[value].type;
    tensors_[value.index] = Tensor::zeros(type.dtype, dims_of(type));
  }

  Failure evaluate(const Op& op) {
    if (std::holds_alternative<Gradient>(op.what))
      return fail("`{}` is a gradient: run the pass autodiff first", graph_[op.results[0]].name);
    if (std::holds_alternative<Update>(op.what)) return std::nullopt;
    const TensorType& type = graph_[op.results[0]].type;
    Tensor& result = tensors_[op.results[0].index];
    if (const auto* definition = std::get_if<Definition>(&op.what)) {
      if (step_.empty()) allocate(op.results[0]);
      evaluate_definition(*definition, tensors_, options_.n, step_, result);
      if (options_.round_to_types)
        for (double& element : result.floats) element = round_to(type.dtype, element);
    } else if (const auto* reshape = std::get_if<Reshape>(&op.what)) {
      result = tensors_[reshape->operand.index];
      result.dims = dims_of(type);
    } else {
      result = concatenated(std::get<Concat>(op.what), type);
    }
    return std::nullopt;
  }

  Tensor concatenated(const Concat& concat, const TensorType& type) const {
    Tensor result = Tensor::zeros(type.dtype, dims_of(type));
    int64_t outer = 1, inner = 1, start = 0;
    for (size_t i = 0; i < result.dims.size(); ++i)
      (i < concat.axis ? outer : inner) *= result.dims[i];
    for (const ValueId operand : concat.operands) {
      const Tensor& part = tensors_[operand.index];
      const int64_t length = part.elements() / outer;
      for (int64_t row = 0; row < outer; ++row)
        for (int64_t i = 0; i < length; ++i) {
          const int64_t from = row * length + i, to = row * inner + start + i;
          if (is_float(type.dtype))
            result.floats[to] = part.floats[from];
          else
            result.integers[to] = part.integers[from];
        }
      start += length;
    }
    return result;
  }

  void commit() {
    for (const GraphResult& result : graph_.results) {
      const std::string kind{name(result.kind)};
      const std::string key = result.kind == ResultKind::loss ? kind : kind + "." + result.name;
      evaluation_.results[key] = tensors_[result.value.index];
    }
    for (const Op& op : graph_.ops)
      if (const auto* update = std::get_if<Update>(&op.what))
        evaluation_.variables[graph_[update->variable].name] = tensors_[update->value.index];
  }

  const Graph& graph_;
  Evaluation& evaluation_;
  const InterpretOptions& options_;
  std::vector<Tensor> tensors_;
  std::vector<int64_t> step_;  ///< of the scans that are running, from the outermost in
};

}  // namespace

Status interpret(const Graph& graph, Evaluation& evaluation, const InterpretOptions& options) {
  const std::vector<std::string> broken = verify(graph);
  if (!broken.empty()) return Error{"the graph is not well formed: " + broken[0]};
  return Interpreter(graph, evaluation, options).run();
}

}  // namespace netc
