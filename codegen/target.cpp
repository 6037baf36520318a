// Target machines by CPU name. `native` is what the processor says of itself, since a virtual
// machine may hide features that its CPU's name promises.
#include "codegen/target.h"

#include <fmt/format.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "ir/support/diagnostics.h"

namespace netc {

namespace {

void initialize_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    // Addresses come as loops want them. LLVM has no other way to leave the pass out.
    const char* flags[] = {"netc", "-disable-lsr"};
    llvm::cl::ParseCommandLineOptions(2, flags);
  });
}

Result<const llvm::Target*> find_target(const llvm::Triple& triple) {
  initialize_llvm();
  std::string problem;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(triple, problem);
  if (!found || !triple.isX86() || !triple.isArch64Bit() || !triple.isOSLinux())
    return Error{
        fmt::format("cannot generate code for `{}`: only x86_64 Linux is supported", triple.str())};
  return found;
}

/// What may stop the code from running on a lesser processor.
constexpr const char* arithmetic_features[] = {"sse3",         "ssse3",
                                               "sse4.1",       "sse4.2",
                                               "popcnt",       "movbe",
                                               "avx",          "f16c",
                                               "fma",          "avx2",
                                               "bmi",          "bmi2",
                                               "lzcnt",        "adx",
                                               "avxvnni",      "avx512f",
                                               "avx512cd",     "avx512dq",
                                               "avx512bw",     "avx512vl",
                                               "avx512ifma",   "avx512vbmi",
                                               "avx512vbmi2",  "avx512vnni",
                                               "avx512bitalg", "avx512vpopcntdq",
                                               "avx512bf16",   "avx512fp16",
                                               "gfni",         "vaes",
                                               "vpclmulqdq",   "avxifma",
                                               "avxvnniint8",  "avxvnniint16",
                                               "avxneconvert", "avx10.1",
                                               "avx10.2",      "egpr",
                                               "sse4a",        "xop",
                                               "fma4",         "tbm"};

std::string required_features(const llvm::MCSubtargetInfo& subtarget) {
  std::string text;
  for (const char* feature : arithmetic_features)
    if (subtarget.checkFeatures(std::string("+") + feature))
      text += (text.empty() ? "" : ",") + std::string(feature);
  return text;
}

std::string host_features() {
  llvm::SubtargetFeatures features;
  std::vector<std::string> sorted;
  for (const auto& [name, enabled] : llvm::sys::getHostCPUFeatures())
    sorted.push_back((enabled ? "+" : "-") + name.str());
  std::sort(sorted.begin(), sorted.end());
  return fmt::format("{}", fmt::join(sorted, ","));
}

llvm::CodeGenOptLevel level(int optimize) {
  switch (optimize) {
    case 0:
      return llvm::CodeGenOptLevel::None;
    case 1:
      return llvm::CodeGenOptLevel::Less;
    case 2:
      return llvm::CodeGenOptLevel::Default;
    default:
      return llvm::CodeGenOptLevel::Aggressive;
  }
}

llvm::Triple triple_of(const TargetOptions& target) {
  std::string name = target.triple.empty() ? llvm::sys::getDefaultTargetTriple() : target.triple;
  return llvm::Triple(llvm::Triple::normalize(name));
}

std::vector<std::string> cpus_of(const llvm::Target& target, const llvm::Triple& triple) {
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target.createMCSubtargetInfo(triple, "x86-64", ""));
  std::vector<std::string> names;
  for (const llvm::SubtargetSubTypeKV& row : subtarget->getAllProcessorDescriptions())
    names.push_back(row.Key);
  return names;
}

}  // namespace

std::string host_target() { return triple_of({}).str(); }

std::vector<std::string> known_cpus() {
  llvm::Triple triple = triple_of({});
  Result<const llvm::Target*> found = find_target(triple);
  std::vector<std::string> names = {"native"};
  if (!found) return names;
  std::vector<std::string> all = cpus_of(**found, triple);
  names.insert(names.end(), all.begin(), all.end());
  return names;
}

Status check_target(const TargetOptions& target) {
  llvm::Triple triple = triple_of(target);
  Result<const llvm::Target*> found = find_target(triple);
  if (!found) return Error{found.error()};
  if (target.cpu == "native") return Done{};
  std::vector<std::string> names = cpus_of(**found, triple);
  if (std::find(names.begin(), names.end(), target.cpu) != names.end()) return Done{};
  std::string near = nearest(target.cpu, names);
  return Error{fmt::format("there is no CPU `{}` of x86_64{}", target.cpu,
                           near.empty() ? "" : fmt::format("; did you mean `{}`?", near))};
}

Result<Machine> make_machine(const TargetOptions& target) {
  if (Status status = check_target(target); !status) return Error{status.error()};
  llvm::Triple triple = triple_of(target);
  Result<const llvm::Target*> found = find_target(triple);
  Machine machine;
  bool native = target.cpu == "native";
  machine.cpu = native ? llvm::sys::getHostCPUName().str() : target.cpu;
  if (native) machine.features = host_features();
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  machine.llvm.reset((*found)->createTargetMachine(triple, machine.cpu, machine.features, options,
                                                   llvm::Reloc::PIC_, std::nullopt,
                                                   level(target.optimize)));
  if (!machine.llvm) return Error{fmt::format("LLVM makes no code for `{}`", triple.str())};
  const llvm::MCSubtargetInfo& subtarget = *machine.llvm->getMCSubtargetInfo();
  machine.required = required_features(subtarget);
  machine.lanes.fma = subtarget.checkFeatures("+fma");
  machine.lanes.permutes = subtarget.checkFeatures("+avx512f");
  if (subtarget.checkFeatures("+avx")) machine.vector_bits = 256;
  if (subtarget.checkFeatures("+avx512f")) machine.vector_bits = 512;
  return machine;
}

}  // namespace netc
