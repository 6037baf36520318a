// The C header of the models: what a C or C++ program needs to call them, and all sizes as
// constants. It is made of the interface alone, so it is the same on every machine.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <sstream>

#include "codegen/codegen.h"
#include "codegen/public_functions.h"

namespace netc {

namespace {

/// Words of C and C++, and names that the headers included here, or a program, give a meaning.
constexpr const char* c_words =
    "NULL _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert "
    "_Thread_local alignas alignof and and_eq asm auto bitand bitor bool break case catch char "
    "char16_t char32_t char8_t class co_await co_return co_yield compl concept const const_cast "
    "consteval constexpr constinit continue decltype default delete do double dynamic_cast else "
    "enum errno explicit export extern false float for friend goto if inline int int16_t int32_t "
    "int64_t int8_t intptr_t linux long main max_align_t mutable namespace netc_options netc_pool "
    "new noexcept not not_eq nullptr offsetof operator or or_eq private protected ptrdiff_t "
    "public register reinterpret_cast requires restrict return short signed size_t sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true try typedef "
    "typeid typename typeof uint16_t uint32_t uint64_t uint8_t uintptr_t union unix unsigned "
    "using virtual void volatile wchar_t while xor xor_eq";

const char* c_type(DType type) {
  switch (type) {
    case DType::f64:
      return "double";
    case DType::f32:
      return "float";
    case DType::f16:
    case DType::bf16:
      return "uint16_t";
    case DType::i64:
      return "int64_t";
    case DType::i32:
      return "int32_t";
    case DType::u8:
    case DType::boolean:
      return "uint8_t";
  }
  return "void";
}

/// Gives every name once: what is taken or has a meaning in C gets underscores.
class Names {
 public:
  explicit Names(std::set<std::string> taken = {}) : taken_(std::move(taken)) {
    std::istringstream words(c_words);
    taken_.insert(std::istream_iterator<std::string>(words), {});
  }

  std::string fresh(std::string name) {
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    while (!taken_.insert(name).second) name += '_';
    return name;
  }

 private:
  std::set<std::string> taken_;
};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

class ModelHeader {
 public:
  explicit ModelHeader(const ModelInterface& model)
      : model_(model), type_(Names().fresh(model.name)), prefix_(upper(model.name)) {}

  std::string write() {
    text_ = fmt::format("/* The model `{0}`. */\ntypedef struct {1} {1};\n\n", model_.name, type_);
    write_sizes();
    write_variables();
    write_life();
    for (const EntryFunction& function : entry_functions(model_)) write_entry(function);
    write_access();
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void add(fmt::format_string<Args...> text, Args&&... args) {
    text_ += fmt::format(text, std::forward<Args>(args)...);
  }

  void constant(const std::string& name, const std::string& value) {
    add("#define {} {}\n", macros_.fresh(prefix_ + "_" + upper(name)), value);
  }

  void row_size(const std::string& role, const std::string& name, const TensorType& type) {
    std::string per = type.has_batch() ? "_ROW_ELEMENTS" : "_ELEMENTS";
    add("/* {} {}: {} */\n", role, name, to_string(type));
    constant(role + "_" + name + per, std::to_string(type.elements(1)));
  }

  void write_sizes() {
    add("/* The largest number of rows of a training step. */\n");
    constant("capacity", std::to_string(model_.capacity));
    add("\n");
    for (const Value& input : model_.inputs) row_size("input", input.name, input.type);
    std::set<std::string> seen;
    for (const EntryInterface& entry : model_.entries)
      for (size_t i = 0; i < entry.results.size(); ++i)
        if (entry.results[i].kind == ResultKind::output &&
            seen.insert(entry.results[i].name).second)
          row_size("output", entry.results[i].name, entry.result_types[i]);
    add("\n");
  }

  /// Names and shapes of what `get_tensor` and `set_tensor` reach.
  void write_variables() {
    for (const Value& variable : model_.variables) {
      add("/* {} {}: {} */\n", name(variable.role), variable.name, to_string(variable.type));
      std::vector<std::string> sizes;
      for (Dim dim : variable.type.dims) sizes.push_back(std::to_string(dim.factor));
      constant(variable.name + "_name", fmt::format("\"{}\"", variable.name));
      constant(variable.name + "_rank", std::to_string(variable.type.rank()));
      if (!sizes.empty())
        constant(variable.name + "_shape", fmt::format("{{{}}}", fmt::join(sizes, ", ")));
      constant(variable.name + "_elements", std::to_string(variable.type.elements(1)));
    }
    add("\n");
  }

  void write_life() {
    add("/* Makes a model with fresh parameters; NULL takes the defaults. After a failure *model\n"
        " * can only tell the error and be destroyed. */\n"
        "int {0}_create({1} **model, const struct netc_options *options);\n"
        "void {0}_destroy({1} *model);\n\n"
        "/* The bytes that it takes in all: what create wants of a caller who gives it memory. "
        "After\n"
        " * create, only load and save allocate any more, and the start of threads. */\n"
        "size_t {0}_memory_bytes(void);\n\n",
        model_.name, type_);
  }

  static std::string describe(const EntryFunction& function) {
    if (function.trains) return "One training step on n rows, 1 to the capacity; loss may be NULL.";
    return function.symbol.ends_with("_predict")
               ? "The outputs for any number of rows; those not wanted may be NULL."
               : "Loss and metrics over any number of rows; those not wanted may be NULL.";
  }

  void write_entry(const EntryFunction& function) {
    const EntryInterface& entry = model_.entries[function.entry];
    Names names({"model", "n"});
    std::string parameters = fmt::format("{} *model, size_t n", type_);
    for (uint32_t position : entry.inputs) {
      const Value& input = model_.inputs[position];
      parameters +=
          fmt::format(", const {} *{}", c_type(input.type.dtype), names.fresh(input.name));
    }
    for (uint32_t position : function.results) {
      const GraphResult& result = entry.results[position];
      std::string name = result.kind == ResultKind::loss ? "loss" : result.name;
      parameters +=
          fmt::format(", {} *{}", c_type(entry.result_types[position].dtype), names.fresh(name));
    }
    add("/* {} */\nint {}({});\n\n", describe(function), function.symbol, parameters);
  }

  void write_access() {
    add("/* A parameter or state by name, dense in its declared order. */\n"
        "int {0}_get_tensor(const {1} *model, const char *name, void *to);\n"
        "int {0}_set_tensor({1} *model, const char *name, const void *from);\n\n"
        "/* Parameters and states as a safetensors file. */\n"
        "int {0}_save(const {1} *model, const char *path);\n"
        "int {0}_load({1} *model, const char *path);\n\n",
        model_.name, type_);
    std::string settings;
    for (const Value& setting : model_.settings)
      if (setting.name != "step") settings += (settings.empty() ? "" : ", ") + setting.name;
    add("/* Sets a run-time value of the optimizer{}{}. */\n", settings.empty() ? "" : ": ",
        settings);
    add("int {0}_set({1} *model, const char *name, float value);\n\n"
        "/* The last failure in words. */\n"
        "const char *{0}_error(const {1} *model);\n\n",
        model_.name, type_);
  }

  const ModelInterface& model_;
  std::string type_;  ///< its name, or one like it where C gives that a meaning
  std::string prefix_;
  Names macros_;
  std::string text_;
};

constexpr char options[] = R"(#if !defined(NETC_RT_H) && !defined(NETC_OPTIONS)
#define NETC_OPTIONS
struct netc_pool;
/* What create takes; zeros are defaults. */
struct netc_options {
  size_t size;            /* sizeof(struct netc_options) */
  uint64_t seed;          /* of the initial parameters and of random draws */
  int threads;            /* 0: as many as are useful and allowed */
  void *memory;           /* the caller's memory, aligned to 64 bytes, or NULL */
  size_t bytes;           /* its size */
  struct netc_pool *pool; /* threads shared with other models, or NULL */
  const char *weights;    /* a safetensors file in place of the initial values, or NULL */
};
#endif

)";

}  // namespace

std::string emit_header(const CodegenInput& input) {
  std::string names;
  for (const ModelInterface& model : *input.models) names += "_" + upper(model.name);
  std::string guard = "NETC" + names + "_H";
  std::string text = fmt::format(
      "/* Written by netc. Every function that gives an int gives 0 on success; a call that fails\n"
      " * has changed nothing. A model is used by one thread at a time. Objects are linked with\n"
      " * libnetc_rt.a and -lm; libraries stand alone. */\n"
      "#ifndef {0}\n#define {0}\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
      guard);
  text += options;
  for (const ModelInterface& model : *input.models) text += ModelHeader(model).write();
  text += "#ifdef __cplusplus\n}\n#endif\n\n";
  return text + fmt::format("#endif /* {} */\n", guard);
}

}  // namespace netc
