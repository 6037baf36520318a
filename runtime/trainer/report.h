// How a command of the trainer ends: with its exit code, or a failure in words on stderr.
#pragma once

#include <cstdio>
#include <new>

#include "runtime/trainer/result.h"

namespace netc::trainer {

inline int report(const RunOptions& options, const Failure& failure) {
  fmt::print(stderr, "{}: error: {}\n", options.program, failure.message);
  return failure.code;
}

/// Text on stdout, at once.
inline Result<ExitCode> print_out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (std::fflush(stdout) != 0) return failure(exit_output, "cannot write standard output");
  return exit_done;
}

/// Runs a job that gives an exit code or a failure; memory that does not suffice is a failure, too.
template <typename Job>
int run_reported(const RunOptions& options, const Job& job) {
  try {
    Result<ExitCode> end = job();
    return end ? *end : report(options, end.failure());
  } catch (const std::bad_alloc&) {
    return report(options, failure(exit_bad_input, "not enough memory"));
  }
}

}  // namespace netc::trainer
