// The subcommands of netc. Each returns the exit code.
#pragma once

#include "tools/command_line/command_line.h"

namespace netc {

int run_compile(const CommandLine& line);
int run_train(const CommandLine& line);
int run_eval(const CommandLine& line);
int run_predict(const CommandLine& line);
int run_grad(const CommandLine& line);
int run_check(const CommandLine& line);
int run_summary(const CommandLine& line);
int run_explain(const CommandLine& line);
int run_bench(const CommandLine& line);
int run_fmt(const CommandLine& line);

}  // namespace netc
