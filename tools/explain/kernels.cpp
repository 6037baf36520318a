// Buffers tell: `place` decides where every tensor lies, here as in `schedule`, and calls follow
// the order of the graph's kernels. So a call belongs to the next group that makes what it writes.
#include "tools/explain/kernels.h"

#include <algorithm>
#include <set>

#include "passes/storage.h"

namespace netc::explain {

namespace {

/// The buffers that a call writes, by name.
std::set<std::string> written(const loops::Program& program, const loops::Step& step,
                              const loops::Call& call) {
  std::set<std::string> names;
  const loops::Kernel& kernel = program[call.kernel];
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (kernel.parameters[i].writable) names.insert(step.buffers[call.arguments[i].index].name);
  return names;
}

int64_t repeats_of(const loops::Step& step, size_t phase) {
  int64_t times = 1;
  for (const loops::Repeat& repeat : step.repeats)
    if (phase >= repeat.first && phase < repeat.first + repeat.count) times *= repeat.extent;
  return times;
}

class CallFinder {
 public:
  CallFinder(const Graph& graph, const loops::Program& program, const loops::Step& step)
      : graph_(graph), program_(program), step_(step), groups_(groups_of(graph)) {
    storage_ = place(graph, groups_, placed_);
  }

  KernelCalls run() {
    KernelCalls calls;
    calls.of.resize(graph_.ops.size());
    auto next = groups_.begin();
    for (size_t phase = 0; phase < step_.phases.size(); ++phase)
      for (const loops::Call& call : step_.phases[phase].calls) {
        const std::set<std::string> names = written(program_, step_, call);
        const auto found = std::find_if(next, groups_.end(), [&](const std::vector<OpId>& group) {
          return makes_one_of(group, names);
        });
        if (found == groups_.end()) {
          calls.list.push_back({program_[call.kernel].name, {}, *names.begin(), {}, 1, false});
          continue;
        }
        next = found + 1;
        for (const OpId op : *found) calls.of[op.index] = calls.list.size();
        calls.list.push_back(described(call, *found, names, phase));
      }
    return calls;
  }

 private:
  bool is_stored(ValueId value, const std::set<std::string>& names) const {
    const loops::BufferId buffer = storage_.of(value);
    return buffer.valid() && names.contains(placed_.buffers[buffer.index].name);
  }

  bool makes_one_of(const std::vector<OpId>& group, const std::set<std::string>& names) const {
    return std::any_of(group.begin(), group.end(), [&](OpId op) {
      return !std::holds_alternative<Reshape>(graph_[op].what) &&
             is_stored(graph_[op].results[0], names);
    });
  }

  KernelCall described(const loops::Call& call, const std::vector<OpId>& group,
                       const std::set<std::string>& names, size_t phase) const {
    KernelCall found{program_[call.kernel].name, group, "", {}, repeats_of(step_, phase), false};
    for (const OpId op : group)
      if (!is_stored(graph_[op].results[0], names)) found.kept.push_back(graph_[op].results[0]);
    found.parallel = call.tasks.extent != Dim{1, false};
    return found;
  }

  const Graph& graph_;
  const loops::Program& program_;
  const loops::Step& step_;
  std::vector<std::vector<OpId>> groups_;
  loops::Step placed_;  ///< nothing but the buffers, all of them
  Storage storage_;
};

}  // namespace

KernelCalls kernel_calls(const Graph& graph, const loops::Program& program,
                         const loops::Step& step) {
  return CallFinder(graph, program, step).run();
}

}  // namespace netc::explain
