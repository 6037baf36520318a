// The reference: evaluates a graph naively from its meaning, floats in f64. Every pass and every
// kernel is tested against it; it is never the way a user's model runs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/support/result.h"

namespace netc {

/// A concrete tensor, row-major. Floats are held as f64; integers and bool as i64.
struct Tensor {
  DType dtype = DType::f64;
  std::vector<int64_t> dims;
  std::vector<double> floats;
  std::vector<int64_t> integers;

  int64_t elements() const;
  static Tensor zeros(DType dtype, std::vector<int64_t> dims);
  double as_double(int64_t element) const;
  void set(int64_t element, double value);
};

struct InterpretOptions {
  int64_t n = 1;                 ///< the batch
  bool round_to_types = false;   ///< round the elements of each definition to its type
};

/// Inputs, settings and variables by name on entry; on return variables hold their updates and
/// `results` what the graph gives ("loss", "output.NAME", "metric.NAME", "gradient.NAME").
struct Evaluation {
  std::map<std::string, Tensor> inputs;
  std::map<std::string, Tensor> settings;
  std::map<std::string, Tensor> variables;
  std::map<std::string, Tensor> results;
};

/// Runs the graph once. An error names the input, position and value that is out of range, or
/// what is missing or of another shape.
Status interpret(const Graph& graph, Evaluation& evaluation, const InterpretOptions& options);

}  // namespace netc
