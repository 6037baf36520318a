// A training step with all its values in sight, to find the first that is no finite number.
#pragma once

#include <memory>
#include <string>

#include "codegen/codegen.h"
#include "ir/graph.h"
#include "ir/support/source.h"
#include "runtime/trainer/trainer.h"

namespace netc {

/// Compiles a training entry, as it was before any pass, so that each of its values stays in
/// memory. Nothing if that fails. The sources must outlive it.
std::unique_ptr<trainer::StepInspector> inspect_step(Graph graph, const SourceMap& sources,
                                                     const TargetOptions& options);

}  // namespace netc
