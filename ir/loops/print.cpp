// The text of the loops IR. Scalar i64 constants, N and the task number are written where they are
// used and have no line of their own.
#include <fmt/format.h>

#include <algorithm>

#include "ir/loops/text.h"

namespace netc::loops {

namespace {

uint32_t count_lines(std::string_view text) {
  return static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

class KernelPrinter {
 public:
  explicit KernelPrinter(const Kernel& kernel)
      : kernel_(kernel), inlined_(kernel.registers.size()), lines_(kernel.instructions.size()) {}

  std::string print() {
    text_ = fmt::format("kernel @{}(", kernel_.name);
    for (size_t i = 0; i < kernel_.parameters.size(); ++i) {
      const Parameter& parameter = kernel_.parameters[i];
      text_ +=
          fmt::format("{}%{}: {}{}", i ? ", " : "", kernel_[parameter.value].name,
                      parameter.writable ? "mut " : "", to_string(kernel_.type(parameter.value)));
    }
    text_ += ") {\n";
    print_region(kernel_.body, 1);
    return std::move(text_) + "}\n";
  }

  /// After `print`: lines behind the kernel's first one, by instruction.
  const std::vector<uint32_t>& lines() const { return lines_; }

 private:
  /// What stands for an i64 where it is used; empty: its name.
  static std::string inlined_text(const Instruction& instruction) {
    switch (instruction.opcode) {
      case Opcode::constant:
        return fmt::format("{}", instruction.integer);
      case Opcode::batch:
        return "N";
      case Opcode::task:
      case Opcode::task_end:
        return std::string(name(instruction.opcode));
      default:
        return {};
    }
  }

  bool is_inlined(const Instruction& instruction) const {
    if (instruction.results.size() != 1) return false;
    bool scalar = kernel_.type(instruction.results[0]) == Type{DType::i64};
    return scalar && !inlined_text(instruction).empty();
  }

  std::string use(RegisterId id) const {
    const std::string& inlined = inlined_[id.index];
    return inlined.empty() ? "%" + kernel_[id].name : inlined;
  }

  std::string uses(const std::vector<RegisterId>& ids, size_t from = 0) const {
    std::string text;
    for (size_t i = from; i < ids.size(); ++i) text += (i > from ? ", " : "") + use(ids[i]);
    return text;
  }

  void print_region(const Region& region, int depth) {
    for (InstructionId id : region.body) {
      const Instruction& instruction = kernel_[id];
      lines_[id.index] = finished_lines();
      if (is_inlined(instruction)) {
        inlined_[instruction.results[0].index] = inlined_text(instruction);
        continue;
      }
      if (instruction.opcode == Opcode::yield && instruction.operands.empty()) continue;
      text_.append(2 * static_cast<size_t>(depth), ' ');
      for (size_t i = 0; i < instruction.results.size(); ++i)
        text_ += (i ? ", %" : "%") + kernel_[instruction.results[i]].name;
      if (!instruction.results.empty()) text_ += " = ";
      print_instruction(instruction, depth);
      text_ += '\n';
    }
  }

  uint32_t finished_lines() {
    finished_ += count_lines(std::string_view(text_).substr(counted_));
    counted_ = text_.size();
    return finished_;
  }

  std::string place(const Instruction& memory) const {
    return fmt::format("{}[{}]", use(memory.operands[0]), use(memory.operands[1]));
  }

  std::string mode(const Instruction& memory) const {
    std::string text;
    if (memory.access == Access::strided) text += fmt::format(" stride {}", memory.stride);
    if (memory.access == Access::gather) text += " gather";
    if (memory.masked) text += " mask " + use(memory.operands.back());
    if (memory.non_temporal) text += " non_temporal";
    return text;
  }

  void print_constant(const Instruction& constant, Type type) {
    if (is_float(type.element)) {
      text_ += fmt::format("constant {} : {}", constant.number, to_string(type));
    } else {
      text_ += fmt::format("constant {} : {}", constant.integer, to_string(type));
    }
  }

  void print_instruction(const Instruction& it, int depth) {
    Type type = it.results.empty() ? Type{} : kernel_.type(it.results[0]);
    switch (it.opcode) {
      case Opcode::constant:
        return print_constant(it, type);
      case Opcode::apply:
        text_ += fmt::format("{} {}", info(it.function).name, uses(it.operands));
        return;
      case Opcode::reduce:
        text_ += fmt::format("reduce {} {}", info(it.function).name, uses(it.operands));
        return;
      case Opcode::batch:
      case Opcode::task:
      case Opcode::task_end:
      case Opcode::iota:
        text_ += fmt::format("{} : {}", name(it.opcode), to_string(type));
        return;
      case Opcode::convert:
      case Opcode::broadcast:
        text_ += fmt::format("{} {} : {}", name(it.opcode), uses(it.operands), to_string(type));
        return;
      case Opcode::load:
        text_ += fmt::format("load {}{} : {}", place(it), mode(it), to_string(type));
        return;
      case Opcode::store:
        text_ += fmt::format("store {}, {}{}", place(it), use(it.operands[2]), mode(it));
        return;
      case Opcode::prefetch:
        text_ += "prefetch " + place(it);
        return;
      case Opcode::extract:
      case Opcode::insert:
        text_ += fmt::format("{} {} lane {}", name(it.opcode), uses(it.operands), it.integer);
        return;
      case Opcode::shuffle:
        text_ += fmt::format("shuffle {} [{}]", uses(it.operands), fmt::join(it.lanes, ", "));
        return;
      case Opcode::alloc:
        text_ += fmt::format("alloc {} : {}", it.integer, to_string(type));
        return;
      case Opcode::fma:
      case Opcode::advance:
      case Opcode::yield:
        text_ += fmt::format("{} {}", name(it.opcode), uses(it.operands));
        return;
      case Opcode::loop:
        return print_loop(it, depth);
      case Opcode::branch:
        return print_branch(it, depth);
    }
  }

  void print_nested(const Region& region, int depth) {
    text_ += "{\n";
    print_region(region, depth + 1);
    text_.append(2 * static_cast<size_t>(depth), ' ');
    text_ += '}';
  }

  void print_loop(const Instruction& it, int depth) {
    const Region& region = it.regions[0];
    text_ += fmt::format("for %{} = {} to {} step {} ", kernel_[region.parameters[0]].name,
                         use(it.operands[0]), use(it.operands[1]), it.integer);
    if (it.unroll) text_ += "unroll ";
    for (size_t i = 1; i < region.parameters.size(); ++i)
      text_ += fmt::format("{}%{} = {}", i == 1 ? "carry " : ", ",
                           kernel_[region.parameters[i]].name, use(it.operands[i + 1]));
    if (region.parameters.size() > 1) text_ += ' ';
    print_nested(region, depth);
  }

  void print_branch(const Instruction& it, int depth) {
    text_ += fmt::format("if {} ", use(it.operands[0]));
    print_nested(it.regions[0], depth);
    const std::vector<InstructionId>& otherwise = it.regions[1].body;
    bool empty = std::all_of(otherwise.begin(), otherwise.end(), [&](InstructionId id) {
      return kernel_[id].opcode == Opcode::yield && kernel_[id].operands.empty();
    });
    if (empty) return;
    text_ += " else ";
    print_nested(it.regions[1], depth);
  }

  const Kernel& kernel_;
  std::vector<std::string> inlined_;  ///< by register: what stands at its uses, or empty
  std::vector<uint32_t> lines_;
  uint32_t finished_ = 0;
  size_t counted_ = 0;  ///< bytes of the text whose lines are in `finished_`
  std::string text_;
};

std::string sigil(const Buffer& buffer) {
  return (buffer.place == Place::variable ? "@" : "%") + buffer.name;
}

std::string print_step(const Step& step) {
  std::string text = fmt::format("step {} {} capacity {}", step.model, step.entry, step.capacity);
  if (step.arena_bytes >= 0) text += fmt::format(" arena {}", step.arena_bytes);
  text += " {\n";
  for (const Buffer& buffer : step.buffers) {
    text += fmt::format("  {}: {} = {}", sigil(buffer), to_string(buffer.type), name(buffer.place));
    if (buffer.place == Place::input || buffer.place == Place::output)
      text += fmt::format(" {}", buffer.slot);
    if (buffer.place == Place::arena && buffer.offset >= 0)
      text += fmt::format(" {}", buffer.offset);
    text += '\n';
  }
  return text;
}

std::string print_call(const Program& program, const Step& step, const Call& call) {
  std::string text = fmt::format("  @{}(", program[call.kernel].name);
  for (size_t i = 0; i < call.arguments.size(); ++i)
    text += (i ? ", " : "") + sigil(step.buffers[call.arguments[i].index]);
  text += ")";
  if (call.tasks.extent != Dim{1, false} || call.tasks.chunk != 1)
    text += fmt::format(" tasks {} by {}", to_string(call.tasks.extent), call.tasks.chunk);
  return text;
}

/// `calls` gets the line of each call behind the first phase's, by phase.
std::string print_phases(const Program& program, const Step& step,
                         std::vector<std::vector<uint32_t>>& calls) {
  std::string text;
  uint32_t finished = 0;
  std::vector<size_t> ends;  // of the repeats that are open
  auto line = [&](const std::string& content) {
    ++finished;
    text += std::string(2 * ends.size() + 2, ' ') + content + "\n";
  };
  size_t next = 0;
  for (size_t p = 0; p < step.phases.size(); ++p) {
    for (; next < step.repeats.size() && step.repeats[next].first == p; ++next) {
      const Repeat& repeat = step.repeats[next];
      line(fmt::format("repeat {} counter {}{} {{", repeat.extent,
                       sigil(step.buffers[repeat.counter.index]),
                       repeat.reversed ? " reversed" : ""));
      ends.push_back(repeat.first + repeat.count);
    }
    line("phase {");
    std::vector<uint32_t>& of_phase = calls.emplace_back();
    for (const Call& call : step.phases[p].calls) {
      of_phase.push_back(finished);
      line(print_call(program, step, call));
    }
    line("}");
    while (!ends.empty() && ends.back() == p + 1) {
      ends.pop_back();
      line("}");
    }
  }
  return text;
}

}  // namespace

std::string print(const Kernel& kernel) { return KernelPrinter(kernel).print(); }

std::string print(const Program& program, LineTable* lines) {
  std::string text;
  uint32_t finished = 0;
  auto append = [&](const std::string& part) {
    finished += count_lines(part);
    text += part;
  };
  auto separate = [&] { append(text.empty() ? "" : "\n"); };
  for (const Kernel& kernel : program.kernels) {
    separate();
    uint32_t first = finished + 1;
    KernelPrinter printer(kernel);
    append(printer.print());
    if (!lines) continue;
    lines->kernels.push_back({first, printer.lines()});
    for (uint32_t& line : lines->kernels.back().instructions) line += first;
  }
  for (const Step& step : program.steps) {
    separate();
    LineTable::OfStep of_step{finished + 1, {}};
    append(print_step(step));
    uint32_t phases = finished + 1;
    append(print_phases(program, step, of_step.calls));
    append("}\n");
    for (std::vector<uint32_t>& calls : of_step.calls)
      for (uint32_t& line : calls) line += phases;
    if (lines) lines->steps.push_back(std::move(of_step));
  }
  return text;
}

}  // namespace netc::loops
