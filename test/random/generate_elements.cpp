// Element-wise statements. Functions whose values grow are given arguments that do not.
#include "random/generator.h"

namespace netc::random_programs {

std::string Generator::of_one(const std::string& x) {
  const std::string shapes[] = {"tanh(#)",
                                "sigmoid(#)",
                                "sin(#)",
                                "cos(2 * #)",
                                "relu(# - 0.3)",
                                "abs(#)",
                                "sqrt(abs(#) + 0.1)",
                                "rsqrt(# ^ 2 + 0.3)",
                                "exp(min(#, 1))",
                                "expm1(min(#, 1))",
                                "log(abs(#) + 0.5)",
                                "log1p(abs(#))",
                                "erf(#)",
                                "clamp(#, -0.7, 0.9)",
                                "max(#, -0.2)",
                                "# ^ 2",
                                "tanh(#) ^ 3",
                                "(abs(#) + 0.2) ^ 0.5",
                                "2 ^ tanh(#)",
                                "(# + 0.3 * floor(#))",
                                "(# * sign(# - 0.4))",
                                "round(2 * #) * 0.3",
                                "gelu(#)",
                                "silu(#)",
                                "softplus(#)",
                                "elu(#, 0.5)",
                                "leaky_relu(#, slope: 0.2)",
                                "selu(0.5 * #)",
                                "heaviside(#)",
                                "stop_gradient(#)",
                                "-#",
                                "# % 0.7"};
  std::string text = shapes[below(std::size(shapes))];
  for (size_t at; (at = text.find('#')) != std::string::npos;) text.replace(at, 1, x);
  return text;
}

std::string Generator::of_two(const std::string& x, const std::string& y) {
  switch (below(8)) {
    case 0:
      return "(" + x + " + " + y + ")";
    case 1:
      return "(" + x + " - " + y + ")";
    case 2:
      return x + " * " + y;
    case 3:
      return x + " / (1 + abs(" + y + "))";
    case 4:
      return "max(" + x + ", " + y + ")";
    case 5:
      return "min(" + x + ", 0.5 * " + y + ")";
    case 6:
      return "(abs(" + x + ") + 0.1) ^ tanh(" + y + ")";
    default:
      return "(0.3 * " + x + " + " + number() + " * " + y + ")";
  }
}

std::string Generator::condition(const std::vector<std::string>& leaves) {
  const std::string first = pick(leaves) + " " + pick({"<", ">", "<=", ">="}) + " " +
                            (chance(50) ? number() : pick(leaves));
  if (chance(70)) return first;
  return pick({"not ", ""}) + "(" + first + ")" + pick({" and ", " or "}) + pick(leaves) + " > 0.1";
}

std::string Generator::expression(const std::vector<std::string>& leaves, int depth) {
  if (depth == 0) return chance(85) ? pick(leaves) : number();
  switch (below(8)) {
    case 0:
      return "(if " + condition(leaves) + " then " + expression(leaves, depth - 1) + " else " +
             expression(leaves, depth - 1) + ")";
    case 1:
    case 2:
    case 3:
      return of_two(expression(leaves, depth - 1), "(" + expression(leaves, depth - 1) + ")");
    default:
      return of_one("(" + expression(leaves, depth - 1) + ")");
  }
}

/// Floats that take part in element-wise arithmetic with x without changing its shape.
std::vector<std::string> Generator::broadcasting_with(const Tensor& x) {
  std::vector<std::string> names = {x.name};
  for (const Tensor& y : tensors_) {
    if (!is_float(y) || (y.batch && y.dims.size() != x.dims.size()) || (y.batch && !x.batch))
      continue;
    if (y.dims.size() > x.dims.size()) continue;
    bool fits = true;
    for (size_t i = 0; i < y.dims.size(); ++i) {
      const int64_t own = x.dims[x.dims.size() - y.dims.size() + i];
      fits = fits && (y.dims[i] == own || y.dims[i] == 1);
    }
    if (fits) names.push_back(y.name);
  }
  return names;
}

std::optional<Tensor> Generator::element_wise(const std::string& name) {
  const Tensor x = *find(is_float);
  const auto leaves = broadcasting_with(x);
  line(name + " = tanh(" + x.name + " + " + expression(leaves, static_cast<int>(between(1, 3))) +
       ")");
  return like(x, name);
}

/// What is settled while compiling.
std::optional<Tensor> Generator::chosen(const std::string& name) {
  const Tensor x = *find(is_float);
  const auto leaves = broadcasting_with(x);
  const std::string limit = std::to_string(below(4));
  line("const c" + name + " = " + limit + " * 2 % 3");
  line(name + " = " + x.name + " + (if c" + name + pick({" > 1", " == 0", " != 2"}) + " then " +
       expression(leaves, 1) + " else " + expression(leaves, 1) + ")");
  return like(x, name);
}

std::optional<Tensor> Generator::repeated(const std::string& name) {
  const Tensor x = *find(is_float);
  line(name + " = " + x.name + "\nfor i in 0.." + std::to_string(between(1, 3)) +
       " {\n  if i % 2 == 0 {\n    " + name + " <- tanh(" + name + " + 0.1 * i)\n  } else {\n    " +
       name + " <- " + name + " * " + pick(broadcasting_with(x)) + "\n  }\n}");
  return like(x, name);
}

std::optional<Tensor> Generator::drawn(const std::string& name) {
  const Tensor x = *find(is_float);
  const std::string draws[] = {" * bernoulli(fill(" + x.shape() + ", 0.5))",
                               " + 0.3 * uniform(" + x.shape() + ")",
                               " + 0.1 * normal(" + x.shape() + ")", " |> dropout(0.3)"};
  line(name + " = " + x.name + draws[below(std::size(draws))]);
  return like(x, name);
}

}  // namespace netc::random_programs
