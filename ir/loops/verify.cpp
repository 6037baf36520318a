// What must hold for every program, besides the rules of its kernels (verify_kernel.cpp):
//
//  1. Kernels have names of their own; so have the variables of a step, and its other buffers.
//  2. A step's capacity is at least 1. Inputs, outputs and settings stand at valid positions, a
//     setting is one f64; with an arena, every buffer in it has an offset, a multiple of 64, and
//     ends within it at the capacity.
//  3. A call gives every parameter a buffer of the parameter's element type. What a kernel may
//     write is an output, a variable or the arena, and overlaps no other argument of the call.
//  4. The calls of a phase may run in any order: what one may write overlaps nothing that another
//     reads or writes.
//  5. A repeat is of at least one phase and one step, and lies within the ones that are open where
//     it begins. Its counter is an i64[] of the arena, its own, which no kernel writes.
#include <fmt/format.h>

#include <set>

#include "ir/loops/text.h"
#include "ir/loops/verify_kernel.h"

namespace netc::loops {

namespace {

class StepVerifier {
 public:
  StepVerifier(const Program& program, const Step& step, std::vector<std::string>& problems)
      : program_(program), step_(step), problems_(problems) {}

  void verify() {
    if (step_.capacity < 1) return problem("the capacity is {}", step_.capacity);
    std::set<std::string> names;
    for (const Buffer& buffer : step_.buffers) {
      char sigil = buffer.place == Place::variable ? '@' : '%';
      if (!names.insert(sigil + buffer.name).second)
        problem("two buffers are called {}{}", sigil, buffer.name);
      verify_buffer(buffer);
    }
    verify_repeats();
    for (const Phase& phase : step_.phases) {
      bool sound = true;
      for (const Call& call : phase.calls) sound = verify_call(call) && sound;
      if (sound) verify_order(phase);
    }
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> text, Args&&... args) {
    problems_.push_back(fmt::format("step {} {}: {}", step_.model, step_.entry,
                                    fmt::format(text, std::forward<Args>(args)...)));
  }

  int64_t bytes(const Buffer& buffer) const {
    return buffer.type.bytes(step_.capacity);
  }

  void verify_buffer(const Buffer& buffer) {
    for (Dim dim : buffer.type.dims)
      if (dim.factor < 0) problem("{} has a size of {}", buffer.name, dim.factor);
    if (buffer.place == Place::setting && buffer.type != TensorType{DType::f64, {}})
      problem("the setting {} is no f64[]", buffer.name);
    bool numbered = buffer.place == Place::input || buffer.place == Place::output;
    if (numbered && buffer.slot < 0) problem("{} has the position {}", buffer.name, buffer.slot);
    if (buffer.place != Place::arena || step_.arena_bytes < 0) return;
    if (buffer.offset < 0 || buffer.offset % 64 != 0 ||
        buffer.offset + bytes(buffer) > step_.arena_bytes)
      problem("{} lies at {} with {} bytes in an arena of {}", buffer.name, buffer.offset,
              bytes(buffer), step_.arena_bytes);
  }

  void verify_repeats() {
    std::vector<size_t> ends = {step_.phases.size()};
    std::set<BufferId> counters;
    size_t last = 0;
    for (const Repeat& repeat : step_.repeats) {
      while (ends.size() > 1 && ends.back() <= repeat.first) ends.pop_back();
      const size_t end = size_t{repeat.first} + repeat.count;
      if (repeat.count == 0 || repeat.extent < 1 || repeat.first < last || end > ends.back())
        problem("a repeat of {} phases, {} times, from phase {}", repeat.count, repeat.extent,
                repeat.first);
      last = repeat.first;
      ends.push_back(end);
      const bool exists = repeat.counter.index < step_.buffers.size();
      if (!exists || !counters.insert(repeat.counter).second)
        problem("a repeat has no counter of its own");
      else if (const Buffer& buffer = step_.buffers[repeat.counter.index];
               buffer.place != Place::arena || buffer.type != TensorType{DType::i64, {}})
        problem("the counter {} is no i64[] of the arena", buffer.name);
    }
    for (const Phase& phase : step_.phases)
      for (const Call& call : phase.calls)
        for (size_t i = 0; i < call.arguments.size(); ++i)
          if (counters.count(call.arguments[i]) && call.kernel.index < program_.kernels.size() &&
              i < program_[call.kernel].parameters.size() &&
              program_[call.kernel].parameters[i].writable)
            problem("@{} may write a counter", program_[call.kernel].name);
  }

  bool verify_call(const Call& call) {
    if (call.kernel.index >= program_.kernels.size()) {
      problem("a call names no kernel");
      return false;
    }
    const Kernel& kernel = program_[call.kernel];
    if (call.arguments.size() != kernel.parameters.size()) {
      problem("@{} has {} parameters and gets {} arguments", kernel.name, kernel.parameters.size(),
              call.arguments.size());
      return false;
    }
    if (call.tasks.chunk < 1 || call.tasks.extent.factor < 0)
      problem("@{} is called with tasks {} by {}", kernel.name, to_string(call.tasks.extent),
              call.tasks.chunk);
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      if (call.arguments[i].index >= step_.buffers.size()) {
        problem("an argument of @{} is no buffer", kernel.name);
        return false;
      }
      verify_argument(kernel, call, i);
    }
    return true;
  }

  void verify_argument(const Kernel& kernel, const Call& call, size_t i) {
    const Buffer& buffer = step_.buffers[call.arguments[i].index];
    const Parameter& parameter = kernel.parameters[i];
    if (kernel.type(parameter.value).element != buffer.type.dtype)
      problem("@{}: %{} is {}, its argument {} is {}", kernel.name, kernel[parameter.value].name,
              to_string(kernel.type(parameter.value)), buffer.name, to_string(buffer.type));
    if (!parameter.writable) return;
    if (buffer.place == Place::input || buffer.place == Place::setting)
      problem("@{} may write {}, which is the caller's", kernel.name, buffer.name);
    for (size_t j = 0; j < call.arguments.size(); ++j)
      if (i != j && overlap(call.arguments[i], call.arguments[j]))
        problem("@{} may write {}, which overlaps its argument {}", kernel.name, buffer.name,
                step_.buffers[call.arguments[j].index].name);
  }

  bool overlap(BufferId a, BufferId b) const {
    if (a == b) return true;
    if (a.index >= step_.buffers.size() || b.index >= step_.buffers.size()) return false;
    const Buffer& x = step_.buffers[a.index];
    const Buffer& y = step_.buffers[b.index];
    if (x.place != y.place) return false;
    if (x.place == Place::arena)
      return x.offset >= 0 && y.offset >= 0 && x.offset < y.offset + bytes(y) &&
             y.offset < x.offset + bytes(x);
    if (x.place == Place::output) return x.slot == y.slot;
    return false;
  }

  void verify_order(const Phase& phase) {
    for (const Call& writer : phase.calls)
      for (size_t i = 0; i < writer.arguments.size(); ++i) {
        if (!program_[writer.kernel].parameters[i].writable) continue;
        for (const Call& other : phase.calls)
          for (BufferId read : other.arguments)
            if (&other != &writer && overlap(writer.arguments[i], read))
              problem("@{} may write {}, which @{} uses in the same phase",
                      program_[writer.kernel].name, step_.buffers[writer.arguments[i].index].name,
                      program_[other.kernel].name);
      }
  }

  const Program& program_;
  const Step& step_;
  std::vector<std::string>& problems_;
};

}  // namespace

std::vector<std::string> verify(const Program& program) {
  std::vector<std::string> problems;
  std::set<std::string> names;
  for (const Kernel& kernel : program.kernels) {
    if (!names.insert(kernel.name).second)
      problems.push_back(fmt::format("two kernels are called @{}", kernel.name));
    verify_kernel(kernel, problems);
  }
  for (const Step& step : program.steps) StepVerifier(program, step, problems).verify();
  return problems;
}

}  // namespace netc::loops
