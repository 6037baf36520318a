// From the loops IR to native code: LLVM IR, assembly, objects, libraries, executables, or code in
// this process. The only folder that sees LLVM.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/interface.h"
#include "ir/loops/loops.h"
#include "ir/support/result.h"

struct netc_model;

namespace netc {

/// The machine that code is made for, and what `schedule` wants to know of it.
struct TargetOptions {
  std::string triple;          ///< empty: this machine's
  std::string cpu = "native";  ///< a CPU's or level's name: native, znver4, x86-64-v3
  int optimize = 2;            ///< 0 to 3
  int threads = 0;             ///< that may compile at the same time; 0: as many as are allowed
  bool profile = false;        ///< steps count the cycles of their calls: `Jit::cycles`
};

/// All that one compilation emits.
struct CodegenInput {
  const loops::Program* program = nullptr;
  const std::vector<ModelInterface>* models = nullptr;
  std::vector<std::vector<std::string>> plans;  ///< for each model: its train blocks as JSON
  /// The file with the text of `program` that debug information points into; empty: none is made.
  std::string debug_file;
};

enum class Emission { llvm, assembly, object };

/// Whether LLVM knows this CPU name for the triple; an error proposes the nearest.
Status check_target(const TargetOptions& target);

/// The triple of this machine, the one that code is made for without --target.
std::string host_target();
/// The names that `--cpu` takes.
std::vector<std::string> known_cpus();

/// LLVM IR or assembly as text, or the bytes of an object file.
Result<std::string> emit(const CodegenInput& input, const TargetOptions& target, Emission kind);

/// The C header of the models.
std::string emit_header(const CodegenInput& input);

/// Links an object (its bytes) with the runtime into a shared library or, with the trainer, an
/// executable at `output`.
Status link_shared(const std::string& object, const std::string& output);
Status link_executable(const std::string& object, const std::string& output);

/// Code in this process. Owns it: descriptors are valid while it lives. The first entry of each
/// model is compiled at once, the others when they first run, unless `TargetOptions::profile` wants
/// all: until then the program and the models are to live, too.
class Jit {
 public:
  virtual ~Jit() = default;
  /// The descriptor of a model (runtime/core/netc_rt.h), or nullptr.
  virtual const netc_model* model(const std::string& name) const = 0;
  /// Of a step with `TargetOptions::profile`: the cycles spent in each of its calls so far, and
  /// last the machine's counter at the end of the last step. Otherwise nullptr.
  virtual const uint64_t* cycles(const loops::Step& step) const = 0;
};
Result<std::unique_ptr<Jit>> jit(const CodegenInput& input, const TargetOptions& target);

}  // namespace netc
