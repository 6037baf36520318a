#include "passes/join_phases.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <vector>

namespace netc {

using loops::BufferId;
using loops::Phase;

namespace {

class Joiner {
 public:
  Joiner(const loops::Program& program, loops::Step& step) : program_(program), step_(step) {}

  void run() {
    for (const loops::Repeat& repeat : step_.repeats)
      boundaries_[repeat.first] = boundaries_[repeat.first + repeat.count] = 0;
    std::vector<Phase> phases;
    phases.swap(step_.phases);
    for (uint32_t p = 0; p <= phases.size(); ++p) {
      auto boundary = boundaries_.find(p);
      if (p == phases.size() || boundary != boundaries_.end() || !is_independent(phases[p]))
        end_run();
      if (boundary != boundaries_.end())
        boundary->second = static_cast<uint32_t>(step_.phases.size());
      if (p < phases.size()) add(std::move(phases[p]));
    }
    for (loops::Repeat& repeat : step_.repeats) {
      repeat.count = boundaries_[repeat.first + repeat.count] - boundaries_[repeat.first];
      repeat.first = boundaries_[repeat.first];
    }
  }

 private:
  template <typename Visit>
  void each_argument(const Phase& phase, Visit visit) const {
    for (const loops::Call& call : phase.calls)
      for (size_t i = 0; i < call.arguments.size(); ++i)
        visit(call.arguments[i], program_[call.kernel].parameters[i].writable);
  }

  bool is_independent(const Phase& phase) const {
    bool independent = true;
    each_argument(phase, [&](BufferId buffer, bool writes) {
      independent &= !written_.contains(buffer) && !(writes && read_.contains(buffer));
    });
    return independent;
  }

  void add(Phase phase) {
    each_argument(
        phase, [&](BufferId buffer, bool writes) { (writes ? written_ : read_).insert(buffer); });
    run_.push_back(std::move(phase));
  }

  /// Appends the phases of the run: those with tasks as one, then the others as they are.
  void end_run() {
    const auto has_tasks = [&](const Phase& phase) {
      return std::any_of(phase.calls.begin(), phase.calls.end(), [&](const loops::Call& call) {
        return call.tasks.are_several(step_.capacity);
      });
    };
    const auto alone = std::stable_partition(run_.begin(), run_.end(), has_tasks);
    Phase shared;
    for (auto phase = run_.begin(); phase != alone; ++phase)
      std::move(phase->calls.begin(), phase->calls.end(), std::back_inserter(shared.calls));
    if (alone != run_.begin()) step_.phases.push_back(std::move(shared));
    std::move(alone, run_.end(), std::back_inserter(step_.phases));
    run_.clear();
    read_.clear();
    written_.clear();
  }

  const loops::Program& program_;
  loops::Step& step_;
  std::map<uint32_t, uint32_t> boundaries_;  ///< of repeats: where a phase went
  std::vector<Phase> run_;                   ///< independent ones
  std::set<BufferId> read_, written_;
};

}  // namespace

void join_phases(loops::Program& program) {
  for (loops::Step& step : program.steps) Joiner(program, step).run();
}

}  // namespace netc
