// Integers and bools: arithmetic that wraps, positions of maxima, comparisons, and the ways back.
#include "random/generator.h"

namespace netc::random_programs {

namespace {

bool is_integer(const Tensor& tensor) { return tensor.kind == Kind::integer; }

}  // namespace

std::optional<Tensor> Generator::integers(const std::string& name) {
  const Tensor x = *find(is_integer);
  Tensor made = like(x, name);
  made.below = 0;
  const Tensor* other = find([&](const Tensor& t) {
    return is_integer(t) && t.batch == x.batch && t.dims == x.dims && t.element == x.element;
  });
  const std::string shapes[] = {"(# * @ + 3)",       "(# - @) / 2",    "max(#, @) % 7",
                                "# / (@ - @)",       "min(#, 5) - @",  "abs(# - 100)",
                                "-# * 77",           "clamp(#, 1, 9)", "# ^ 2 % 11",
                                "(# + @) * 99",      "sign(# - 2)",    "(if # > @ then # else 4)",
                                "i32(#) * 70000 + 5"};
  const size_t which = static_cast<size_t>(below(std::size(shapes)));
  std::string text = shapes[which];
  for (char& c : text)
    if (c == '@' && other == nullptr) c = '#';
  for (size_t at; (at = text.find('#')) != std::string::npos;) text.replace(at, 1, x.name);
  for (size_t at; (at = text.find('@')) != std::string::npos;) text.replace(at, 1, other->name);
  if (which + 1 == std::size(shapes)) made.element = "i32";
  line(name + " = " + text);
  return made;
}

std::optional<Tensor> Generator::positions(const std::string& name) {
  const Tensor* found =
      find([](const Tensor& t) { return is_float(t) && t.batch && t.dims.size() >= 1; });
  const Tensor x = *found;
  Tensor made = like(x, name);
  made.kind = Kind::integer;
  made.element = "i32";
  if (chance(50)) {
    made.below = x.dims.back();
    made.dims.pop_back();
    line(name + " = argmax(" + x.name + ", axis: -1)");
  } else {
    made.below = 0;
    line(name + " = i32(3 * " + x.name + " + 0.01)");
  }
  return made;
}

std::optional<Tensor> Generator::truths(const std::string& name) {
  const Tensor x = some();
  Tensor made = like(x, name);
  made.kind = Kind::boolean;
  if (x.kind == Kind::floating)
    line(name + " = " + condition(broadcasting_with(x)));
  else if (x.kind == Kind::boolean)
    line(name + " = not " + x.name + " or " + x.name + " == " + x.name);
  else
    line(name + " = " + x.name + pick({" > 3", " % 2 == 0", " != 5 and " + x.name + " < 90"}));
  return made;
}

std::optional<Tensor> Generator::back_to_floats(const std::string& name) {
  const Tensor* found = find([](const Tensor& t) { return !is_float(t); });
  const Tensor x = *found;
  Tensor made = like(x, name);
  made.kind = Kind::floating;
  if (x.kind == Kind::boolean) {
    const Tensor* y = find(
        [&](const Tensor& t) { return is_float(t) && t.batch == x.batch && t.dims == x.dims; });
    line(name + " = " +
         (y ? "if " + x.name + " then " + y->name + " else 0.5" : "f32(" + x.name + ")"));
    return made;
  }
  switch (below(3)) {
    case 0:
      line(name + " = sin(0.01 * f32(" + x.name + " % 100))");
      return made;
    case 1:
      made.dims.push_back(between(2, 5));
      line(name + " = one_hot(" + x.name + ", " + std::to_string(made.dims.back()) + ")");
      return made;
    default: {
      const int64_t symbols = between(2, 5), units = between(1, 3);
      if (!x.batch) return std::nullopt;
      made.dims.push_back(units);
      line(name + " = " + x.name + " % " + std::to_string(symbols) + " |> embedding(" +
           std::to_string(symbols) + ", " + std::to_string(units) + ")");
      return made;
    }
  }
}

}  // namespace netc::random_programs
