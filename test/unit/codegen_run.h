// Runs a program written as loops text: one model `m` with the entry `run`.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "codegen/codegen.h"
#include "ir/loops/text.h"
#include "runtime/core/netc_rt.h"

namespace netc {

/// A program that was compiled for this machine (or another CPU that it can stand in for).
class CompiledLoops {
 public:
  explicit CompiledLoops(const std::string& text, const std::string& cpu = "native",
                         int optimize = 2) {
    SourceMap sources;
    FileId file = sources.add("test.loops", text);
    Diagnostics diagnostics;
    program_ = loops::parse_program(sources, file, diagnostics);
    EXPECT_EQ(render(diagnostics, sources), "");
    for (const std::string& problem : loops::verify(program_)) ADD_FAILURE() << problem;
    describe();
    CodegenInput input{&program_, &models_, {}};
    auto made = jit(input, {.cpu = cpu, .optimize = optimize});
    EXPECT_TRUE(made.ok()) << made.error();
    jit_ = std::move(*made);
  }

  const netc_model& model() const { return *jit_->model("m"); }
  const std::vector<ModelInterface>& models() const { return models_; }
  const loops::Program& program() const { return program_; }

  /// Runs the step. Places are in the order of the text.
  void run(int64_t n, std::vector<const void*> inputs, std::vector<void*> outputs,
           std::vector<void*> variables = {}, std::vector<double> settings = {}) {
    const netc_entry& entry = model().entries[0];
    void* arena = std::aligned_alloc(64, (entry.arena_bytes + 127) / 64 * 64);
    netc_context context{inputs.data(),
                         outputs.data(),
                         variables.data(),
                         settings.data(),
                         static_cast<unsigned char*>(arena),
                         nullptr};
    entry.run(&context, n);
    std::free(arena);
  }

 private:
  void describe() {
    ModelInterface model{.name = "m", .capacity = program_.steps.at(0).capacity};
    EntryInterface entry{.name = "run"};
    for (const loops::Buffer& buffer : program_.steps[0].buffers) {
      Value value{.name = buffer.name, .type = buffer.type};
      if (buffer.place == loops::Place::input) {
        value.kind = ValueKind::input;
        entry.inputs.push_back(static_cast<uint32_t>(model.inputs.size()));
        model.inputs.push_back(value);
      } else if (buffer.place == loops::Place::variable) {
        value.kind = ValueKind::variable;
        model.variables.push_back(value);
      } else if (buffer.place == loops::Place::setting) {
        value.kind = ValueKind::setting;
        model.settings.push_back(value);
      } else if (buffer.place == loops::Place::output) {
        entry.results.push_back({ResultKind::output, buffer.name, {}});
        entry.result_types.push_back(buffer.type);
      }
    }
    model.entries.push_back(entry);
    models_.push_back(model);
  }

  loops::Program program_;
  std::vector<ModelInterface> models_;
  std::unique_ptr<Jit> jit_;
};

}  // namespace netc
