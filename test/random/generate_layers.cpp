// Layers of the library and of the file, states, gradients within the model.
#include "random/generator.h"

namespace netc::random_programs {

std::optional<Tensor> Generator::layered(const std::string& name) {
  const Tensor x =
      *find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() >= 1; });
  Tensor made = like(x, name);
  const bool sequence = x.dims.size() == 2;
  const int64_t units = between(1, 4);
  switch (below(sequence ? 13 : 6)) {
    case 0:
      line(name + " = " + x.name + " |> layer_norm");
      return made;
    case 1:
      line(name + " = " + x.name + " |> batch_norm(momentum: 0.8)");
      return made;
    case 2:
      line(name + " = rms_norm(" + x.name + ")");
      return made;
    case 3:
      line(name + " = " + pick({"softmax", "log_softmax"}) + "(" + x.name + ")");
      return made;
    case 4:
      made.dims.pop_back();
      line(name + " = logsumexp(" + x.name + ")");
      return made;
    case 5:
      made.dims.back() = units;
      line(name + " = tanh(" + x.name + " |> dense(" + size(units) +
           pick({")", ", bias: false)", ") as fc" + name}) + ")");
      return made;
    case 6:
    case 7:
      made.dims.back() = units;
      line(name + " = " + x.name + " |> " + pick({"rnn", "gru", "lstm"}) + "(" + size(units) + ")");
      return made;
    case 8:
    case 9:
      line(name + " = " + x.name + " |> self_attention(" + (x.dims[1] % 2 == 0 ? "2" : "1") +
           pick({")", ", causal: true)"}));
      return made;
    case 10:
      line(name + " = " + x.name + " |> positional_embedding");
      return made;
    default:
      made.dims.back() = units;
      line(name + " = conv1d(" + x.name + ", " + size(units) + ", " + size(between(1, 3)) +
           ", padding: \"same\", dilation: " + size(between(1, 2)) + ")");
      return made;
  }
}

std::optional<Tensor> Generator::layered_images(const std::string& name) {
  const Tensor* found =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 3; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  Tensor made = like(x, name);
  const int64_t units = between(1, 3), stride = between(1, 2);
  const int64_t height = (x.dims[0] + stride - 1) / stride,
                width = (x.dims[1] + stride - 1) / stride;
  switch (below(6)) {
    case 0:
      made.dims = {height, width, units};
      line(name + " = conv2d(" + x.name + ", " + size(units) + ", " + size(between(1, 3)) +
           ", stride: " + size(stride) + ", padding: \"same\")");
      return made;
    case 1:
      made.dims = {height, width, x.dims[2]};
      line(name + " = depthwise_conv2d(" + x.name + ", 2, stride: " + size(stride) +
           ", padding: \"same\")");
      return made;
    case 2:
      made.dims = {(x.dims[0] - 1) * stride + 2, (x.dims[1] - 1) * stride + 2, units};
      line(name + " = conv_transpose2d(" + x.name + ", " + size(units) +
           ", 2, stride: " + size(stride) + ")");
      return made;
    case 3:
      if (x.dims[0] < 2 || x.dims[1] < 2) return std::nullopt;
      made.dims = {x.dims[0] - 1, x.dims[1] - 1, x.dims[2]};
      line(name + " = " + pick({"max_pool2d", "avg_pool2d"}) + "(" + x.name + ", 2, stride: 1)");
      return made;
    case 4:
      made.dims = {x.dims[2]};
      line(name + " = global_avg_pool(" + x.name + ")");
      return made;
    default:
      line(name + " = group_norm(" + x.name + ", " + size(x.dims[2] % 2 == 0 ? 2 : 1) + ")");
      return made;
  }
}

/// One instance applied twice, its weights read once more.
std::optional<Tensor> Generator::shared(const std::string& name) {
  const Tensor x =
      *find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() >= 1; });
  const std::string fc = "fc" + name;
  const std::string width = size(x.dims.back());
  line("let " + fc + " = dense(units: " + width + ")");
  line(name + " = tanh(" + x.name + " |> " + fc + ") |> " + fc + pick({"", " |> tanh"}));
  Tensor made = like(x, name + "t");
  line(made.name + " = " + name + " @ transpose(" + fc + ".w) - " + fc + ".b");
  return made;
}

/// Functions and layers of the file, each with the numbers of its call.
std::optional<Tensor> Generator::called(const std::string& name) {
  const Tensor x =
      *find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() >= 1; });
  Tensor made = like(x, name);
  switch (below(4)) {
    case 0:
      declare("fn swish_" + name + "(x: [..], beta: float | int = " + number() +
              ") -> [..] {\n  return x * sigmoid(beta * x) + fill([..], 0.25)\n}");
      line(name + " = swish_" + name + "(" + x.name + pick({")", ", 2)", ", beta: 0.5)"}));
      return made;
    case 1:
      declare("fn scaled_" + name + "(x: [.., C], s: [C] | int) -> [.., C] {\n" +
              "  if integer(s) {\n    return x\n  }\n  y[.., c] = x[.., c] * (0.1 + s[c])\n  "
              "return y\n}");
      if (chance(30)) {
        line(name + " = scaled_" + name + "(" + x.name + ", 3)");
      } else {
        const std::string s = parameter({x.dims.back()});
        line(name + " = " + x.name + " |> scaled_" + name + "(" + s + ")");
      }
      return made;
    case 2:
      declare("layer block_" + name + "(x: [.., D], factor: int = 2) -> [.., D] {\n" +
              "  require factor >= 1, \"{factor} leaves nothing\"\n" +
              "  param gain: [D] init ones\n" +
              "  h = x |> dense(factor * D) as up |> tanh |> dense(D, bias: false)\n" +
              "  return x + gain * h\n}");
      line(name + " = " + x.name);
      line("for i in 0.." + size(between(1, 2)) + " {\n  " + name + " <- " + name + " |> block_" +
           name + pick({"", "(1)", "(factor: 3)"}) + " as b" + name + "[i]\n}");
      made.name += "n";
      line(made.name + " = tanh(" + name + ")");
      return made;
    default:
      declare("fn extremes_" + name +
              "(x: [.., C]) -> ([..], [..]) {\n  top[..] = max[c] x[.., c]\n" +
              "  low[..] = min[c] x[.., c]\n  return (top, low)\n}");
      made.dims.pop_back();
      line("(top" + name + ", low" + name + ") = extremes_" + name + "(" + x.name + ")");
      line(name + " = top" + name + " - 0.5 * low" + name);
      return made;
  }
}

std::optional<Tensor> Generator::remembered(const std::string& name) {
  const Tensor* found =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 1; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  line("state s" + name + ": [" + size(x.dims[0]) + "] init zeros");
  const bool before = chance(50);
  if (before) line(name + " = " + x.name + " * (1 + s" + name + ")");
  line("s" + name + " <- 0.9 * s" + name + " + 0.1 * mean(" + x.name + ", axis: 0)");
  Tensor made = like(x, before ? name + "u" : name);
  line(made.name + " = " + (before ? name : x.name) + " - s" + name);
  return made;
}

/// The gradient of a scalar, which the loss differentiates again.
std::optional<Tensor> Generator::differentiated(const std::string& name) {
  const Tensor x = *find([](const Tensor& t) { return is_float(t) && t.named; });
  std::vector<std::string> leaves = {x.name};
  for (const Tensor& t : tensors_)
    if (is_float(t) && t.batch == x.batch && t.dims == x.dims) leaves.push_back(t.name);
  line("y" + name + " = " + pick({"sum", "mean"}) + "(sin(" + x.name + ") * " +
       expression(leaves, 2) + ")");
  line(name + " = tanh(grad(y" + name + ", " + x.name + "))");
  return like(x, name);
}

/// Steps of descent within the model.
std::optional<Tensor> Generator::descended(const std::string& name) {
  const Tensor* found =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 1; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const int64_t units = between(1, 3);
  const std::string w = parameter({x.dims[0], units});
  line("v" + name + " = " + w);
  line("for i in 0.." + size(between(1, 2)) + " {\n  v" + name + " <- v" + name +
       " - 0.1 * grad(mean(tanh(" + x.name + " @ v" + name + ") ^ 2), v" + name + ")\n}");
  line(name + " = " + x.name + " @ v" + name);
  Tensor made{name, {units}};
  return made;
}

}  // namespace netc::random_programs
