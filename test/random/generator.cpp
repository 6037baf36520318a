#include "random/generator.h"

#include <numeric>

namespace netc::random_programs {

namespace {

constexpr int64_t most_elements = 60;  ///< of a tensor, for one row

std::string indented(const std::string& text, const std::string& by) {
  std::string result = by;
  for (char c : text) {
    result += c;
    if (c == '\n') result += by;
  }
  return result + "\n";
}

}  // namespace

std::string Program::text() const {
  std::string text;
  for (const Statement& declaration : declarations) text += declaration.text + "\n";
  text += "model m {\n";
  for (const Statement& statement : statements) text += indented(statement.text, "  ");
  text += "}\n";
  if (settings.empty()) return text;
  text += "train m {\n";
  for (const Statement& setting : settings) text += indented(setting.text, "  ");
  return text + "}\n";
}

Program generate(uint32_t seed) { return Generator(seed).make(); }
Program generate_network(uint32_t seed) { return Generator(seed).make_network(); }

int64_t Tensor::elements() const {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

std::string Tensor::shape_with(const std::vector<std::string>& trailing) const {
  std::string text = batch ? "N" : "";
  for (const std::string& dim : trailing) text += (text.empty() ? "" : ", ") + dim;
  return "[" + text + "]";
}

std::string Tensor::shape() const {
  std::vector<std::string> words;
  for (int64_t dim : dims) words.push_back(std::to_string(dim));
  return shape_with(words);
}

std::string Generator::number() {
  return pick({"0", "1.0", "2.0", "0.5", "-0.5", "0.25", "1.5", "-1.0", "0.1", "3.0"});
}

const Tensor* Generator::find(const Test& test) {
  std::vector<const Tensor*> good;
  for (const Tensor& tensor : tensors_)
    if (test(tensor)) good.push_back(&tensor);
  // What was made last is more often used again, so that programs grow deep.
  if (good.empty()) return nullptr;
  const size_t last = good.size() > 3 && chance(60) ? good.size() - 3 : 0;
  return good[last + static_cast<size_t>(below(static_cast<int64_t>(good.size() - last)))];
}

Tensor Generator::like(const Tensor& x, const std::string& name) const {
  Tensor result = x;
  result.name = name;
  result.named = true;
  return result;
}

std::string Generator::parameter(const std::vector<int64_t>& dims) {
  const Tensor tensor{"p" + std::to_string(parameters_++), dims, false};
  line("param " + tensor.name + ": " + tensor.shape() + " init glorot_uniform",
       tensor.name + " = fill(" + tensor.shape() + ", 0.5)");
  return tensor.name;
}

void Generator::inputs() {
  tensors_ = {{"x", {between(1, 4), between(1, 5)}},
              {"y", {between(1, 5)}},
              {"z", {2, between(2, 3), between(1, 3)}},
              {"k", {}, true, Kind::integer, "u8", 256},
              {"t", {3}, true, Kind::integer, pick({"i32", "i64"}), 0},
              {"b", {3}, true, Kind::boolean}};
  for (const Tensor& tensor : tensors_) {
    const std::string element = tensor.kind == Kind::floating  ? ""
                                : tensor.kind == Kind::boolean ? "bool"
                                                               : tensor.element;
    line("input " + tensor.name + ": " + element + tensor.shape());
  }
  tensors_.push_back({"w", {between(2, 6), between(1, 4)}, false});
  line("param w: " + tensors_.back().shape() + " init glorot_uniform");
}

void Generator::statement() {
  static constexpr Maker makers[] = {&Generator::element_wise,
                                     &Generator::element_wise,
                                     &Generator::chosen,
                                     &Generator::repeated,
                                     &Generator::drawn,
                                     &Generator::defined,
                                     &Generator::defined,
                                     &Generator::defined,
                                     &Generator::contracted,
                                     &Generator::contracted,
                                     &Generator::windowed,
                                     &Generator::windowed,
                                     &Generator::gathered,
                                     &Generator::paired,
                                     &Generator::centred,
                                     &Generator::reshaped,
                                     &Generator::permuted,
                                     &Generator::joined,
                                     &Generator::split_up,
                                     &Generator::reversed,
                                     &Generator::padded,
                                     &Generator::sliced,
                                     &Generator::reduced,
                                     &Generator::multiplied,
                                     &Generator::scanned,
                                     &Generator::scanned,
                                     &Generator::scanned_together,
                                     &Generator::scanned_within,
                                     &Generator::scanned_for_last,
                                     &Generator::scanned_by_layer,
                                     &Generator::layered,
                                     &Generator::layered,
                                     &Generator::layered_images,
                                     &Generator::shared,
                                     &Generator::called,
                                     &Generator::remembered,
                                     &Generator::differentiated,
                                     &Generator::descended,
                                     &Generator::integers,
                                     &Generator::positions,
                                     &Generator::truths,
                                     &Generator::back_to_floats};
  const std::string name = "t" + std::to_string(tensors_.size());
  std::optional<Tensor> made;
  while (!made) made = (this->*makers[below(std::size(makers))])(name);
  std::string stub = name + " = ";
  const std::string value = made->kind == Kind::floating ? "0.5" : "1";
  stub += made->kind == Kind::boolean   ? "fill(" + made->shape() + ", 1) > 0"
          : made->kind == Kind::integer ? made->element + "(fill(" + made->shape() + ", " +
                                              (made->below == 1 ? "0" : "1") + "))"
                                        : "fill(" + made->shape() + ", 0.5)";
  program_.statements.back().stub = stub;
  if (made->elements() > most_elements) {
    std::string slices = made->batch ? ":" : "";
    for (int64_t& dim : made->dims) {
      dim = std::min<int64_t>(dim, 2);
      slices += (slices.empty() ? ":" : ", :") + std::to_string(dim);
    }
    made->name += "s";
    line(made->name + " = " + name + "[" + slices + "]");
  }
  tensors_.push_back(*made);
}

void Generator::losses() {
  const Tensor* last = find(is_float);
  for (int64_t i = between(1, 3); i > 0; --i) {
    const Tensor& x = *find(is_float);
    switch (below(5)) {
      case 0:
        line("loss mean(sin(" + x.name + "))");
        break;
      case 1:
        line("loss 0.1 * sum(" + x.name + " ^ 2) / f32(N)");
        break;
      case 2:
        line("loss mse(tanh(" + x.name + "), 0.25 * " + x.name + ")");
        break;
      case 3:
        line("loss logsumexp(reshape(tanh(" + x.name + "), [-1]))");
        if (x.batch)
          program_.statements.back().text =
              "loss mean(logsumexp(" +
              (x.dims.empty() ? "reshape(" + x.name + ", [N, 1])" : x.name) + "))";
        break;
      default:
        line("loss huber(" + x.name + ", " + number() + " + 0 * " + x.name + ", delta: 0.7)");
    }
  }
  line("loss mean(cos(" + last->name + "))");
  for (int64_t i = between(1, 3); i > 0; --i)
    line("output o" + std::to_string(i) + " = " + some().name);
}

void Generator::training() {
  if (chance(40)) return;
  const auto set = [&](const std::string& text) { program_.settings.push_back({text, ""}); };
  set("batch 3");
  set("optimizer " + pick({"sgd(0.1)", "sgd(0.1, momentum: 0.9, nesterov: true, decay: 0.1)",
                           "adam(rate: cosine_decay(0.1, steps: 9, warmup: 3))",
                           "adamw(0.01, decay: 0.1)", "rmsprop(0.01, momentum: 0.5)",
                           "adagrad(rate: linear_warmup(0.1, 4))", "lion(0.01, decay: 0.1)"}));
  if (chance(30)) set("clip_norm 0.5");
  if (chance(30)) set("average 0.9");
  if (chance(20)) set("freeze \"w\"");
}

Program Generator::make() {
  inputs();
  for (int64_t i = between(2, 8); i > 0; --i) statement();
  losses();
  training();
  return std::move(program_);
}

}  // namespace netc::random_programs
