// A `.net` file on its way to native code, as far as a command takes it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codegen/codegen.h"
#include "ir/interface.h"
#include "ir/module.h"
#include "ir/support/diagnostics.h"
#include "passes/passes.h"
#include "tools/command_line/command_line.h"

namespace netc {

struct Program {
  SourceMap sources;
  FileId file;
  Compilation compilation;  ///< the graphs, and after the passes their program
  std::vector<TrainPlan> plans;
  std::vector<ModelInterface> models;  ///< with the variables of all entries
};

/// What a command wants otherwise than the flags say.
struct ElaborateChoices {
  std::optional<int64_t> batch;  ///< the capacity
  bool double_precision = false;
};

/// Reads and elaborates the file named on the command line and shows what is wrong with it.
/// Returns the exit code; the program is complete if it is 0.
int elaborate_program(const CommandLine& line, const ElaborateChoices& choices, Program& program);

/// Chooses the model that --model names, or the file's only one; the graphs of others are dropped.
/// Returns the exit code.
int choose_model(const CommandLine& line, Program& program);

/// Drops all graphs but those that are wanted; their models keep all variables.
void keep_graphs(Program& program, const std::function<bool(const Graph&)>& wanted);

/// The flags about the machine; an error says what is wrong with them.
Result<TargetOptions> target_options(const CommandLine& line);

/// Runs --passes, or the pipeline of -O. Returns the exit code.
int optimize_program(const CommandLine& line, Program& program);

/// What code generation needs; points into `program`.
CodegenInput codegen_input(const Program& program);

/// Native code of a program's only model, in this process.
struct CompiledModel {
  TargetOptions target;
  std::unique_ptr<Jit> code;
  const netc_model* model = nullptr;  ///< lives as long as the code
};

/// Optimizes and compiles it, with `profile` into steps that count cycles. Returns the exit code.
int compile_in_process(const CommandLine& line, Program& program, CompiledModel& compiled,
                       bool profile = false);

}  // namespace netc
