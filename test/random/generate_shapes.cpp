// Shape functions, slices, reductions of whole axes, matrix products.
#include "random/generator.h"

namespace netc::random_programs {

namespace {

bool has_axes(const Tensor& tensor) {
  return tensor.kind == Kind::floating && !tensor.dims.empty();
}

std::string axis(const Tensor& x, size_t inner) {
  return std::to_string(inner + (x.batch ? 1 : 0));
}

}  // namespace

std::optional<Tensor> Generator::reshaped(const std::string& name) {
  const Tensor x = *find(has_axes);
  Tensor made = like(x, name);
  const int64_t all = x.elements();
  if (all % 2 == 0 && chance(50))
    made.dims = {2, all / 2};
  else if (all % 3 == 0 && chance(50))
    made.dims = {all / 3, 1, 3};
  else
    made.dims = {all};
  std::vector<std::string> words;
  for (int64_t dim : made.dims) words.push_back(std::to_string(dim));
  if (chance(50)) words[static_cast<size_t>(below(static_cast<int64_t>(words.size())))] = "-1";
  line(name + " = reshape(" + x.name + ", " + made.shape_with(words) + ")");
  return made;
}

std::optional<Tensor> Generator::permuted(const std::string& name) {
  const Tensor* found = find([](const Tensor& t) { return has_axes(t) && t.dims.size() >= 2; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  Tensor made = like(x, name);
  if (x.dims.size() == 2) {
    std::swap(made.dims[0], made.dims[1]);
    line(name + " = transpose(" + x.name + ")");
    return made;
  }
  std::vector<int64_t> order = {0, 1, 2};
  if (x.dims.size() != 3) return std::nullopt;
  for (int i = 0; i < 2; ++i) std::swap(order[i], order[between(i, 2)]);
  std::string text = x.batch ? "0" : "";
  for (size_t i = 0; i < 3; ++i) {
    made.dims[i] = x.dims[order[i]];
    text += (text.empty() ? "" : ", ") + axis(x, order[i]);
  }
  line(name + " = permute(" + x.name + ", [" + text + "])");
  return made;
}

std::optional<Tensor> Generator::joined(const std::string& name) {
  const Tensor x = *find(has_axes);
  const size_t along = static_cast<size_t>(below(static_cast<int64_t>(x.dims.size())));
  const Tensor y = *find([&](const Tensor& t) {
    if (!has_axes(t) || t.batch != x.batch || t.dims.size() != x.dims.size()) return false;
    for (size_t i = 0; i < t.dims.size(); ++i)
      if (i != along && t.dims[i] != x.dims[i]) return false;
    return true;
  });
  Tensor made = like(x, name);
  if (x.dims == y.dims && chance(30)) {
    made.dims.insert(made.dims.begin() + static_cast<long>(along), 2);
    line(name + " = stack([" + x.name + ", " + of_one(y.name) + "], axis: " + axis(x, along) + ")");
    return made;
  }
  made.dims[along] += y.dims[along];
  line(name + " = concat([" + x.name + ", " + (chance(50) ? y.name : of_one(y.name)) +
       "], axis: " + axis(x, along) + ")");
  return made;
}

std::optional<Tensor> Generator::split_up(const std::string& name) {
  const Tensor* found = find([](const Tensor& t) { return has_axes(t) && t.dims.back() % 2 == 0; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  Tensor made = like(x, name);
  made.dims.back() /= 2;
  line("(a" + name + ", b" + name + ") = split(" + x.name + ", 2" + pick({"", ", axis: -1"}) + ")");
  line(name + " = " + of_two("a" + name, "b" + name));
  return made;
}

std::optional<Tensor> Generator::reversed(const std::string& name) {
  const Tensor x = *find(has_axes);
  line(name + " = " + x.name + " * reverse(" + x.name +
       ", axis: " + axis(x, static_cast<size_t>(below(static_cast<int64_t>(x.dims.size())))) + ")");
  return like(x, name);
}

std::optional<Tensor> Generator::padded(const std::string& name) {
  const Tensor x = *find(has_axes);
  Tensor made = like(x, name);
  std::string widths = x.batch ? "[0, 0]" : "";
  for (int64_t& dim : made.dims) {
    const int64_t before = below(3), after = below(2);
    dim += before + after;
    widths += (widths.empty() ? "[" : ", [") + std::to_string(before) + ", " +
              std::to_string(after) + "]";
  }
  line(name + " = pad(" + x.name + ", [" + widths + "], value: " + number() + ")");
  return made;
}

std::optional<Tensor> Generator::sliced(const std::string& name) {
  const Tensor x = *find(has_axes);
  Tensor made = like(x, name);
  made.dims.clear();
  std::string text = x.batch ? ":" : "";
  for (int64_t dim : x.dims) {
    text += text.empty() ? "" : ", ";
    const int64_t from = below(dim), to = between(from + 1, dim);
    switch (below(4)) {
      case 0:
        text += ":";
        made.dims.push_back(dim);
        break;
      case 1:
        text += std::to_string(chance(50) ? from : from - dim);
        break;
      case 2:
        text += std::to_string(from) + ":" + std::to_string(to);
        made.dims.push_back(to - from);
        break;
      default:
        text += std::to_string(from - dim) + ":";
        made.dims.push_back(dim - from);
    }
  }
  line(name + " = " + x.name + "[" + text + "]");
  return made;
}

std::optional<Tensor> Generator::reduced(const std::string& name) {
  const Tensor x = *find(has_axes);
  const std::string op = pick({"sum", "mean", "max", "min", "prod", "mean"});
  Tensor made = like(x, name);
  const std::string body = op == "prod" ? "tanh(1 + " + x.name + ")" : x.name;
  if (chance(15)) {
    made.dims.clear();
    made.batch = false;
    line(name + " = " + pick({"mean", "max", "min"}) + "(" + body + ")");
    return made;
  }
  const bool keep = chance(40);
  if (x.batch && chance(20)) {
    made.batch = false;
    if (keep) made.dims.insert(made.dims.begin(), 1);
    line(name + " = mean(" + x.name + ", axis: 0" + (keep ? ", keep: true)" : ")"));
    return made;
  }
  const size_t along = static_cast<size_t>(below(static_cast<int64_t>(x.dims.size())));
  if (keep)
    made.dims[along] = 1;
  else
    made.dims.erase(made.dims.begin() + static_cast<long>(along));
  line(name + " = " + op + "(" + body + ", axis: " + axis(x, along) +
       (keep ? ", keep: true)" : ")"));
  return made;
}

std::optional<Tensor> Generator::multiplied(const std::string& name) {
  const Tensor* found = find([](const Tensor& t) { return has_axes(t) && t.dims.size() >= 2; });
  if (!found) return std::nullopt;
  const Tensor x = *found;
  Tensor made = like(x, name);
  if (chance(40)) {
    made.dims.back() = made.dims[made.dims.size() - 2];
    line(name + " = tanh(" + x.name + " @ transpose(" + x.name + "))");
    return made;
  }
  made.dims.back() = between(1, 4);
  const std::string w = parameter({x.dims.back(), made.dims.back()});
  line(name + " = " + x.name + " @ " + w);
  return made;
}

}  // namespace netc::random_programs
