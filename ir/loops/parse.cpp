// Reads a program: kernels, then the steps that call them.
#include <map>

#include "ir/loops/parse_kernel.h"
#include "ir/loops/text.h"

namespace netc::loops {

namespace {

class ProgramParser {
 public:
  explicit ProgramParser(Cursor& cursor) : cursor_(cursor) {}

  // program = {kernel | step}
  Program parse() {
    while (!cursor_.at_end()) {
      if (cursor_.at("kernel")) {
        add_kernel(parse_kernel(cursor_));
      } else if (cursor_.at("step")) {
        parse_step();
      } else {
        cursor_.error("expected `kernel` or `step`");
      }
    }
    return std::move(program_);
  }

 private:
  void add_kernel(Kernel kernel) {
    if (cursor_.failed()) return;
    KernelId id{static_cast<uint32_t>(program_.kernels.size())};
    if (!kernels_.emplace(kernel.name, id).second)
      cursor_.error("there are two kernels `@{}`", kernel.name);
    program_.kernels.push_back(std::move(kernel));
  }

  // step = "step" model entry "capacity" integer ["arena" integer] "{" {buffer} phases "}"
  void parse_step() {
    Step step;
    buffers_.clear();
    cursor_.expect("step");
    step.model = cursor_.word("a model's name");
    step.entry = cursor_.word("an entry's name");
    cursor_.expect("capacity");
    step.capacity = cursor_.integer("the capacity");
    if (cursor_.accept("arena")) step.arena_bytes = cursor_.integer("the arena's bytes");
    cursor_.expect("{");
    while (cursor_.at_name('%') || cursor_.at_name('@')) parse_buffer(step);
    parse_phases(step);
    cursor_.expect("}");
    if (!cursor_.failed()) program_.steps.push_back(std::move(step));
  }

  // buffer = name ":" type "=" place [integer]
  void parse_buffer(Step& step) {
    Buffer buffer;
    char sigil = cursor_.at_name('%') ? '%' : '@';
    SourceRange range = cursor_.range();
    buffer.name = cursor_.name(sigil, "a buffer");
    BufferId id{static_cast<uint32_t>(step.buffers.size())};
    if (!buffers_.emplace(sigil + buffer.name, id).second)
      cursor_.error_at(range, "there are two buffers `{}{}`", sigil, buffer.name);
    cursor_.expect(":");
    buffer.type = parse_tensor_type();
    cursor_.expect("=");
    parse_place(buffer, sigil);
    step.buffers.push_back(std::move(buffer));
  }

  void parse_place(Buffer& buffer, char sigil) {
    static constexpr Place places[] = {Place::input, Place::output, Place::variable, Place::setting,
                                       Place::arena};
    for (Place place : places) {
      if ((place == Place::variable) != (sigil == '@') || !cursor_.accept(name(place))) continue;
      buffer.place = place;
      if (place == Place::input || place == Place::output)
        buffer.slot = cursor_.integer("a position");
      if (place == Place::arena && !cursor_.at_name('%') && !cursor_.at_name('@') &&
          !cursor_.at("phase") && !cursor_.at("repeat") && !cursor_.at("}"))
        buffer.offset = cursor_.integer("an offset");
      return;
    }
    cursor_.error("expected {}", sigil == '@' ? "`variable`, the place of every `@name`"
                                              : "a place: `input`, `output`, `setting` or `arena`");
  }

  TensorType parse_tensor_type() {
    TensorType type;
    type.dtype = cursor_.dtype();
    cursor_.expect("[");
    while (!cursor_.failed() && !cursor_.at("]")) {
      type.dims.push_back(parse_dim());
      if (!cursor_.accept(",")) break;
    }
    cursor_.expect("]");
    return type;
  }

  // dim = integer | "N" | integer "*" "N"
  Dim parse_dim() {
    if (cursor_.accept("N")) return {1, true};
    Dim dim{cursor_.integer("a size"), false};
    if (cursor_.accept("*")) {
      cursor_.expect("N");
      dim.batch = true;
    }
    return dim;
  }

  // phases = {phase | repeat}
  void parse_phases(Step& step, int depth = 0) {
    while (cursor_.at("phase") || cursor_.at("repeat")) {
      if (cursor_.at("phase"))
        parse_phase(step);
      else
        parse_repeat(step, depth);
    }
  }

  // repeat = "repeat" integer "counter" name ["reversed"] "{" phases "}"
  void parse_repeat(Step& step, int depth) {
    if (depth == 16) return cursor_.error("repeats are nested more than 16 deep");
    cursor_.expect("repeat");
    size_t position = step.repeats.size();
    Repeat repeat;
    repeat.first = static_cast<uint32_t>(step.phases.size());
    repeat.extent = cursor_.integer("how often");
    cursor_.expect("counter");
    repeat.counter = parse_argument();
    repeat.reversed = cursor_.accept("reversed");
    step.repeats.push_back(repeat);
    cursor_.expect("{");
    parse_phases(step, depth + 1);
    cursor_.expect("}");
    step.repeats[position].count = static_cast<uint32_t>(step.phases.size()) - repeat.first;
  }

  // phase = "phase" "{" {call} "}"
  void parse_phase(Step& step) {
    Phase phase;
    cursor_.expect("phase");
    cursor_.expect("{");
    while (cursor_.at_name('@')) phase.calls.push_back(parse_call());
    cursor_.expect("}");
    step.phases.push_back(std::move(phase));
  }

  // call = @kernel "(" [name {"," name}] ")" ["tasks" dim "by" integer]
  Call parse_call() {
    Call call;
    SourceRange range = cursor_.range();
    std::string kernel = cursor_.name('@', "a kernel");
    auto found = kernels_.find(kernel);
    if (found == kernels_.end()) {
      cursor_.error_at(range, "there is no kernel `@{}` above", kernel);
      return call;
    }
    call.kernel = found->second;
    cursor_.expect("(");
    while (!cursor_.failed() && !cursor_.at(")")) {
      call.arguments.push_back(parse_argument());
      if (!cursor_.accept(",")) break;
    }
    cursor_.expect(")");
    if (cursor_.accept("tasks")) {
      call.tasks.extent = parse_dim();
      cursor_.expect("by");
      call.tasks.chunk = cursor_.integer("the chunk");
    }
    return call;
  }

  BufferId parse_argument() {
    char sigil = cursor_.at_name('@') ? '@' : '%';
    SourceRange range = cursor_.range();
    std::string name = sigil + cursor_.name(sigil, "a buffer");
    auto found = buffers_.find(name);
    if (found != buffers_.end()) return found->second;
    cursor_.error_at(range, "there is no buffer `{}`", name);
    return {0};
  }

  Cursor& cursor_;
  Program program_;
  std::map<std::string, KernelId> kernels_;
  std::map<std::string, BufferId> buffers_;
};

}  // namespace

Program parse_program(const SourceMap& sources, FileId file, Diagnostics& diagnostics) {
  Cursor cursor(sources, file, diagnostics);
  return ProgramParser(cursor).parse();
}

}  // namespace netc::loops
