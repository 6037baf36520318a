// A training plan as JSON: one line, keys in the order of the structure, what is absent left out.
#include "ir/plan.h"

#include <fmt/format.h>

namespace netc {

namespace {

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + "\"";
}

template <typename T, typename Write>
std::string json_list(const std::vector<T>& items, Write write) {
  std::string result = "[";
  for (const T& item : items) result += (result.size() > 1 ? "," : "") + write(item);
  return result + "]";
}

/// An object, member by member.
class JsonObject {
 public:
  JsonObject& add(std::string_view key, const std::string& json) {
    text_ += fmt::format("{}\"{}\":{}", text_.size() > 1 ? "," : "", key, json);
    return *this;
  }
  JsonObject& add_unless_empty(std::string_view key, const std::string& text) {
    return text.empty() ? *this : add(key, json_string(text));
  }
  std::string text() const { return text_ + "}"; }

 private:
  std::string text_ = "{";
};

std::string json_source(const DataSource& source) {
  JsonObject object;
  object.add("input", json_string(source.input))
      .add("kind", json_string(source.kind))
      .add("path", json_string(source.path))
      .add_unless_empty("name", source.name);
  if (!source.columns.empty())
    object.add("columns", json_list(source.columns, [](int64_t c) { return std::to_string(c); }));
  object.add_unless_empty("column", source.column);
  if (!source.classes.empty()) object.add("classes", json_list(source.classes, json_string));
  if (source.kind == "csv") object.add("header", source.header ? "true" : "false");
  if (source.kind == "text") object.add("window", std::to_string(source.window));
  object.add_unless_empty("alphabet", source.alphabet);
  if (source.part)
    object.add("part", fmt::format("[{},{}]", source.part->first, source.part->second));
  return object.text();
}

}  // namespace

std::string to_json(const TrainPlan& plan) {
  JsonObject object;
  object.add("model", json_string(plan.model))
      .add("entry", json_string(plan.entry))
      .add("directory", json_string(plan.directory))
      .add("data", json_list(plan.data, json_source))
      .add("validation", json_list(plan.validation, json_source))
      .add("batch", std::to_string(plan.batch))
      .add("epochs", std::to_string(plan.epochs))
      .add("shuffle", plan.shuffle ? "true" : "false")
      .add("seed", std::to_string(plan.seed));
  if (plan.early_stop) object.add("early_stop", std::to_string(*plan.early_stop));
  return object.text();
}

}  // namespace netc
