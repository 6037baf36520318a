// Kernels are dealt to the threads by their size, largest first, each to the part with the least
// so far. Every thread has an LLVM context and a target machine of its own.
#include "codegen/parallel.h"

#include <algorithm>
#include <thread>

#include "codegen/optimize.h"
#include "runtime/core/threads.h"

namespace netc {

namespace {

/// Instructions of the loops IR that keep a thread busy for some tens of milliseconds.
constexpr size_t instructions_per_part = 1000;
constexpr size_t most_parts = 8;

size_t size_of(const CodegenInput& input, loops::KernelId kernel) {
  return (*input.program)[kernel].instructions.size();
}

size_t count_parts(const CodegenInput& input, const ProgramPart& whole, int wanted) {
  size_t instructions = 0;
  for (loops::KernelId kernel : whole.kernels) instructions += size_of(input, kernel);
  auto threads = static_cast<size_t>(netc_threads_allowed(wanted));
  return std::clamp(instructions / instructions_per_part, size_t{1}, std::min(threads, most_parts));
}

std::vector<ProgramPart> deal(const CodegenInput& input, const ProgramPart& whole, int threads) {
  std::vector<loops::KernelId> order = whole.kernels;
  std::stable_sort(order.begin(), order.end(), [&](loops::KernelId a, loops::KernelId b) {
    return size_of(input, a) > size_of(input, b);
  });
  std::vector<ProgramPart> parts(count_parts(input, whole, threads));
  parts.back() = whole;
  parts.back().kernels.clear();
  std::vector<size_t> sizes(parts.size());
  for (loops::KernelId kernel : order) {
    auto least = static_cast<size_t>(std::min_element(sizes.begin(), sizes.end()) - sizes.begin());
    parts[least].kernels.push_back(kernel);
    sizes[least] += size_of(input, kernel);
  }
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

Result<std::vector<std::string>> compile_part(const CodegenInput& input,
                                              const TargetOptions& target,
                                              const ProgramPart& part) {
  std::vector<ProgramPart> parts = deal(input, part, target.threads);
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
