// Kernels are dealt to the threads by their size, largest first, each to the part with the least
// so far. Every thread has an LLVM context and a target machine of its own.
#include "codegen/parallel.h"

#include <algorithm>
#include <numeric>
#include <thread>

#include "codegen/optimize.h"
#include "codegen/program.h"

namespace netc {

namespace {

/// Instructions of the loops IR that keep a thread busy for some tens of milliseconds.
constexpr size_t instructions_per_part = 1000;
constexpr size_t most_parts = 8;

size_t count_parts(const loops::Program& program) {
  size_t instructions = 0;
  for (const loops::Kernel& kernel : program.kernels) instructions += kernel.instructions.size();
  size_t threads = std::max(1u, std::thread::hardware_concurrency());
  return std::clamp(instructions / instructions_per_part, size_t{1}, std::min(threads, most_parts));
}

std::vector<ProgramPart> deal(const loops::Program& program, size_t count, bool profile) {
  std::vector<uint32_t> order(program.kernels.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return program.kernels[a].instructions.size() > program.kernels[b].instructions.size();
  });
  std::vector<ProgramPart> parts(count);
  std::vector<size_t> sizes(count);
  for (uint32_t kernel : order) {
    auto least = static_cast<size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
    parts[least].kernels.push_back({kernel});
    sizes[least] += program.kernels[kernel].instructions.size();
  }
  parts.back().calls = true;
  parts.back().profile = profile;
  return parts;
}

Result<std::string> compile(const CodegenInput& input, const TargetOptions& target,
                            const ProgramPart& part) {
  Result<Machine> machine = make_machine(target);
  if (!machine) return Error{machine.error()};
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = lower_part(context, input, *machine, part);
  optimize(*module, *machine, target.optimize);
  return generate(*module, *machine, false);
}

}  // namespace

Result<std::vector<std::string>> compile_parts(const CodegenInput& input,
                                               const TargetOptions& target) {
  std::vector<ProgramPart> parts =
      deal(*input.program, count_parts(*input.program), target.profile);
  std::vector<Result<std::string>> objects(parts.size(), std::string());
  std::vector<std::thread> threads;
  for (size_t i = 1; i < parts.size(); ++i)
    threads.emplace_back([&, i] { objects[i] = compile(input, target, parts[i]); });
  objects[0] = compile(input, target, parts[0]);
  for (std::thread& thread : threads) thread.join();

  std::vector<std::string> bytes;
  for (Result<std::string>& object : objects) {
    if (!object) return Error{object.error()};
    bytes.push_back(std::move(*object));
  }
  return bytes;
}

}  // namespace netc
