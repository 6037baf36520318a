// The gradients of a graph, told beside the tensors that they belong to.
#pragma once

#include "tools/explain/explanation.h"

namespace netc::explain {

/// A graph of the model whose gradients are taken.
struct Stage {
  const Graph& graph;
  std::vector<Role> roles;
  KernelCalls calls;  ///< none before it is scheduled
};

class Gradients {
 public:
  /// Keeps both references.
  Gradients(const Stage& stage, const Symbols& symbols);

  /// The definitions that make the gradient of a tensor, in order.
  std::vector<Line> lines_of(const std::string& key) const;

  /// The operation that makes a tensor.
  std::optional<OpId> made_by(const std::string& key) const;

 private:
  Line line(OpId op) const;
  Formula derivative(ValueId incoming, const std::string& by) const;
  const FunctionInfo* only_function(const std::string& of, const std::string& by) const;

  const Stage& stage_;
  const Symbols& symbols_;
  std::map<std::string, OpId> made_by_;                   ///< by key of the result
  std::map<std::string, std::vector<OpId>> backward_of_;  ///< by key of what they belong to
  std::map<std::string, std::string> gradient_of_;        ///< key of a gradient -> of its tensor
};

}  // namespace netc::explain
