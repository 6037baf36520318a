// 1. What leads to the loss, has no parameters, and is named after it, is the loss.
// 2. An operation of an instance that has parameters goes to that instance's section.
// 3. One without parameters goes to the section of what it reads, if that is but one and no other
//    instance's; otherwise to one of the instance that holds it, or of its own.
// 4. What reads nothing of the model, as a draw, goes where it is first read.
// 5. A section that only a later one of the same instance reads joins it.
#include "tools/explain/sections.h"

#include <algorithm>
#include <set>

#include "tools/explain/instances.h"
#include "tools/explain/roles.h"

namespace netc::explain {

namespace {

std::string root_of(const std::string& name) { return name.substr(0, name.find('.')); }

class Cutter {
 public:
  explicit Cutter(const Graph& graph) : graph_(graph), instances_(instances_of(graph)) {
    for (const std::string& instance : instances_)
      for (size_t dot = instance.find('.'); dot != std::string::npos;
           dot = instance.find('.', dot + 1))
        containers_.insert(instance.substr(0, dot));
  }

  Sections run() {
    drafts_.push_back({SectionKind::inputs, "", "inputs", {}});
    for (const ValueId input : graph_.inputs) draft_of_[input] = 0;
    const std::vector<bool> forward = forward_operations(graph_);
    const std::set<uint32_t> loss = loss_operations(forward);
    for (uint32_t i = 0; i < graph_.ops.size(); ++i)
      if (forward[i] && !std::holds_alternative<Gradient>(graph_.ops[i].what))
        place(OpId{i}, loss.contains(i));
    while (!waiting_.empty()) put(waiting_.extract(waiting_.begin()).value(), 0);
    join_split_instances();
    return finished();
  }

 private:
  struct Draft {
    SectionKind kind;
    std::string instance;  ///< "": none
    std::string title;
    std::vector<OpId> ops;
  };

  /// The last operations before the loss that bear its name and belong to no instance.
  std::set<uint32_t> loss_operations(const std::vector<bool>& forward) const {
    std::set<uint32_t> found;
    for (const GraphResult& result : graph_.results) {
      if (result.kind != ResultKind::loss) continue;
      const std::set<ValueId> needed = closure(graph_, {result.value});
      const std::string root = root_of(graph_[result.value].name);
      for (uint32_t i = static_cast<uint32_t>(graph_.ops.size()); i-- > 0;) {
        const Op& op = graph_.ops[i];
        if (!forward[i] || !needed.contains(op.results[0])) continue;
        if (root_of(graph_[op.results[0]].name) != root) break;
        if (!instance_of(graph_, op, instances_).empty()) break;
        found.insert(i);
      }
    }
    return found;
  }

  void place(OpId id, bool is_loss) {
    const Op& op = graph_[id];
    const std::string instance = is_loss ? "" : instance_of(graph_, op, instances_);
    const std::set<size_t> sources = sources_of(op);
    if (!is_loss && instance.empty() && sources.empty()) {
      waiting_.insert(id);
      return;
    }
    put(id, is_loss ? loss_draft() : draft_for(op, instance, sources));
  }

  /// Appends an operation to a draft, after those that have waited for it.
  void put(OpId id, size_t at) {
    for (const ValueId operand : operands(graph_[id]))
      if (graph_[operand].kind == ValueKind::result && waiting_.erase(graph_[operand].producer))
        put(graph_[operand].producer, at);
    drafts_[at].ops.push_back(id);
    draft_of_[graph_[id].results[0]] = at;
  }

  std::set<size_t> sources_of(const Op& op) const {
    std::set<size_t> sources;
    for (const ValueId operand : operands(op))
      if (const auto found = draft_of_.find(operand); found != draft_of_.end())
        sources.insert(found->second);
    return sources;
  }

  size_t loss_draft() {
    for (size_t k = 0; k < drafts_.size(); ++k)
      if (drafts_[k].kind == SectionKind::loss) return k;
    drafts_.push_back({SectionKind::loss, "", "loss", {}});
    return drafts_.size() - 1;
  }

  size_t draft_for(const Op& op, const std::string& instance, const std::set<size_t>& sources) {
    if (!instance.empty()) return draft_of_instance(instance);
    const std::string holder = holder_of(graph_[op.results[0]].name);
    const Draft& source = drafts_[*sources.begin()];
    if (sources.size() == 1 &&
        (holder.empty() || (source.instance + ".").starts_with(holder + ".")))
      return *sources.begin();
    if (!holder.empty()) return draft_of_instance(holder);
    drafts_.push_back({SectionKind::layer, "", graph_[op.results[0]].name, {}});
    return drafts_.size() - 1;
  }

  size_t draft_of_instance(const std::string& instance) {
    if (drafts_.back().instance != instance)
      drafts_.push_back({SectionKind::layer, instance, instance, {}});
    return drafts_.size() - 1;
  }

  /// The innermost instance without parameters of its own in whose names a value stands.
  std::string holder_of(std::string name) const {
    while (!name.empty() && !containers_.contains(name))
      name.resize(name.find('.') == std::string::npos ? 0 : name.rfind('.'));
    return name;
  }

  void join_split_instances() {
    for (size_t k = 1; k < drafts_.size(); ++k) {
      if (drafts_[k].instance.empty()) continue;
      const std::set<size_t> readers = readers_of(k);
      if (readers.size() != 1) continue;
      Draft& reader = drafts_[*readers.begin()];
      if (reader.instance != drafts_[k].instance) continue;
      for (const OpId op : drafts_[k].ops) draft_of_[graph_[op].results[0]] = *readers.begin();
      reader.ops.insert(reader.ops.begin(), drafts_[k].ops.begin(), drafts_[k].ops.end());
      drafts_[k].ops.clear();
    }
  }

  std::set<size_t> readers_of(size_t draft) const {
    std::set<size_t> readers;
    for (size_t k = 0; k < drafts_.size(); ++k)
      for (const OpId op : drafts_[k].ops)
        for (const ValueId operand : operands(graph_[op]))
          if (const auto found = draft_of_.find(operand);
              k != draft && found != draft_of_.end() && found->second == draft)
            readers.insert(k);
    return readers;
  }

  /// Leaves out what has become empty, and puts the loss last.
  Sections finished() {
    std::stable_partition(drafts_.begin(), drafts_.end(),
                          [](const Draft& draft) { return draft.kind != SectionKind::loss; });
    Sections sections;
    for (Draft& draft : drafts_) {
      if (draft.ops.empty() && draft.kind == SectionKind::layer) continue;
      const size_t at = sections.list.size();
      Section section{draft.kind, draft.title, std::move(draft.ops), {}};
      for (const OpId op : section.ops) {
        sections.of[key_of(graph_, graph_[op].results[0])] = at;
        for (const ValueId operand : operands(graph_[op]))
          if (graph_[operand].kind == ValueKind::variable &&
              sections.of.emplace(key_of(graph_, operand), at).second)
            section.parameters.push_back(operand);
      }
      if (draft.kind == SectionKind::layer && draft.instance.empty())
        section.title = graph_[graph_[section.ops.back()].results[0]].name;
      sections.list.push_back(std::move(section));
    }
    for (const ValueId input : graph_.inputs) sections.of[key_of(graph_, input)] = 0;
    return sections;
  }

  const Graph& graph_;
  std::set<std::string> instances_;   ///< that have parameters
  std::set<std::string> containers_;  ///< that hold such
  std::vector<Draft> drafts_;
  std::map<ValueId, size_t> draft_of_;
  std::set<OpId> waiting_;  ///< for what reads them
};

}  // namespace

Sections cut_into_sections(const Graph& before) { return Cutter(before).run(); }

}  // namespace netc::explain
