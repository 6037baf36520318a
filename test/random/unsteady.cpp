#include "random/unsteady.h"

namespace netc::random_programs {

void unsettle(Graph& graph, double reach) {
  for (size_t k = 0; k < graph.ops.size(); ++k) {
    auto* definition = std::get_if<Definition>(&graph.ops[k].what);
    if (!definition) continue;
    ExprBuilder build(definition->dag);
    const DType type = build.type(definition->body);
    if (!is_float(type)) continue;
    // 1 + reach * cos(a phase of the operation and of the element)
    ExprId phase = build.number(1.7 * static_cast<double>(k), type);
    for (uint32_t i = 0; i < definition->indices.size(); ++i)
      phase = build.add(phase, build.mul(build.convert(build.index(IndexId{i}), type),
                                         build.number(2.3 + 1.1 * i, type)));
    const ExprId swing = build.mul(build.apply(Function::cos, {phase}), build.number(reach, type));
    definition->body = build.mul(definition->body, build.add(build.number(1, type), swing));
  }
}

}  // namespace netc::random_programs
