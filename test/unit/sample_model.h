// A small model as the compiler would describe it, written by hand: softmax regression on rows of
// four pixels, three classes, momentum, an exponential average of the weights. Its steps divide
// their work into tasks, so that threads have something to do.
#pragma once

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/core/netc_rt.h"

namespace sample {

constexpr int64_t inputs = 4, classes = 3, capacity = 8;

enum Variable { weight, bias, velocity_weight, velocity_bias, average_weight, average_bias };
enum Setting { rate, step };

struct Work {
  const netc_context* context;
  float* probability;  // in the arena: [capacity, classes]
  int64_t n;
};

inline float* variable(const netc_context* c, Variable v) {
  return static_cast<float*>(c->variables[v]);
}

inline void forward_row(const netc_context* c, float* probability, int64_t row) {
  const auto* image = static_cast<const uint8_t*>(c->inputs[0]) + row * inputs;
  float* p = probability + row * classes;
  float largest = -INFINITY, sum = 0;
  for (int64_t o = 0; o < classes; ++o) {
    p[o] = variable(c, bias)[o];
    for (int64_t i = 0; i < inputs; ++i)
      p[o] += static_cast<float>(image[i]) / 255 * variable(c, weight)[i * classes + o];
    largest = p[o] > largest ? p[o] : largest;
  }
  for (int64_t o = 0; o < classes; ++o) sum += p[o] = std::exp(p[o] - largest);
  for (int64_t o = 0; o < classes; ++o) p[o] /= sum;
}

inline void forward_task(void* const* arguments, int64_t, int64_t first, int64_t end) {
  auto* work = static_cast<Work*>(arguments[0]);
  for (int64_t row = first; row < end; ++row) forward_row(work->context, work->probability, row);
}

inline void forward(Work& work) {
  void* arguments[] = {&work};
  netc_call call = {forward_task, arguments, work.n, 0};
  netc_rt_parallel(work.context->pool, &call, 1, work.n);
}

inline float loss_of(const Work& work, int64_t label_input = 1) {
  const auto* label = static_cast<const uint8_t*>(work.context->inputs[label_input]);
  float loss = 0;
  for (int64_t r = 0; r < work.n; ++r)
    loss -= std::log(work.probability[r * classes + label[r]]) / static_cast<float>(work.n);
  return loss;
}

// Updates one parameter element: momentum, then its average.
inline void update(const Work& work, Variable v, int64_t at, float gradient) {
  const netc_context* c = work.context;
  float& velocity = variable(c, static_cast<Variable>(v + 2))[at];
  float& value = variable(c, v)[at];
  float& average = variable(c, static_cast<Variable>(v + 4))[at];
  velocity = 0.5f * velocity + gradient;
  value -= static_cast<float>(c->settings[rate]) * velocity;
  average = 0.9f * average + 0.1f * value;
}

inline float gradient_of_weight(const Work& work, int64_t i, int64_t o) {
  const auto* image = static_cast<const uint8_t*>(work.context->inputs[0]);
  const auto* label = static_cast<const uint8_t*>(work.context->inputs[1]);
  float sum = 0;
  for (int64_t r = 0; r < work.n; ++r)
    sum += static_cast<float>(image[r * inputs + i]) / 255 *
           (work.probability[r * classes + o] - (label[r] == o ? 1.0f : 0.0f));
  return sum / static_cast<float>(work.n);
}

inline void update_task(void* const* arguments, int64_t, int64_t first, int64_t end) {
  auto* work = static_cast<Work*>(arguments[0]);
  for (int64_t i = first; i < end; ++i)
    for (int64_t o = 0; o < classes; ++o)
      update(*work, weight, i * classes + o, gradient_of_weight(*work, i, o));
}

inline void train(const netc_context* context, int64_t n) {
  Work work{context, reinterpret_cast<float*>(context->arena), n};
  forward(work);
  *static_cast<float*>(context->outputs[0]) = loss_of(work);
  const auto* label = static_cast<const uint8_t*>(context->inputs[1]);
  for (int64_t o = 0; o < classes; ++o) {
    float sum = 0;
    for (int64_t r = 0; r < n; ++r)
      sum += work.probability[r * classes + o] - (label[r] == o ? 1.0f : 0.0f);
    update(work, bias, o, sum / static_cast<float>(n));
  }
  void* arguments[] = {&work};
  netc_call call = {update_task, arguments, inputs, 0};
  netc_rt_parallel(context->pool, &call, 1, n);
}

inline void evaluate(const netc_context* context, int64_t n) {
  Work work{context, reinterpret_cast<float*>(context->arena), n};
  forward(work);
  const auto* label = static_cast<const uint8_t*>(context->inputs[1]);
  float right = 0, loss = loss_of(work);
  for (int64_t r = 0; r < n; ++r) {
    const float* p = work.probability + r * classes;
    int64_t best = 0;
    for (int64_t o = 1; o < classes; ++o) best = p[o] > p[best] ? o : best;
    right += best == label[r];
  }
  *static_cast<float*>(context->outputs[0]) = loss;
  *static_cast<float*>(context->outputs[1]) = right / static_cast<float>(n);
  *static_cast<float*>(context->outputs[2]) = std::exp(loss);
}

inline void predict(const netc_context* context, int64_t n) {
  Work work{context, static_cast<float*>(context->outputs[0]), n};
  forward(work);
}

inline void gradient(const netc_context* context, int64_t n) {
  Work work{context, static_cast<float*>(context->outputs[1]), n};
  forward(work);
  *static_cast<float*>(context->outputs[0]) = loss_of(work);
  for (int64_t i = 0; i < inputs; ++i)
    for (int64_t o = 0; o < classes; ++o)
      static_cast<float*>(context->outputs[2])[i * classes + o] = gradient_of_weight(work, i, o);
}

/// The descriptor, with what a test may want to change.
struct Model {
  std::vector<std::string> plan_texts;
  std::vector<const char*> plans;
  netc_tensor input_table[2];
  netc_tensor variable_table[6];
  netc_setting setting_table[2];
  netc_entry entry_table[4];
  netc_model model{};

  explicit Model(std::vector<std::string> plan_list = {}, bool average = false)
      : plan_texts(std::move(plan_list)) {
    static const int64_t image_dims[] = {-1, 2, 2}, label_dims[] = {-1}, w_dims[] = {4, 3},
                         b_dims[] = {3}, p_dims[] = {-1, 3};
    static const netc_result train_results[] = {{"", NETC_LOSS, NETC_F32, 0, nullptr}};
    static const netc_result evaluate_results[] = {
        {"", NETC_LOSS, NETC_F32, 0, nullptr},
        {"accuracy", NETC_METRIC, NETC_F32, 0, nullptr},
        {"perplexity", NETC_EXPONENTIAL_METRIC, NETC_F32, 0, nullptr}};
    static const netc_result predict_results[] = {
        {"probability", NETC_OUTPUT, NETC_F32, 2, p_dims}};
    static const netc_result gradient_results[] = {
        {"", NETC_LOSS, NETC_F32, 0, nullptr},
        {"probability", NETC_OUTPUT, NETC_F32, 2, p_dims},
        {"dense1.w", NETC_GRADIENT, NETC_F32, 2, w_dims}};
    static const uint32_t both[] = {0, 1};
    static const double spread[] = {0, 0.5};
    netc_init normal{"normal", spread, 2, nullptr, 0}, zeros{"zeros", nullptr, 0, nullptr, 0};
    // Without an average, the two last variables are states of the optimizer that nobody reads.
    uint8_t last = average ? NETC_AVERAGE : NETC_OPTIMIZER;
    netc_tensor inputs_[] = {{"image", NETC_U8, 3, NETC_INPUT, 0, 0, image_dims, 0, 0, {}},
                             {"digit", NETC_U8, 1, NETC_INPUT, 1, 0, label_dims, 0, classes, {}}};
    netc_tensor variables_[] = {
        {"dense1.w", NETC_F32, 2, NETC_PARAM, 0, 0, w_dims, 0, 0, normal},
        {"dense1.b", NETC_F32, 1, NETC_PARAM, 0, 0, b_dims, 0, 0, zeros},
        {"optimizer.velocity.dense1.w", NETC_F32, 2, NETC_OPTIMIZER, 0, 0, w_dims, 0, 0, zeros},
        {"optimizer.velocity.dense1.b", NETC_F32, 1, NETC_OPTIMIZER, 0, 0, b_dims, 0, 0, zeros},
        {"average.dense1.w", NETC_F32, 2, last, 0, 0, w_dims, 0, 0, zeros},
        {"average.dense1.b", NETC_F32, 1, last, 0, 0, b_dims, 0, 0, zeros}};
    netc_setting settings_[] = {{"rate", 0.5}, {"step", 1}};
    size_t arena = capacity * classes * sizeof(float);
    netc_entry entries_[] = {
        {"train", NETC_TRAIN, 2, both, 1, train_results, capacity, arena, train},
        {"evaluate", NETC_EVALUATE, 2, both, 3, evaluate_results, capacity, arena, evaluate},
        {"predict", NETC_PREDICT, 1, both, 1, predict_results, capacity, 0, predict},
        {"gradient", NETC_GRADIENT_ENTRY, 2, both, 3, gradient_results, capacity, 0, gradient}};
    std::memcpy(input_table, inputs_, sizeof inputs_);
    std::memcpy(variable_table, variables_, sizeof variables_);
    std::memcpy(setting_table, settings_, sizeof settings_);
    std::memcpy(entry_table, entries_, sizeof entries_);
    for (const std::string& plan : plan_texts) plans.push_back(plan.c_str());
    model = {NETC_RT_ABI,
             "sample",
             "x86-64",
             "sse2",
             capacity,
             2,
             6,
             2,
             4,
             static_cast<uint32_t>(plans.size()),
             input_table,
             variable_table,
             setting_table,
             entry_table,
             plans.data()};
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
};

/// Rows that can be learnt: the class is which of the first three pixels is brightest.
struct Rows {
  std::vector<uint8_t> image, digit;
  explicit Rows(size_t count, uint32_t seed = 1) {
    for (size_t r = 0; r < count; ++r) {
      uint8_t pixels[4];
      for (uint8_t& pixel : pixels)
        pixel = static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
      uint8_t best = pixels[1] > pixels[0] ? 1 : 0;
      digit.push_back(pixels[2] > pixels[best] ? 2 : best);
      image.insert(image.end(), pixels, pixels + 4);
    }
  }
};

}  // namespace sample
