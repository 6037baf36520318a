// Reading plans. Absent and null fields keep their defaults; unknown ones are passed over.
#include "runtime/trainer/plan.h"

#include <cstdlib>
#include <cstring>
#include <functional>

#include "runtime/core/json.h"

namespace netc::trainer {
namespace {

/// Pulls values from JSON; after a fault everything is empty.
class Reader {
 public:
  explicit Reader(const char* text) : json_(netc_json_begin(text, std::strlen(text))) {}

  /// Calls `field` with every key of an object; it reads or skips the value.
  void object(const std::function<void(const std::string&)>& field) {
    if (!netc_json_enter(&json_, '{')) return;
    for (int first = 1; netc_json_next(&json_, '}', &first);) {
      char* key = netc_json_key(&json_);
      if (key == nullptr) return;
      std::string name = key;
      std::free(key);
      if (netc_json_peek(&json_) == NETC_JSON_NULL)
        skip();
      else
        field(name);
    }
  }
  template <typename Item>
  void list(const Item& item) {
    if (!netc_json_enter(&json_, '[')) return;
    for (int first = 1; netc_json_next(&json_, ']', &first);) item();
  }
  std::string text() {
    char* value = netc_json_string(&json_);
    std::string copy = value != nullptr ? value : "";
    std::free(value);
    return copy;
  }
  uint64_t natural() {
    uint64_t value = 0;
    netc_json_unsigned(&json_, &value);
    return value;
  }
  int64_t integer() { return static_cast<int64_t>(natural()); }
  bool truth() {
    bool value = netc_json_peek(&json_) == NETC_JSON_TRUE;
    skip();
    return value;
  }
  void skip() { netc_json_skip(&json_); }
  const char* fault() {
    netc_json_finished(&json_);
    return json_.error;
  }

 private:
  netc_json json_;
};

Source read_source(Reader& reader) {
  Source source;
  reader.object([&](const std::string& key) {
    if (key == "input")
      source.input = reader.text();
    else if (key == "kind")
      source.kind = reader.text();
    else if (key == "path")
      source.path = reader.text();
    else if (key == "name")
      source.name = reader.text();
    else if (key == "columns")
      reader.list([&] { source.columns.push_back(reader.integer()); });
    else if (key == "column")
      source.column = reader.text();
    else if (key == "classes")
      reader.list([&] { source.classes.push_back(reader.text()); });
    else if (key == "header")
      source.header = reader.truth();
    else if (key == "window")
      source.window = reader.integer();
    else if (key == "alphabet")
      source.alphabet = reader.text();
    else if (key == "part") {
      std::vector<int64_t> bounds;
      reader.list([&] { bounds.push_back(reader.integer()); });
      if (bounds.size() == 2) source.part = {bounds[0], bounds[1]};
    } else
      reader.skip();
  });
  return source;
}

}  // namespace

Result<Plan> parse_plan(const char* json) {
  Plan plan;
  Reader reader(json);
  reader.object([&](const std::string& key) {
    if (key == "model")
      plan.model = reader.text();
    else if (key == "entry")
      plan.entry = reader.text();
    else if (key == "directory")
      plan.directory = reader.text();
    else if (key == "data")
      reader.list([&] { plan.data.push_back(read_source(reader)); });
    else if (key == "validation")
      reader.list([&] { plan.validation.push_back(read_source(reader)); });
    else if (key == "batch")
      plan.batch = reader.integer();
    else if (key == "epochs")
      plan.epochs = reader.integer();
    else if (key == "shuffle")
      plan.shuffle = reader.truth();
    else if (key == "seed")
      plan.seed = reader.natural();
    else if (key == "early_stop")
      plan.early_stop = reader.integer();
    else
      reader.skip();
  });
  if (const char* fault = reader.fault())
    return failure(exit_bad_input, "the training plan is damaged: {}", fault);
  return plan;
}

Result<std::vector<Plan>> plans_of(const netc_model& model) {
  std::vector<Plan> plans;
  for (uint32_t i = 0; i < model.plan_count; ++i) {
    Result<Plan> plan = parse_plan(model.plans[i]);
    if (!plan) return plan.failure();
    plans.push_back(std::move(*plan));
  }
  return plans;
}

}  // namespace netc::trainer
