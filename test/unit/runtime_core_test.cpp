// The runtime's handles: creation and its refusals, steps, evaluation in chunks, tensors by name.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "test/unit/sample_model.h"

namespace {

struct Destroy {
  void operator()(netc_handle* handle) const { netc_rt_destroy(handle); }
};
using Handle = std::unique_ptr<netc_handle, Destroy>;

Handle create(const sample::Model& model, netc_options options = {}) {
  netc_handle* handle = nullptr;
  options.size = sizeof options;
  EXPECT_EQ(netc_rt_create(&model.model, &handle, &options), NETC_OK) << netc_rt_error(handle);
  return Handle(handle);
}

int step(netc_handle* handle, const sample::Rows& rows, size_t n, float* loss) {
  const void* inputs[] = {rows.image.data(), rows.digit.data()};
  void* results[] = {loss};
  return netc_rt_train_step(handle, 0, n, inputs, results);
}

std::vector<float> weights(netc_handle* handle, const char* name = "dense1.w", size_t size = 12) {
  std::vector<float> values(size);
  EXPECT_EQ(netc_rt_get_tensor(handle, name, values.data()), NETC_OK);
  return values;
}

TEST(RuntimeCore, TrainingLowersTheLoss) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(8);
  float first = 0, last = 0;
  EXPECT_EQ(step(handle.get(), rows, 8, &first), NETC_OK);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(step(handle.get(), rows, 8, &last), NETC_OK);
  EXPECT_LT(last, first / 2);
}

TEST(RuntimeCore, TheLossMayBeLeftOut) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(8);
  EXPECT_EQ(step(handle.get(), rows, 8, nullptr), NETC_OK);
}

TEST(RuntimeCore, RefusesBatchesBeyondTheCapacity) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(16);
  std::vector<float> before = weights(handle.get());
  for (size_t n : {size_t{0}, size_t{9}, SIZE_MAX}) {
    EXPECT_EQ(step(handle.get(), rows, n, nullptr), NETC_BAD_ARGUMENT);
    EXPECT_NE(std::string(netc_rt_error(handle.get())).find("1 to 8 rows"), std::string::npos);
  }
  EXPECT_EQ(weights(handle.get()), before);
}

TEST(RuntimeCore, NamesInputPositionAndValueOfALabelOutOfRange) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(8);
  rows.digit[5] = 3;
  std::vector<float> before = weights(handle.get());
  EXPECT_EQ(step(handle.get(), rows, 8, nullptr), NETC_BAD_DATA);
  EXPECT_STREQ(netc_rt_error(handle.get()), "input `digit`, row 5: 3 is not from 0 to 2");
  EXPECT_EQ(weights(handle.get()), before);
}

TEST(RuntimeCore, TheSameBitsForAnyNumberOfThreads) {
  sample::Model model;
  sample::Rows rows(8);
  std::vector<std::vector<float>> results;
  for (int threads : {1, 2, 4}) {
    netc_pool* pool = netc_rt_pool_create(threads);
    netc_options options{};
    options.pool = pool;
    Handle handle = create(model, options);
    for (int i = 0; i < 200; ++i) step(handle.get(), rows, 8, nullptr);
    results.push_back(weights(handle.get()));
    handle.reset();
    netc_rt_pool_destroy(pool);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(RuntimeCore, EvaluatesAnyNumberOfRowsWeightedByRows) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(19);
  const void* inputs[] = {rows.image.data(), rows.digit.data()};
  float loss = 0, accuracy = 0, perplexity = 0;
  void* results[] = {&loss, &accuracy, &perplexity};
  ASSERT_EQ(netc_rt_run(handle.get(), 1, 19, inputs, results), NETC_OK);
  double expected_loss = 0, expected_accuracy = 0;
  for (size_t r = 0; r < 19; ++r) {
    const void* row[] = {rows.image.data() + 4 * r, rows.digit.data() + r};
    float one_loss = 0, one_accuracy = 0;
    void* one[] = {&one_loss, &one_accuracy, nullptr};
    ASSERT_EQ(netc_rt_run(handle.get(), 1, 1, row, one), NETC_OK);
    expected_loss += one_loss / 19;
    expected_accuracy += one_accuracy / 19;
  }
  EXPECT_NEAR(loss, expected_loss, 1e-6);
  EXPECT_NEAR(accuracy, expected_accuracy, 1e-6);
  EXPECT_NEAR(perplexity, std::exp(expected_loss), 1e-5);
}

TEST(RuntimeCore, PredictsAnyNumberOfRows) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(19);
  const void* inputs[] = {rows.image.data()};
  std::vector<float> all(19 * 3), one(3);
  void* results[] = {all.data()};
  ASSERT_EQ(netc_rt_run(handle.get(), 2, 19, inputs, results), NETC_OK);
  for (size_t r = 0; r < 19; ++r) {
    const void* row[] = {rows.image.data() + 4 * r};
    void* result[] = {one.data()};
    ASSERT_EQ(netc_rt_run(handle.get(), 2, 1, row, result), NETC_OK);
    for (size_t o = 0; o < 3; ++o) EXPECT_EQ(all[3 * r + o], one[o]);
  }
}

TEST(RuntimeCore, GradientsAreNotTakenInChunks) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(9);
  const void* inputs[] = {rows.image.data(), rows.digit.data()};
  EXPECT_EQ(netc_rt_run(handle.get(), 3, 9, inputs, nullptr), NETC_BAD_ARGUMENT);
  EXPECT_EQ(netc_rt_run(handle.get(), 3, 8, inputs, nullptr), NETC_OK);
}

TEST(RuntimeCore, RefusesAProcessorThatLacksAFeature) {
  sample::Model model;
  // No processor has both AMD's withdrawn XOP and Intel's AVX512-FP16.
  model.model.features = "+sse2,xop,avx512fp16";
  model.model.target = "future";
  netc_handle* handle = nullptr;
  EXPECT_EQ(netc_rt_create(&model.model, &handle, nullptr), NETC_WRONG_CPU);
  std::string error = netc_rt_error(handle);
  EXPECT_NE(error.find("compiled for future, but this processor lacks "), std::string::npos)
      << error;
  EXPECT_EQ(netc_rt_train_step(handle, 0, 1, nullptr, nullptr), NETC_WRONG_CPU);
  netc_rt_destroy(handle);
}

TEST(RuntimeCore, LivesInTheCallersMemory) {
  sample::Model model;
  size_t bytes = netc_rt_memory_bytes(&model.model);
  std::vector<unsigned char> memory(bytes + 1);
  netc_options options{};
  options.memory = memory.data() + 1;
  options.bytes = bytes;
  Handle handle = create(model, options);
  const auto* at = reinterpret_cast<unsigned char*>(handle.get());
  EXPECT_TRUE(at >= memory.data() && at < memory.data() + 65);
  sample::Rows rows(8);
  EXPECT_EQ(step(handle.get(), rows, 8, nullptr), NETC_OK);
}

TEST(RuntimeCore, SaysHowMuchMemoryItNeeds) {
  sample::Model model;
  std::vector<unsigned char> memory(netc_rt_memory_bytes(&model.model) / 2);
  netc_options options{};
  options.size = sizeof options;
  options.memory = memory.data();
  options.bytes = memory.size();
  netc_handle* handle = nullptr;
  EXPECT_EQ(netc_rt_create(&model.model, &handle, &options), NETC_NO_MEMORY);
  EXPECT_NE(std::string(netc_rt_error(handle)).find("bytes of memory"), std::string::npos);
  netc_rt_destroy(handle);
  options.bytes = 10;
  EXPECT_EQ(netc_rt_create(&model.model, &handle, &options), NETC_NO_MEMORY);
  netc_rt_destroy(handle);
}

TEST(RuntimeCore, RefusesAStepLargerThanTheMachine) {
  sample::Model model;
  model.entry_table[0].arena_bytes = size_t{1} << 50;
  netc_handle* handle = nullptr;
  EXPECT_EQ(netc_rt_create(&model.model, &handle, nullptr), NETC_NO_MEMORY);
  EXPECT_NE(std::string(netc_rt_error(handle)).find("for a step of 8 rows"), std::string::npos);
  netc_rt_destroy(handle);
}

TEST(RuntimeCore, ProposesTheNearestName) {
  sample::Model model;
  Handle handle = create(model);
  float values[12];
  EXPECT_EQ(netc_rt_get_tensor(handle.get(), "dense1.v", values), NETC_BAD_ARGUMENT);
  EXPECT_STREQ(netc_rt_error(handle.get()),
               "sample has no tensor `dense1.v`; did you mean `dense1.w`?");
  EXPECT_EQ(netc_rt_set(handle.get(), "rats", 1), NETC_BAD_ARGUMENT);
  EXPECT_STREQ(netc_rt_error(handle.get()), "sample has no setting `rats`; did you mean `rate`?");
  EXPECT_EQ(netc_rt_set(handle.get(), "step", 1), NETC_BAD_ARGUMENT);
}

TEST(RuntimeCore, SettingsTakeEffect) {
  sample::Model model;
  Handle handle = create(model);
  sample::Rows rows(8);
  std::vector<float> before = weights(handle.get());
  ASSERT_EQ(netc_rt_set(handle.get(), "rate", 0), NETC_OK);
  step(handle.get(), rows, 8, nullptr);
  EXPECT_EQ(weights(handle.get()), before);
}

TEST(RuntimeCore, EvaluationReadsAverages) {
  sample::Model model({}, true);
  Handle handle = create(model);
  EXPECT_EQ(weights(handle.get(), "average.dense1.w"), weights(handle.get()));
  sample::Rows rows(8);
  const void* inputs[] = {rows.image.data(), rows.digit.data()};
  for (int i = 0; i < 10; ++i) step(handle.get(), rows, 8, nullptr);
  float with_average = 0, with_weights = 0;
  void* result[] = {&with_average, nullptr, nullptr};
  ASSERT_EQ(netc_rt_run(handle.get(), 1, 8, inputs, result), NETC_OK);
  std::vector<float> average = weights(handle.get(), "average.dense1.w");
  std::vector<float> average_bias = weights(handle.get(), "average.dense1.b", 3);
  EXPECT_NE(average, weights(handle.get()));
  netc_rt_set_tensor(handle.get(), "dense1.w", average.data());
  netc_rt_set_tensor(handle.get(), "dense1.b", average_bias.data());
  void* other[] = {&with_weights};
  netc_rt_set(handle.get(), "rate", 0);
  netc_rt_train_step(handle.get(), 0, 8, inputs, other);
  EXPECT_EQ(with_average, with_weights);
}

TEST(RuntimeCore, TheAveragesInUseAreThoseOfTheTrainingEntry) {
  sample::Model model({}, true);
  // The averages belong to a second train block, and the step that ran is the first one's.
  model.variable_table[sample::average_weight].name = "average2.dense1.w";
  model.variable_table[sample::average_bias].name = "average2.dense1.b";
  Handle handle = create(model);
  sample::Rows rows(8);
  const void* inputs[] = {rows.image.data(), rows.digit.data()};
  for (int i = 0; i < 10; ++i) step(handle.get(), rows, 8, nullptr);
  float evaluated = 0, trained = 0;
  void* one[] = {&evaluated, nullptr, nullptr};
  void* other[] = {&trained};
  ASSERT_EQ(netc_rt_run(handle.get(), 1, 8, inputs, one), NETC_OK);
  ASSERT_EQ(netc_rt_train_step(handle.get(), 0, 8, inputs, other), NETC_OK);
  EXPECT_EQ(evaluated, trained);
  model.entry_table[0].name = "train2";
  Handle second = create(model);
  for (int i = 0; i < 10; ++i) step(second.get(), rows, 8, nullptr);
  ASSERT_EQ(netc_rt_run(second.get(), 1, 8, inputs, one), NETC_OK);
  ASSERT_EQ(netc_rt_train_step(second.get(), 0, 8, inputs, other), NETC_OK);
  EXPECT_NE(evaluated, trained);
}

}  // namespace
