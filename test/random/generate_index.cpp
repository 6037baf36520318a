// Index notation: definitions of any affine kind, reductions, windows, gathers, rows in pairs.
#include "random/generator.h"

namespace netc::random_programs {

namespace {

std::string term(int64_t coefficient, const std::string& index) {
  return coefficient == 1 ? index : std::to_string(coefficient) + " * " + index;
}

}  // namespace

/// An affine subscript of a dimension of this size; `inside` says whether it needs no `else`.
std::string Generator::subscript(int64_t size, const std::vector<IndexVariable>& in_sight,
                                 bool& inside) {
  std::vector<const IndexVariable*> inner;
  for (const IndexVariable& index : in_sight)
    if (index.extent > 0) inner.push_back(&index);
  if (inner.empty() || chance(8)) return std::to_string(below(size));
  const IndexVariable& i = *inner[below(static_cast<int64_t>(inner.size()))];
  if (i.extent <= size && chance(60)) return i.name;
  int64_t low = 0, high = 0;
  std::string text;
  if (chance(20)) {
    low = size - 1 - (i.extent - 1), high = size - 1;
    text = std::to_string(size - 1) + " - " + i.name;
  } else {
    const int64_t stride = between(1, 3);
    high = stride * (i.extent - 1);
    text = term(stride, i.name);
  }
  if (chance(50)) {
    const IndexVariable& j = *inner[below(static_cast<int64_t>(inner.size()))];
    if (&j != &i) {
      const int64_t dilation = between(1, 2);
      const bool minus = chance(30);
      (minus ? low : high) += (minus ? -1 : 1) * dilation * (j.extent - 1);
      text += (minus ? " - " : " + ") + term(dilation, j.name);
    }
  }
  if (const int64_t shift = between(-2, 2)) {
    low += shift, high += shift;
    text += (shift > 0 ? " + " : " - ") + std::to_string(std::abs(shift));
  }
  inside = inside && low >= 0 && high < size;
  return text;
}

/// One element of x.
std::string Generator::read(const Tensor& x, const std::vector<IndexVariable>& in_sight) {
  std::vector<std::string> subscripts;
  if (x.batch) {
    std::vector<std::string> rows;
    for (const IndexVariable& index : in_sight)
      if (index.extent == 0) rows.push_back(index.name);
    subscripts.push_back(pick(rows));
  }
  bool inside = true;
  for (int64_t dim : x.dims) subscripts.push_back(subscript(dim, in_sight, inside));
  std::string text = x.name;
  for (size_t i = 0; i < subscripts.size(); ++i) text += (i ? ", " : "[") + subscripts[i];
  if (!subscripts.empty()) text += "]";
  if (inside && (subscripts.empty() || chance(90))) return text;
  return "(" + text + " else " + pick({"0", "0.5", "-1", "0"}) + ")";
}

std::string Generator::element_of_some(const std::vector<IndexVariable>& in_sight) {
  bool rows = false;
  for (const IndexVariable& index : in_sight) rows = rows || index.extent == 0;
  const Tensor& x = *find([&](const Tensor& t) { return is_float(t) && (rows || !t.batch); });
  return read(x, in_sight);
}

/// A reduction over indices of its own; often of a product, as mathematics has it.
std::string Generator::reduction(std::vector<IndexVariable> in_sight, const std::string& prefix) {
  std::string binders;
  for (int64_t k = between(1, 2); k > 0; --k) {
    const bool rows = chance(15);
    IndexVariable index{prefix + std::to_string(k), rows ? 0 : between(1, 4)};
    binders += (binders.empty() ? "" : ", ") + index.name + ": " +
               (rows ? "N" : std::to_string(index.extent));
    in_sight.push_back(index);
  }
  std::vector<std::string> leaves = {element_of_some(in_sight), element_of_some(in_sight)};
  if (chance(30)) leaves.push_back("f32(" + in_sight.back().name + ")");
  const std::string op = pick({"sum", "sum", "sum", "mean", "max", "min", "prod"});
  if (op == "prod") return "(prod[" + binders + "] tanh(0.7 + " + leaves[0] + "))";
  if (chance(50)) return "(" + op + "[" + binders + "] " + leaves[0] + " * " + leaves[1] + ")";
  return "(" + op + "[" + binders + "] (" + expression(leaves, 1) + "))";
}

std::optional<Tensor> Generator::defined(const std::string& name) {
  Tensor made{name, {}, chance(85)};
  std::vector<IndexVariable> indices;
  std::string left;
  if (made.batch) indices.push_back({"n", 0});
  for (int64_t i = between(made.batch ? 0 : 1, 3); i > 0; --i) {
    made.dims.push_back(between(1, 4));
    indices.push_back({"i" + std::to_string(i), made.dims.back()});
  }
  for (const IndexVariable& index : indices)
    left += (left.empty() ? "" : ", ") + index.name + ": " +
            (index.extent ? std::to_string(index.extent) : "N");
  std::vector<std::string> leaves = {element_of_some(indices), element_of_some(indices)};
  if (chance(60)) leaves.push_back(reduction(indices, "r"));
  if (chance(30)) leaves.push_back(reduction(indices, "s"));
  if (chance(25) && !made.dims.empty()) leaves.push_back("f32(" + indices.back().name + ")");
  const std::string bare = leaves[0] + (leaves.size() > 2 ? " + " + leaves[2] : " * " + leaves[1]);
  line(name + "[" + left + "] = " +
       (chance(50) ? bare : "tanh(" + expression(leaves, static_cast<int>(between(1, 3))) + ")"));
  return made;
}

std::optional<Tensor> Generator::contracted(const std::string& name) {
  const Tensor* x =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() >= 1; });
  const Tensor from = *x;
  const int64_t units = between(1, 5);
  const bool biased = chance(50);
  const std::string w = parameter({from.dims.back(), units});
  const std::string b = biased ? parameter({units}) : "";
  Tensor made = like(from, name);
  made.dims.back() = units;
  line(name + "[.., o] = " + (biased ? b + "[o] + " : "") + "sum[i] " + from.name + "[.., i] * " +
       w + "[i, o]");
  if (!chance(50)) return made;
  made.name += "a";
  line(made.name + " = tanh(" + name + ")");
  return made;
}

std::optional<Tensor> Generator::windowed(const std::string& name) {
  const Tensor* x =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 2; });
  if (!x) return std::nullopt;
  const Tensor from = *x;
  const int64_t size = from.dims[0], channels = from.dims[1];
  const int64_t span = between(1, 3), stride = between(1, 3), dilation = between(1, 2),
                pad = between(0, 2);
  const int64_t room = size + 2 * pad - dilation * (span - 1) - 1;
  if (room < 0) return std::nullopt;
  const int64_t places = room / stride + 1, filters = between(1, 4);
  const std::string at = "[n, p * " + std::to_string(stride) + " + a * " +
                         std::to_string(dilation) + " - " + std::to_string(pad) + ", c]";
  const std::string guarded =
      pad == 0 ? from.name + at : "(" + from.name + at + " else " + pick({"0", "0", "-inf"}) + ")";
  Tensor made{name, {places, filters}};
  if (guarded.find("-inf") == std::string::npos && chance(60)) {
    const std::string w = parameter({span, channels, filters});
    line(name + "[n, p: " + std::to_string(places) + ", f] = sum[a, c] " + guarded + " * " + w +
         "[a, c, f]");
    return made;
  }
  made.dims = {places, channels};
  const std::string op = pick({"max", "max", "mean", "sum", "min"});
  const bool infinite = guarded.find("-inf") != std::string::npos;
  line(name + "[n, p: " + std::to_string(places) + ", c] = " + (infinite ? "max(-3, " : "1 * (") +
       (infinite ? "max" : op) + "[a: " + std::to_string(span) + "] " + guarded + ")");
  return made;
}

std::optional<Tensor> Generator::gathered(const std::string& name) {
  const Tensor* table = find([](const Tensor& t) { return is_float(t) && t.dims.size() == 2; });
  const Tensor* key = find([](const Tensor& t) { return t.kind == Kind::integer && t.batch; });
  const std::string size = std::to_string(table->dims[0]);
  const bool rows = key->dims.size() == 1;
  if (key->dims.size() > 1) return std::nullopt;
  const std::string at = key->name + (rows ? "[n, q]" : "[n]");
  const std::string first = table->batch ? "n, " : "";
  Tensor made{name, {}};
  if (rows) made.dims.push_back(key->dims[0]);
  made.dims.push_back(table->dims[1]);
  const std::string left = name + (rows ? "[n, q, j] = " : "[n, j] = ");
  switch (below(3)) {
    case 0:
      line(left + table->name + "[" + first + at + " % " + size + ", j]");
      break;
    case 1:
      line(left + table->name + "[" + first + "clamp(" + at + ", 0, " +
           std::to_string(table->dims[0] - 1) + "), j]");
      break;
    default:
      line(left + "(" + table->name + "[" + first + at + " - 1, j] else 0.5)");
  }
  return made;
}

/// N stands twice: every row meets every other.
std::optional<Tensor> Generator::paired(const std::string& name) {
  const Tensor* x =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() == 1; });
  if (!x) return std::nullopt;
  const Tensor from = *x;
  line("near" + name + "[n, m] = exp(-sum[k] (" + from.name + "[n, k] - " + from.name +
       "[m, k]) ^ 2)");
  line("all" + name + "[n] = sum[m] near" + name + "[n, m]");
  line(name + "[n, k] = (sum[m] near" + name + "[n, m] * " + from.name + "[m, k]) / all" + name +
       "[n]");
  return like(from, name);
}

std::optional<Tensor> Generator::centred(const std::string& name) {
  const Tensor* x = find([](const Tensor& t) { return is_float(t) && t.dims.size() >= 1; });
  const Tensor from = *x;
  line("c" + name + "[c] = mean[..] " + from.name + "[.., c]");
  line("d" + name + "[.., c] = " + from.name + "[.., c] - c" + name + "[c]");
  line("v" + name + "[c] = mean[..] d" + name + "[.., c] ^ 2");
  line(name + "[.., c] = d" + name + "[.., c] * rsqrt(v" + name + "[c] + 0.1)");
  return like(from, name);
}

}  // namespace netc::random_programs
