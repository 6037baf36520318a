// Runs graphs twice, compiled and by the interpreter, on the same random data, and compares.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codegen/codegen.h"
#include "ir/interface.h"
#include "ir/interpret.h"
#include "ir/loops/text.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "passes/fuse.h"
#include "passes/join_phases.h"
#include "passes/plan_memory.h"
#include "passes/schedule.h"
#include "runtime/core/netc_rt.h"
#include "tensor_bytes.h"

namespace netc {

struct RunOptions {
  bool fused = true;
  Target target;  ///< what `schedule` plans for; the code runs on this machine
  int threads = 1;
};

/// One graph, compiled.
class CompiledGraph {
 public:
  CompiledGraph(Graph graph, const RunOptions& options) : graph_(std::move(graph)) {
    reference_ = graph_;
    if (options.fused) fuse(graph_, options.target);
    for (const std::string& problem : verify(graph_)) ADD_FAILURE() << problem << print(graph_);
    program_ = schedule({graph_}, options.target);
    join_phases(program_);
    plan_memory(program_);
    for (const std::string& problem : loops::verify(program_)) ADD_FAILURE() << problem;
    models_ = interfaces_of({graph_});
    CodegenInput input{&program_, &models_, {}};
    auto made = jit(input, {});
    EXPECT_TRUE(made.ok()) << made.error();
    if (made.ok()) jit_ = std::move(*made);
    if (options.threads > 1) pool_.reset(netc_rt_pool_create(options.threads));
  }

  const Graph& graph() const { return graph_; }
  const loops::Program& program() const { return program_; }

  /// The largest error of all results and variables, relative to each one's largest magnitude.
  double error(int64_t n, uint32_t seed = 1) {
    std::mt19937 random(seed);
    Evaluation evaluation;
    std::vector<std::vector<unsigned char>> inputs, outputs, variables;
    std::vector<double> settings;
    for (ValueId id : graph_.inputs) {
      Tensor tensor = random_tensor(graph_[id], n, random);
      inputs.push_back(to_bytes(tensor));
      evaluation.inputs[graph_[id].name] = tensor;
    }
    for (const Value& variable : models_.at(0).variables) {
      Tensor tensor = random_tensor(variable, n, random);
      variables.push_back(to_bytes(tensor));
      evaluation.variables[variable.name] = tensor;
    }
    for (const Value& setting : models_[0].settings) {
      settings.push_back(setting.setting);
      Tensor tensor = Tensor::zeros(DType::f64, {});
      tensor.floats[0] = setting.setting;
      evaluation.settings[setting.name] = tensor;
    }
    for (const GraphResult& result : graph_.results)
      outputs.emplace_back(graph_[result.value].type.elements(n) *
                           byte_size(graph_[result.value].type.dtype));
    run(n, inputs, outputs, variables, settings);
    Status status = interpret(reference_, evaluation, {n, false});
    EXPECT_TRUE(status.ok()) << status.error();

    double worst = 0;
    for (size_t k = 0; k < outputs.size(); ++k) {
      const GraphResult& result = graph_.results[k];
      std::string kind(name(result.kind));
      const Tensor& expected =
          evaluation.results.at(result.kind == ResultKind::loss ? kind : kind + "." + result.name);
      worst = std::max(worst, difference(outputs[k], expected, result.name));
    }
    for (size_t k = 0; k < variables.size(); ++k) {
      const std::string& name = models_[0].variables[k].name;
      worst = std::max(worst, difference(variables[k], evaluation.variables.at(name), name));
    }
    return worst;
  }

  void run(int64_t n, const std::vector<std::vector<unsigned char>>& inputs,
           std::vector<std::vector<unsigned char>>& outputs,
           std::vector<std::vector<unsigned char>>& variables,
           const std::vector<double>& settings) {
    ASSERT_TRUE(jit_);
    const netc_entry& entry = jit_->model(graph_.model)->entries[0];
    std::vector<const void*> in;
    std::vector<void*> out, vars;
    std::vector<std::unique_ptr<unsigned char, void (*)(void*)>> aligned;
    for (const auto& bytes : inputs) in.push_back(bytes.data());
    for (auto& bytes : outputs) out.push_back(bytes.data());
    auto allocate = [&](size_t bytes) {
      aligned.emplace_back(
          static_cast<unsigned char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), std::free);
      return aligned.back().get();
    };
    for (auto& bytes : variables) {
      vars.push_back(allocate(bytes.size()));
      std::memcpy(vars.back(), bytes.data(), bytes.size());
    }
    // Scratch starts with NaN everywhere: reading what no kernel wrote shows.
    unsigned char* arena = allocate(entry.arena_bytes);
    std::memset(arena, 0xff, entry.arena_bytes);
    netc_context context{in.data(), out.data(), vars.data(), settings.data(), arena, pool_.get()};
    entry.run(&context, n);
    for (size_t k = 0; k < variables.size(); ++k)
      std::memcpy(variables[k].data(), vars[k], variables[k].size());
  }

 private:
  static double difference(const std::vector<unsigned char>& bytes, const Tensor& expected,
                           const std::string& name) {
    double scale = 1e-30, worst = 0;
    for (int64_t i = 0; i < expected.elements(); ++i) {
      double want = expected.as_double(i);
      double got = element(bytes.data(), expected.dtype, i);
      if (std::isfinite(want)) scale = std::max(scale, std::abs(want));
      if (want == got || (std::isnan(want) && std::isnan(got))) continue;
      double gap = std::abs(want - got);
      if (!(gap <= worst)) worst = std::isnan(gap) ? INFINITY : gap;
      if (!std::isfinite(gap)) ADD_FAILURE() << name << "[" << i << "]: " << got << " != " << want;
    }
    return worst / scale;
  }

  Graph graph_, reference_;
  loops::Program program_;
  std::vector<ModelInterface> models_;
  std::unique_ptr<Jit> jit_;
  std::unique_ptr<netc_pool, decltype(&netc_rt_pool_destroy)> pool_{nullptr, netc_rt_pool_destroy};
};

inline std::vector<Graph> graphs_of(const std::string& text) {
  SourceMap sources;
  FileId file = sources.add("test.graph", text);
  Diagnostics diagnostics;
  std::vector<Graph> graphs = parse_graphs(sources, file, diagnostics);
  EXPECT_EQ(render(diagnostics, sources), "");
  return graphs;
}

/// Every graph agrees with the interpreter for one row, one less than the capacity, and the
/// capacity; fused and not; planned for these levels: plain, 256-bit and 512-bit vectors.
inline void expect_agrees(const std::string& text, double tolerance = 2e-5,
                          const std::vector<std::string>& cpus = {"x86-64", "x86-64-v3",
                                                                  "x86-64-v4"}) {
  for (const std::string& cpu : cpus)
    for (bool fused : {false, true})
      for (const Graph& graph : graphs_of(text)) {
        SCOPED_TRACE(cpu + (fused ? " fused" : " not fused"));
        for (const std::string& problem : verify(graph)) ADD_FAILURE() << problem;
        CompiledGraph compiled(graph, {fused, target_of(cpu)});
        std::vector<int64_t> batches = {1, graph.capacity};
        if (graph.capacity > 2) batches.push_back(graph.capacity - 1);
        for (int64_t n : batches) EXPECT_LE(compiled.error(n), tolerance) << "N = " << n;
        if (::testing::Test::HasFailure())
          FAIL() << print(compiled.graph()) << loops::print(compiled.program());
      }
}

}  // namespace netc
