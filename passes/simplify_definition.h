// The rules of `simplify` within one definition.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// What is known of the tensors that a definition reads.
struct KnownTensors {
  const Graph* graph = nullptr;      ///< the operations before the definition, in their new form
  std::vector<ValueId> read_as;      ///< by the definition's values: what to read in the new graph
  std::set<ValueId> opaque;          ///< new values whose definitions must not be looked into
  bool gradients_are_taken = false;  ///< no `gradient` is left: stop_gradient has done its work

  /// The definition of a new value, if it is a map over its whole result.
  const Definition* map(ValueId value) const;
};

/// The definition of a value outside of scans, if it gives each element once, by this reduction or
/// by none, and adds to nothing that is there.
const Definition* plain_definition(const Graph& graph, ValueId value, Reduction reduction);

/// The simplest form of a definition: rewritten by algebra, through constants and copies.
Definition simplified(const Definition& definition, const KnownTensors& known);

/// The constant that every element is, in the map's own DAG; invalid: there is none.
ExprId constant_element(const Definition& definition);

/// The value of which a definition is an unchanged copy.
std::optional<ValueId> copied_value(const Graph& graph, const Definition& definition);

}  // namespace netc
