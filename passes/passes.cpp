// The table of passes and the pipelines. A new pass is a row here; `net-opt --passes`, the help and
// the documentation follow from it.
#include "passes/passes.h"

namespace netc {

namespace {

/// A pass over graphs as one over a compilation.
template <void (*pass)(Graph&)>
void over_graphs(Compilation& compilation, const Target&) {
  for (Graph& graph : compilation.graphs) pass(graph);
}

template <void (*pass)(Graph&, const Target&)>
void over_graphs(Compilation& compilation, const Target& target) {
  for (Graph& graph : compilation.graphs) pass(graph, target);
}

}  // namespace

const std::vector<PassInfo>& all_passes() {
  static const std::vector<PassInfo> passes = {
      {"verify", "change nothing; with --verify-each, check the input alone",
       [](Compilation&, const Target&) {}},
  };
  return passes;
}

const PassInfo* find_pass(std::string_view name) {
  for (const PassInfo& pass : all_passes())
    if (pass.name == name) return &pass;
  return nullptr;
}

std::vector<std::string_view> pipeline(int level) { return {}; }

}  // namespace netc
