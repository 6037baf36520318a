// The table of passes and the pipelines. A new pass is a row here; `net-opt --passes`, the help and
// the documentation follow from it.
#include "passes/passes.h"

#include "passes/autodiff.h"
#include "passes/fuse.h"
#include "passes/plan_memory.h"
#include "passes/schedule.h"
#include "passes/simplify.h"

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
      {"simplify", "algebra, constants, equal and dead definitions", over_graphs<simplify>},
      {"autodiff", "gradients as definitions of the same kind", over_graphs<autodiff>},
      {"fuse", "definitions that share their loops become one kernel", over_graphs<fuse>},
      {"schedule", "kernels get loops: tiles, vectors, registers, tasks",
       [](Compilation& compilation, const Target& target) {
         compilation.program = schedule(compilation.graphs, target);
       }},
      {"plan-memory", "all buffers of a step in one arena, shared by liveness",
       [](Compilation& compilation, const Target&) { plan_memory(compilation.program); }},
  };
  return passes;
}

const PassInfo* find_pass(std::string_view name) {
  for (const PassInfo& pass : all_passes())
    if (pass.name == name) return &pass;
  return nullptr;
}

std::vector<std::string_view> pipeline(int level) {
  if (level == 0) return {"autodiff", "schedule", "plan-memory"};
  return {
      "simplify",     // fewer definitions to differentiate
      "autodiff",     //
      "simplify",     // gradients leave products by 1, copies, and what nothing reads
      "fuse",         // on the final definitions
      "schedule",     //
      "plan-memory",  // knows the order of phases, and so who lives when
  };
}

}  // namespace netc
