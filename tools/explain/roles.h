// Which part of a training step an operation belongs to.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc::explain {

/// A tensor by name, the same in all graphs of a model: `%y`, `@w`.
std::string key_of(const Graph& graph, ValueId value);

/// The values that these depend on, themselves included.
std::set<ValueId> closure(const Graph& graph, const std::vector<ValueId>& roots);

enum class Part : uint8_t {
  forward,    ///< leads to the loss, or to what the model remembers
  backward,   ///< gradients, and what they alone need
  optimizer,  ///< what becomes of the gradients
};

struct Role {
  Part part = Part::forward;
  /// Backward: the key of the tensor that it is the gradient of, or belongs to.
  std::string of;
  bool is_gradient = false;
};

/// The roles of the operations of `after`. `before` is the same graph with its gradients not yet
/// taken; what the model itself computes has the same name in both.
std::vector<Role> roles_of(const Graph& before, const Graph& after);

/// The forward operations of a graph whose gradients are not taken.
std::vector<bool> forward_operations(const Graph& before);

}  // namespace netc::explain
