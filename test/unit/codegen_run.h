// Runs a program written as loops text: one model `m`, whose entries are its steps.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
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

  /// Runs the first step. Places are in the order of the text.
  void run(int64_t n, std::vector<const void*> inputs, std::vector<void*> outputs,
           std::vector<void*> variables = {}, std::vector<double> settings = {},
           netc_pool* pool = nullptr) {
    run_step(0, n, inputs, outputs, variables, settings, pool);
  }

  void run_step(size_t step, int64_t n, std::vector<const void*> inputs, std::vector<void*> outputs,
                std::vector<void*> variables = {}, std::vector<double> settings = {},
                netc_pool* pool = nullptr) {
    const netc_entry& entry = model().entries[step];
    void* arena = std::aligned_alloc(64, (entry.arena_bytes + 127) / 64 * 64);
    netc_context context{inputs.data(),
                         outputs.data(),
                         variables.data(),
                         settings.data(),
                         static_cast<unsigned char*>(arena),
                         pool};
    entry.run(&context, n);
    std::free(arena);
  }

 private:
  void describe() {
    ModelInterface model{.name = "m", .capacity = program_.steps.at(0).capacity};
    for (const loops::Step& step : program_.steps) model.entries.push_back(describe(step, model));
    models_.push_back(model);
  }

  static EntryInterface describe(const loops::Step& step, ModelInterface& model) {
    EntryInterface entry{.name = step.entry};
    for (const loops::Buffer& buffer : step.buffers) {
      Value value{.name = buffer.name, .type = buffer.type};
      if (buffer.place == loops::Place::input) {
        value.kind = ValueKind::input;
        entry.inputs.push_back(static_cast<uint32_t>(model.inputs.size()));
        model.inputs.push_back(value);
      } else if (buffer.place == loops::Place::variable) {
        value.kind = ValueKind::variable;
        bool is_known = std::any_of(model.variables.begin(), model.variables.end(),
                                    [&](const Value& it) { return it.name == value.name; });
        if (!is_known) model.variables.push_back(value);
      } else if (buffer.place == loops::Place::setting) {
        value.kind = ValueKind::setting;
        model.settings.push_back(value);
      } else if (buffer.place == loops::Place::output) {
        entry.results.push_back({ResultKind::output, buffer.name, {}});
        entry.result_types.push_back(buffer.type);
      }
    }
    return entry;
  }

  loops::Program program_;
  std::vector<ModelInterface> models_;
  std::unique_ptr<Jit> jit_;
};

/// A program of one kernel with this body; x is f32[n], y is f32[n], i is i64[n], j is i64[n].
inline std::string program_of(const std::string& body) {
  return "kernel @k(%x: f32*, %i: i64*, %y: mut f32*, %j: mut i64*) {\n" + body + R"(
}
step m run capacity 64 arena 0 {
  %x: f32[N] = input 0
  %i: i64[N] = input 1
  %y: f32[N] = output 0
  %j: i64[N] = output 1
  phase {
    @k(%x, %i, %y, %j)
  }
})";
}

/// What LLVM is left with of such a program.
inline std::string llvm_text_of(const std::string& body) {
  CompiledLoops compiled(program_of(body));
  auto text = emit({&compiled.program(), &compiled.models(), {}}, {.optimize = 2}, Emission::llvm);
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : "";
}

}  // namespace netc
