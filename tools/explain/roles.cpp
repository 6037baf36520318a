// Names tell: rewriting keeps them, and `autodiff` calls the gradient of `x` `d.x`, its parts
// `d.x.part` and the like, and what else it needs of `y` `y.at`. So what has its name before is the
// model's or the optimizer's, and all else belongs to the tensor whose name it begins with.
#include "tools/explain/roles.h"

#include <algorithm>

namespace netc::explain {

std::string key_of(const Graph& graph, ValueId value) {
  const Value& about = graph[value];
  return (about.kind == ValueKind::variable ? "@" : "%") + about.name;
}

std::set<ValueId> closure(const Graph& graph, const std::vector<ValueId>& roots) {
  std::set<ValueId> found(roots.begin(), roots.end());
  std::vector<ValueId> open = roots;
  while (!open.empty()) {
    const Value& value = graph[open.back()];
    open.pop_back();
    if (value.kind != ValueKind::result) continue;
    for (const ValueId operand : operands(graph[value.producer]))
      if (found.insert(operand).second) open.push_back(operand);
  }
  return found;
}

namespace {

/// What the model gives and remembers; gradients and what the optimizer does are no part of it.
std::vector<ValueId> model_results(const Graph& graph) {
  std::vector<ValueId> roots;
  for (const GraphResult& result : graph.results)
    if (result.kind != ResultKind::gradient) roots.push_back(result.value);
  for (const Op& op : graph.ops)
    if (const auto* update = std::get_if<Update>(&op.what))
      if (graph[update->variable].role == VariableRole::state) roots.push_back(update->value);
  return roots;
}

class RoleFinder {
 public:
  RoleFinder(const Graph& before, const Graph& after) : before_(before), after_(after) {
    const std::set<ValueId> model = closure(before, model_results(before));
    for (uint32_t i = 0; i < before.values.size(); ++i) {
      const std::string key = key_of(before, ValueId{i});
      before_of_[key] = ValueId{i};
      if (model.contains(ValueId{i})) model_.insert(key);
    }
    for (const Op& op : before.ops)
      if (const auto* gradient = std::get_if<Gradient>(&op.what))
        for (size_t i = 0; i < op.results.size(); ++i)
          if (!model.contains(op.results[i]))
            asked_[key_of(before, op.results[i])] = key_of(before, gradient->by[i]);
    for (const ValueId value : closure(after, model_results(after)))
      model_.insert(key_of(after, value));
  }

  std::vector<Role> roles() {
    std::vector<Role> roles;
    std::set<ValueId> updated;  // what depends on a finished gradient
    for (const Op& op : after_.ops) {
      roles.push_back(op.results.empty() ? of_update(std::get<Update>(op.what)) : of(op, updated));
      const bool is_asked = !op.results.empty() && asked_.contains(key_of(after_, op.results[0]));
      if (is_asked || (roles.back().part == Part::optimizer && !op.results.empty()))
        updated.insert(op.results[0]);
    }
    give_parts_back(roles);
    return roles;
  }

 private:
  /// `d.v.sum` may be a part of `d.v`, or the gradient of `v.sum`. If `d.v` reads it, it can be the
  /// latter only where `v.sum` depends on `v`.
  void give_parts_back(std::vector<Role>& roles) const {
    for (size_t i = roles.size(); i-- > 0;) {
      if (!roles[i].is_gradient) continue;
      for (const ValueId operand : operands(after_.ops[i])) {
        if (after_[operand].kind != ValueKind::result) continue;
        Role& part = roles[after_[operand].producer.index];
        if (part.is_gradient && part.of.starts_with(roles[i].of + ".") &&
            !depends(part.of, roles[i].of))
          part.of = roles[i].of;
      }
    }
  }

  bool depends(const std::string& value, const std::string& on) const {
    const auto from = before_of_.find(value), to = before_of_.find(on);
    return from != before_of_.end() && to != before_of_.end() &&
           closure(before_, {from->second}).contains(to->second);
  }

  Role of_update(const Update& update) const {
    const bool remembers = after_[update.variable].role == VariableRole::state;
    return {remembers ? Part::forward : Part::optimizer, "", false};
  }

  Role of(const Op& op, const std::set<ValueId>& updated) const {
    const std::string key = key_of(after_, op.results[0]);
    if (const auto found = asked_.find(key); found != asked_.end())
      return {Part::backward, found->second, true};
    if (model_.contains(key)) return {Part::forward, "", false};
    if (before_of_.contains(key)) return {Part::optimizer, "", false};
    Role role{Part::backward, "", false};
    const std::string name = key.substr(1);
    role.is_gradient = name.starts_with("d.") && !(role.of = owner(name.substr(2))).empty();
    if (!role.is_gradient) role.of = owner(name);
    if (role.of.empty())
      for (const ValueId operand : operands(op))
        if (updated.contains(operand)) role.part = Part::optimizer;
    return role;
  }

  /// The tensor with the longest name that this one begins with.
  std::string owner(std::string name) const {
    for (; !name.empty(); name.resize(std::min(name.rfind('.'), name.size()))) {
      for (const char* sigil : {"%", "@"})
        if (before_of_.contains(sigil + name)) return sigil + name;
      if (name.find('.') == std::string::npos) break;
    }
    return "";
  }

  const Graph& before_;
  const Graph& after_;
  std::map<std::string, ValueId> before_of_;  ///< what has its name before gradients are taken
  std::set<std::string> model_;               ///< of the forward pass
  std::map<std::string, std::string> asked_;  ///< gradient -> parameter
};

}  // namespace

std::vector<Role> roles_of(const Graph& before, const Graph& after) {
  return RoleFinder(before, after).roles();
}

std::vector<bool> forward_operations(const Graph& before) {
  const std::set<ValueId> model = closure(before, model_results(before));
  std::vector<bool> forward;
  for (const Op& op : before.ops)
    forward.push_back(std::any_of(op.results.begin(), op.results.end(),
                                  [&](ValueId result) { return model.contains(result); }));
  return forward;
}

}  // namespace netc::explain
