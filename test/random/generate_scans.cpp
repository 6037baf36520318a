// Recurrences: forwards and backwards, over several sequences, within each other, with layers,
// with several carried values, for what they yield or for what they leave.
#include "random/generator.h"

namespace netc::random_programs {

namespace {

bool is_sequence(const Tensor& tensor) {
  return tensor.kind == Kind::floating && tensor.batch && tensor.dims.size() == 2;
}

}  // namespace

std::string Generator::source(const Tensor& x, size_t axis) {
  return chance(30) ? "reverse(" + x.name + ", axis: " + std::to_string(axis) + ")" : x.name;
}

std::optional<Tensor> Generator::scanned(const std::string& name) {
  const Tensor* found = find(is_sequence);
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const int64_t axis = between(1, 2);
  const int64_t width = x.dims[2 - axis];
  const std::string h = "h" + name;
  const std::string w = parameter({width, width});
  const std::vector<std::string> leaves = {h, "s"};
  line(h + " = " + pick({"zeros(", "ones("}) + "[N, " + size(width) + "])");
  line(name + " = scan s in " + source(x, axis) + " axis " + size(axis) + " {\n  " + h +
       " <- tanh(s + " + h + " @ " + w + ")\n  yield " + expression(leaves, 1) + " + " + h + "\n}");
  Tensor made = like(x, name);
  return made;
}

std::optional<Tensor> Generator::scanned_together(const std::string& name) {
  const Tensor* found = find(is_sequence);
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const Tensor y = *find([&](const Tensor& t) { return is_sequence(t) && t.dims[0] == x.dims[0]; });
  const std::string h = "h" + name, g = "g" + name;
  line(h + " = zeros([N, " + size(x.dims[1]) + "])");
  line(g + " = fill([N, " + size(y.dims[1]) + "], 0.3)");
  line("(" + name + ", e" + name + ") = scan a, b in " + source(x, 1) + ", " + source(y, 1) +
       " axis 1 {\n  q = tanh(a + 0.5 * " + h + ")\n  " + g + " <- " + g +
       " * sigmoid(b + mean(q, axis: 1, keep: true))\n  " + h + " <- q * mean(" + g +
       ", axis: 1, keep: true)\n  yield (" + h + " + a, " + g + ")\n}");
  const std::string pair = name + "b";
  line(pair + " = " + name + " + mean(e" + name + ", axis: 2, keep: true)");
  return like(x, pair);
}

/// One scan in another; the outer one carries what both update.
std::optional<Tensor> Generator::scanned_within(const std::string& name) {
  const Tensor* found =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 3; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const std::string h = "h" + name;
  line(h + " = zeros([N, " + size(x.dims[2]) + "])");
  line(name + " = scan row in " + source(x, 1) + " axis 1 {\n  c = 0.5 * " + h +
       "\n  inner = scan s in " + pick({"row", "reverse(row, axis: 1)"}) +
       " axis 1 {\n    c <- tanh(c + s)\n    " +
       (chance(50) ? h + " <- 0.9 * " + h + " + 0.1 * c\n    " : "") + "yield c * s\n  }\n  " + h +
       " <- " + h + " + 0.5 * c\n  yield inner + reshape(" + h + ", [N, 1, " + size(x.dims[2]) +
       "])\n}");
  return like(x, name);
}

std::optional<Tensor> Generator::scanned_for_last(const std::string& name) {
  const Tensor* found = find(is_sequence);
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const std::string count = "n" + name;
  line(name + " = zeros([N, " + size(x.dims[1]) + "])");
  line(count + " = 0.0");
  line("scan s in " + source(x, 1) + " axis 1 {\n  " + name + " <- max(0.8 * " + name +
       ", s) + 0.01 * " + count + "\n  " + count + " <- " + count + " + 1\n}");
  Tensor made{name + "l", {x.dims[1]}};
  line(made.name + " = " + name + " * " + count);
  return made;
}

/// A layer in a scan is one instance for all steps.
std::optional<Tensor> Generator::scanned_by_layer(const std::string& name) {
  const Tensor* found = find(is_sequence);
  if (!found) return std::nullopt;
  const Tensor x = *found;
  const int64_t units = between(1, 3);
  const std::string h = "h" + name;
  line(h + " = zeros([N, " + size(units) + "])");
  line(name + " = scan s in " + source(x, 1) + " axis 1 {\n  z = concat([s, " + h + "]) |> dense(" +
       size(units) + ") as cell" + name + "\n  " + h + " <- tanh(z)" +
       pick({"", " + 0.1 * uniform([N, " + size(units) + "])", " |> layer_norm"}) + "\n  yield " +
       h + "\n}");
  Tensor made{name, {x.dims[0], units}};
  return made;
}

}  // namespace netc::random_programs
