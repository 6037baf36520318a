// The table of passes and the pipelines. A new pass is a row here; `net-opt --passes`, the help and
// the documentation follow from it.
#include "passes/passes.h"

#include <algorithm>

#include "passes/arrange.h"
#include "passes/autodiff.h"
#include "passes/fuse.h"
#include "passes/join_phases.h"
#include "passes/partition.h"
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

template <void (*pass)(Graph&, const Target&, Remarks*)>
void over_graphs(Compilation& compilation, const Target& target) {
  for (Graph& graph : compilation.graphs) pass(graph, target, compilation.remarks);
}

bool has_gradients(const Graph& graph) {
  return std::any_of(graph.ops.begin(), graph.ops.end(),
                     [](const Op& op) { return std::holds_alternative<Gradient>(op.what); });
}

const char* before_kernels(const Compilation& compilation) {
  if (!compilation.program.steps.empty()) return "the graphs have become loops already";
  for (const Graph& graph : compilation.graphs)
    if (!graph.groups.empty()) return "`fuse` has made kernels already";
  return nullptr;
}

const char* before_loops(const Compilation& compilation) {
  if (!compilation.program.steps.empty()) return "the graphs have become loops already";
  for (const Graph& graph : compilation.graphs)
    if (has_gradients(graph)) return "`autodiff` has to take the gradients first";
  return nullptr;
}

const char* on_gradients_before_kernels(const Compilation& compilation) {
  const char* obstacle = before_kernels(compilation);
  return obstacle ? obstacle : before_loops(compilation);
}

const char* on_loops(const Compilation& compilation) {
  return compilation.program.steps.empty() && !compilation.graphs.empty()
             ? "`schedule` has to make loops first"
             : nullptr;
}

const char* before_memory(const Compilation& compilation) {
  for (const loops::Step& step : compilation.program.steps)
    if (step.arena_bytes >= 0) return "`plan-memory` has laid out the phases' buffers already";
  return on_loops(compilation);
}

}  // namespace

const std::vector<PassInfo>& all_passes() {
  static const std::vector<PassInfo> passes = {
      {"simplify", "algebra, constants, equal and dead definitions", over_graphs<simplify>,
       before_kernels},
      {"arrange", "one order of definitions and operands, however the program says it",
       over_graphs<arrange>, before_kernels},
      {"autodiff", "gradients as definitions of the same kind", over_graphs<autodiff>,
       before_kernels},
      {"partition", "sums over rows of weights, or of the batch, in parts for threads",
       over_graphs<partition>, on_gradients_before_kernels},
      {"fuse", "definitions that share their loops become one kernel", over_graphs<fuse>,
       on_gradients_before_kernels},
      {"schedule", "kernels get loops: tiles, vectors, registers, tasks",
       [](Compilation& compilation, const Target& target) {
         compilation.program = schedule(compilation.graphs, target, compilation.remarks);
       },
       before_loops},
      {"join-phases", "independent kernels share a phase, and threads their tasks",
       [](Compilation& compilation, const Target&) { join_phases(compilation.program); },
       before_memory},
      {"plan-memory", "all buffers of a step in one arena, shared by liveness",
       [](Compilation& compilation, const Target&) { plan_memory(compilation.program); }, on_loops},
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
      "arrange",      // before gradients add to what has to be ordered
      "autodiff",     //
      "simplify",     // gradients leave products by 1, copies, and what nothing reads
      "partition",    // while sums stand alone
      "fuse",         // on the final definitions
      "schedule",     //
      "join-phases",  //
      "plan-memory",  // knows the order of phases, and so who lives when
  };
}

}  // namespace netc
