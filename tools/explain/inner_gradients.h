// Gradients that a model asks for itself, as a penalty on a slope does.
#pragma once

#include "ir/graph.h"

namespace netc::explain {

/// Takes them; the gradient that training asks for stays.
void take_inner_gradients(Graph& graph);

}  // namespace netc::explain
