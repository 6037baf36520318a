// Calls follow the order of the graph's kernels, so a call belongs to the next group that makes one
// of the tensors that it writes.
#include "tools/explain/kernels.h"

#include <algorithm>
#include <map>
#include <set>

#include "passes/storage.h"
#include "tools/explain/roles.h"

namespace netc::explain {

namespace {

std::string key_of(const loops::Buffer& buffer) {
  return (buffer.place == loops::Place::variable ? "@" : "%") + buffer.name;
}

/// The tensors that a call writes, by key; a scan's counters are not among them.
std::set<std::string> written(const loops::Program& program, const loops::Step& step,
                              const loops::Call& call) {
  std::set<std::string> keys;
  const loops::Kernel& kernel = program[call.kernel];
  for (size_t i = 0; i < call.arguments.size(); ++i)
    if (kernel.parameters[i].writable)
      keys.insert(key_of(step.buffers[call.arguments[i].index]));
  return keys;
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
      : graph_(graph), program_(program), step_(step) {
    for (const Op& op : graph.ops)
      if (const auto* update = std::get_if<Update>(&op.what))
        stored_as_[update->value].push_back(explain::key_of(graph, update->variable));
    for (const GraphResult& result : graph.results)
      if (result.kind != ResultKind::loss) stored_as_[result.value].push_back("%" + result.name);
  }

  KernelCalls run() {
    KernelCalls calls;
    calls.of.resize(graph_.ops.size());
    const std::vector<std::vector<OpId>> groups = groups_of(graph_);
    size_t next = 0;
    for (size_t phase = 0; phase < step_.phases.size(); ++phase)
      for (const loops::Call& call : step_.phases[phase].calls) {
        const std::set<std::string> keys = written(program_, step_, call);
        const auto found = std::find_if(groups.begin() + static_cast<std::ptrdiff_t>(next),
                                        groups.end(), [&](const std::vector<OpId>& group) {
                                          return makes_one_of(group, keys);
                                        });
        if (found == groups.end()) continue;
        next = static_cast<size_t>(found - groups.begin()) + 1;
        for (const OpId op : *found) calls.of[op.index] = calls.list.size();
        calls.list.push_back(described(call, *found, keys, phase));
      }
    return calls;
  }

 private:
  bool is_stored(ValueId value, const std::set<std::string>& keys) const {
    if (keys.contains(explain::key_of(graph_, value))) return true;
    const auto found = stored_as_.find(value);
    return found != stored_as_.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&](const std::string& key) { return keys.contains(key); });
  }

  bool makes_one_of(const std::vector<OpId>& group, const std::set<std::string>& keys) const {
    return std::any_of(group.begin(), group.end(), [&](OpId op) {
      return is_stored(graph_[op].results[0], keys);
    });
  }

  KernelCall described(const loops::Call& call, const std::vector<OpId>& group,
                       const std::set<std::string>& keys, size_t phase) const {
    KernelCall found{program_[call.kernel].name, group, {}, repeats_of(step_, phase), false};
    for (const OpId op : group)
      if (!is_stored(graph_[op].results[0], keys)) found.kept.push_back(graph_[op].results[0]);
    found.parallel = call.tasks.extent != Dim{1, false};
    return found;
  }

  const Graph& graph_;
  const loops::Program& program_;
  const loops::Step& step_;
  std::map<ValueId, std::vector<std::string>> stored_as_;  ///< variables and results, by key
};

}  // namespace

KernelCalls kernel_calls(const Graph& graph, const loops::Program& program,
                         const loops::Step& step) {
  return CallFinder(graph, program, step).run();
}

}  // namespace netc::explain
