// A recursive descent over one kernel. Types that follow from the operands are not written in the
// text and are found here; constants, N and the task number, written at their uses, become
// instructions at the head of the kernel.
#include "ir/loops/parse_kernel.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace netc::loops {

namespace {

constexpr int max_nesting = 256;

/// Operators too go by their names here.
std::optional<Function> find_row(std::string_view word) {
  for (size_t i = 0; i < function_count; ++i)
    if (info(static_cast<Function>(i)).name == word) return static_cast<Function>(i);
  return std::nullopt;
}

class KernelParser {
 public:
  explicit KernelParser(Cursor& cursor) : cursor_(cursor) {}

  Kernel parse() {
    cursor_.expect("kernel");
    kernel_.name = cursor_.name('@', "the kernel's name");
    cursor_.expect("(");
    while (!cursor_.failed() && !cursor_.at(")")) {
      parse_parameter();
      if (!cursor_.accept(",")) break;
    }
    cursor_.expect(")");
    kernel_.body = parse_region({}, 0);
    kernel_.body.body.insert(kernel_.body.body.begin(), head_.begin(), head_.end());
    return std::move(kernel_);
  }

 private:
  // parameter = %name ":" ["mut"] type
  void parse_parameter() {
    std::string name = cursor_.name('%', "a parameter");
    cursor_.expect(":");
    bool writable = cursor_.accept("mut");
    Type type = parse_type(cursor_);
    kernel_.parameters.push_back({define(name, type), writable});
  }

  RegisterId add_register(const std::string& name, Type type) {
    kernel_.registers.push_back({name, type});
    return {static_cast<uint32_t>(kernel_.registers.size() - 1)};
  }

  RegisterId define(const std::string& name, Type type) {
    RegisterId id = add_register(name, type);
    if (!names_.emplace(name, id).second && !cursor_.failed())
      cursor_.error("`%{}` is defined twice", name);
    return id;
  }

  InstructionId add(Instruction instruction) {
    kernel_.instructions.push_back(std::move(instruction));
    return {static_cast<uint32_t>(kernel_.instructions.size() - 1)};
  }

  /// The register of `784`, `N` or `task` at a use: made once, at the head. Its name can stand in
  /// no text, so that it meets no other.
  RegisterId inlined(const std::string& text, Instruction instruction) {
    auto found = names_.find("#" + text);
    if (found != names_.end()) return found->second;
    RegisterId id = define("#" + text, {DType::i64});
    instruction.results = {id};
    head_.push_back(add(std::move(instruction)));
    return id;
  }

  // use = %name | integer | "N" | "task" | "task_end"
  RegisterId parse_use() {
    if (cursor_.accept("N")) return inlined("N", {.opcode = Opcode::batch});
    if (cursor_.accept("task")) return inlined("task", {.opcode = Opcode::task});
    if (cursor_.accept("task_end")) return inlined("task_end", {.opcode = Opcode::task_end});
    if (!cursor_.at_name('%')) {
      int64_t value = cursor_.integer("a value (`%name`, `N`, `task`, `task_end`)");
      if (cursor_.failed()) return inlined("0", {.opcode = Opcode::constant});
      return inlined(fmt::format("{}", value), {.opcode = Opcode::constant, .integer = value});
    }
    std::string name;
    SourceRange range = cursor_.range();
    name = cursor_.name('%', "a value");
    auto found = names_.find(name);
    if (found != names_.end()) return found->second;
    cursor_.error_at(range, "`%{}` is not defined", name);
    return inlined("0", {.opcode = Opcode::constant});
  }

  void parse_uses(Instruction& it) {
    it.operands.push_back(parse_use());
    while (cursor_.accept(",")) it.operands.push_back(parse_use());
  }

  // region = "{" {instruction} "}"
  Region parse_region(std::vector<RegisterId> parameters, int depth) {
    Region region;
    region.parameters = std::move(parameters);
    if (depth > max_nesting) cursor_.error("more than {} regions inside each other", max_nesting);
    cursor_.expect("{");
    while (!cursor_.failed() && !cursor_.at("}")) parse_instruction(region, depth);
    cursor_.expect("}");
    bool yields = !region.body.empty() && kernel_[region.body.back()].opcode == Opcode::yield;
    if (depth > 0 && !yields) region.body.push_back(add({.opcode = Opcode::yield}));
    return region;
  }

  // instruction = [%name {"," %name} "="] word ...
  void parse_instruction(Region& region, int depth) {
    std::vector<std::string> names;
    if (cursor_.at_name('%')) {
      do names.push_back(cursor_.name('%', "a result"));
      while (cursor_.accept(","));
      cursor_.expect("=");
    }
    std::string word = cursor_.word("an instruction");
    if (cursor_.failed()) return;
    Instruction it;
    std::vector<Type> types = parse_rest(word, it, depth);
    if (cursor_.failed()) return;
    if (types.size() != names.size())
      return cursor_.error("`{}` has {} results, {} are named", word, types.size(), names.size());
    for (size_t i = 0; i < names.size(); ++i) it.results.push_back(define(names[i], types[i]));
    region.body.push_back(add(std::move(it)));
  }

  Type operand_type(const Instruction& it, size_t k) const {
    return k < it.operands.size() ? kernel_.type(it.operands[k]) : Type{};
  }

  Type parse_written_type() {
    cursor_.expect(":");
    return parse_type(cursor_);
  }

  static std::optional<Opcode> find_opcode(std::string_view word) {
    for (int i = 0; i <= static_cast<int>(Opcode::yield); ++i)
      if (name(static_cast<Opcode>(i)) == word) return static_cast<Opcode>(i);
    return std::nullopt;
  }

  /// What follows the instruction's word; gives the types of its results.
  std::vector<Type> parse_rest(const std::string& word, Instruction& it, int depth) {
    if (std::optional<Function> function = find_row(word)) {
      it.opcode = Opcode::apply;
      it.function = *function;
      parse_uses(it);
      Type operand = kernel_.type(it.operands.back());
      return {{result_type(it.function, operand.element), operand.lanes}};
    }
    std::optional<Opcode> opcode = find_opcode(word);
    if (!opcode || *opcode == Opcode::apply) {
      cursor_.error("there is no instruction `{}`", word);
      return {};
    }
    it.opcode = *opcode;
    switch (it.opcode) {
      case Opcode::loop:
        return parse_loop(it, depth);
      case Opcode::branch:
        return parse_branch(it, depth);
      case Opcode::load:
      case Opcode::store:
      case Opcode::prefetch:
        return parse_memory(it);
      case Opcode::constant:
        return parse_constant(it);
      case Opcode::yield:
        parse_uses(it);
        return {};
      default:
        return parse_value(it);
    }
  }

  std::vector<Type> parse_constant(Instruction& it) {
    double number = 0;
    int64_t integer = 0;
    bool is_integral = cursor_.read_constant(&number, &integer);
    Type type = parse_written_type();
    if (is_float(type.element)) {
      it.number = number;
    } else if (is_integral) {
      it.integer = integer;
    } else {
      cursor_.error("the constant of type {} is no integer", to_string(type));
    }
    return {type};
  }

  /// Instructions without memory or regions.
  std::vector<Type> parse_value(Instruction& it) {
    switch (it.opcode) {
      case Opcode::batch:
      case Opcode::task:
      case Opcode::task_end:
      case Opcode::iota:
        return {parse_written_type()};
      case Opcode::convert:
      case Opcode::broadcast:
        parse_uses(it);
        return {parse_written_type()};
      case Opcode::alloc:
        it.integer = cursor_.integer("the number of elements");
        return {parse_written_type()};
      case Opcode::reduce:
        if (auto function = find_row(cursor_.word("a function"))) {
          it.function = *function;
        } else {
          cursor_.error("`reduce` needs a function");
        }
        parse_uses(it);
        return {{operand_type(it, 0).element}};
      case Opcode::extract:
      case Opcode::insert:
        parse_uses(it);
        cursor_.expect("lane");
        it.integer = cursor_.integer("a lane");
        if (it.opcode == Opcode::extract) return {{operand_type(it, 0).element}};
        return {operand_type(it, 0)};
      case Opcode::shuffle:
        return parse_shuffle(it);
      case Opcode::fma:
        parse_uses(it);
        return {operand_type(it, 2)};
      default:  // advance
        parse_uses(it);
        return {operand_type(it, 0)};
    }
  }

  std::vector<Type> parse_shuffle(Instruction& it) {
    parse_uses(it);
    cursor_.expect("[");
    do it.lanes.push_back(static_cast<int32_t>(cursor_.integer("a lane")));
    while (cursor_.accept(","));
    cursor_.expect("]");
    return {{operand_type(it, 0).element, static_cast<uint16_t>(it.lanes.size())}};
  }

  // memory = use "[" use "]" ["," use] {"stride" integer | "gather" | "mask" use | "non_temporal"}
  std::vector<Type> parse_memory(Instruction& it) {
    it.operands.push_back(parse_use());
    cursor_.expect("[");
    it.operands.push_back(parse_use());
    cursor_.expect("]");
    if (it.opcode == Opcode::prefetch) return {};
    if (it.opcode == Opcode::store) {
      cursor_.expect(",");
      it.operands.push_back(parse_use());
    }
    if (cursor_.accept("stride")) {
      it.access = Access::strided;
      it.stride = cursor_.integer("a stride");
    } else if (cursor_.accept("gather")) {
      it.access = Access::gather;
    }
    if (cursor_.accept("mask")) {
      it.masked = true;
      it.operands.push_back(parse_use());
    }
    it.non_temporal = cursor_.accept("non_temporal");
    if (it.opcode == Opcode::store) return {};
    return {parse_written_type()};
  }

  // for %i = use "to" use "step" integer ["unroll"] ["carry" %s = use {"," %t = use}] region
  std::vector<Type> parse_loop(Instruction& it, int depth) {
    std::string iv = cursor_.name('%', "the loop's variable");
    cursor_.expect("=");
    it.operands.push_back(parse_use());
    cursor_.expect("to");
    it.operands.push_back(parse_use());
    cursor_.expect("step");
    it.integer = cursor_.integer("the step");
    it.unroll = cursor_.accept("unroll");
    std::vector<std::string> names;
    std::vector<Type> types;
    if (cursor_.accept("carry")) {
      do {
        names.push_back(cursor_.name('%', "a carried value"));
        cursor_.expect("=");
        it.operands.push_back(parse_use());
        types.push_back(kernel_.type(it.operands.back()));
      } while (cursor_.accept(","));
    }
    std::vector<RegisterId> parameters = {define(iv, {DType::i64})};
    for (size_t i = 0; i < names.size(); ++i) parameters.push_back(define(names[i], types[i]));
    it.regions.push_back(parse_region(std::move(parameters), depth + 1));
    return types;
  }

  // if use region ["else" region]
  std::vector<Type> parse_branch(Instruction& it, int depth) {
    it.operands.push_back(parse_use());
    it.regions.push_back(parse_region({}, depth + 1));
    if (cursor_.accept("else")) {
      it.regions.push_back(parse_region({}, depth + 1));
    } else {
      it.regions.push_back({{}, {add({.opcode = Opcode::yield})}});
    }
    std::vector<Type> types;
    if (cursor_.failed()) return types;
    for (RegisterId value : kernel_[it.regions[0].body.back()].operands)
      types.push_back(kernel_.type(value));
    return types;
  }

  Cursor& cursor_;
  Kernel kernel_;
  std::vector<InstructionId> head_;
  std::map<std::string, RegisterId> names_;
};

}  // namespace

Type parse_type(Cursor& cursor) {
  Type type;
  SourceRange range = cursor.range();
  std::string word = cursor.word("a type");
  size_t cross = word.find('x');
  std::optional<DType> element = parse_dtype(word.substr(0, cross));
  if (!element && !cursor.failed()) cursor.error_at(range, "there is no type `{}`", word);
  type.element = element.value_or(DType::f32);
  if (cross != word.npos) {
    const char* end = word.data() + word.size();
    auto [stop, code] = std::from_chars(word.data() + cross + 1, end, type.lanes);
    if (code != std::errc{} || stop != end || type.lanes < 2 || type.lanes > 1024)
      cursor.error_at(range, "a vector has 2 to 1024 lanes, found `{}`", word);
  }
  type.pointer = cursor.accept("*");
  return type;
}

Kernel parse_kernel(Cursor& cursor) { return KernelParser(cursor).parse(); }

}  // namespace netc::loops
