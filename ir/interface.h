// A model as seen from outside: what its graphs have in common. Header, descriptor, checkpoints
// and `summary` are made from it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace netc {

struct EntryInterface {
  std::string name;                  ///< "train", "evaluate", "predict", "gradient"
  std::vector<uint32_t> inputs;      ///< positions in `ModelInterface::inputs`, in the entry's order
  std::vector<GraphResult> results;  ///< values are ids of the entry's own graph
  std::vector<TensorType> result_types;
  /// For each result whether it is a metric such as perplexity, the exponential of something: over
  /// several batches it is the exponential of that thing's mean.
  std::vector<bool> exponential;
};

struct ModelInterface {
  std::string name;
  int64_t capacity = 1;
  std::vector<Value> inputs;     ///< in file order
  std::vector<Value> variables;  ///< of all entries, each name once: parameters, states, optimizer's
  std::vector<Value> settings;   ///< of all entries, each name once
  std::set<std::string> read;    ///< the variables that some entry reads
  std::vector<EntryInterface> entries;
};

/// The interfaces of all models of these graphs, in order of appearance.
std::vector<ModelInterface> interfaces_of(const std::vector<Graph>& graphs);

}  // namespace netc
