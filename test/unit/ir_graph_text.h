// Graphs from text for tests: a parse that must succeed, and evaluation by name.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/parse.h"

namespace netc {

inline Graph graph_of(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const FileId file = sources.add("test.graph", text);
  std::vector<Graph> graphs = parse_graphs(sources, file, diagnostics);
  EXPECT_EQ(render(diagnostics, sources), "");
  EXPECT_EQ(graphs.size(), 1u);
  return graphs.empty() ? Graph{} : graphs[0];
}

inline Tensor floats(std::vector<int64_t> dims, std::vector<double> values,
                     DType type = DType::f32) {
  return {.dtype = type, .dims = std::move(dims), .floats = std::move(values)};
}

inline Tensor integers(std::vector<int64_t> dims, std::vector<int64_t> values,
                       DType type = DType::i32) {
  return {.dtype = type, .dims = std::move(dims), .integers = std::move(values)};
}

}  // namespace netc
