// random_programs FIRST COUNT [brief|all|networks] | show SEED [networks]
//
// Compares programs of the seeds FIRST, FIRST + 1, ... with the interpreter, each in a process of
// its own, so that a crash is one more failure. With `all` each is compiled in every way, with
// `brief` in one way and one precision. `networks` are larger programs of layers alone, compared
// briefly.
// What fails is printed with its seed, made small. Exit code 1: something failed.
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "random/compare.h"
#include "random/reduce.h"

namespace netc::random_programs {

namespace {

constexpr long seconds_for_one = 60;

/// Ends this process after so much of its own time: a busy machine makes no program fail.
void limit_time() {
  itimerval limit{};
  limit.it_value.tv_sec = seconds_for_one;
  setitimer(ITIMER_PROF, &limit, nullptr);
}

struct Report {
  char problem[2000];
  bool is_program;
  bool finished;
  int results;
  int vague;
};

/// Compares in a child process.
Report compared(const std::string& text, uint32_t seed, Effort effort) {
  Report report{};
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    limit_time();
    const Outcome outcome = compare(text, seed, effort);
    report.finished = true;
    report.is_program = outcome.is_program;
    report.results = outcome.results;
    report.vague = outcome.vague;
    std::snprintf(report.problem, sizeof report.problem, "%s", outcome.problem.c_str());
    const bool written = write(ends[1], &report, sizeof report) == sizeof report;
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  size_t got = 0;
  while (got < sizeof report) {
    const ssize_t more = read(ends[0], reinterpret_cast<char*>(&report) + got, sizeof report - got);
    if (more <= 0) break;
    got += static_cast<size_t>(more);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (got == sizeof report) return report;
  report = {};
  report.is_program = true;
  std::snprintf(report.problem, sizeof report.problem, "the compiler ended by signal %d, code %d",
                WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                WIFEXITED(status) ? WEXITSTATUS(status) : 0);
  return report;
}

/// What kind of failure it is: a smaller program should fail in the same way.
std::string kind_of(const Report& report) {
  const std::string problem = report.problem;
  if (!report.is_program) return problem.substr(problem.rfind('['));
  if (!report.finished) return problem;
  return problem.find(" differs by ") != std::string::npos ? "differs" : problem.substr(0, 20);
}

using Generate = Program (*)(uint32_t seed);

int run(uint32_t first, uint32_t count, Generate generate, Effort effort) {
  int failures = 0;
  long results = 0, vague = 0;
  for (uint32_t seed = first; seed < first + count; ++seed) {
    const Program program = generate(seed);
    const Report report = compared(program.text(), seed, effort);
    results += report.results;
    vague += report.vague;
    if (report.problem[0] == '\0') continue;
    ++failures;
    const std::string kind = kind_of(report);
    const Program small = reduce(program, [&](const Program& smaller) {
      const Report again = compared(smaller.text(), seed, effort);
      return again.problem[0] != '\0' && kind_of(again) == kind;
    });
    const Report last = compared(small.text(), seed, effort);
    // What fails now and then only is told as it failed.
    const bool again = last.problem[0] != '\0';
    std::printf("seed %u: %s\n%s\n", seed, again ? last.problem : report.problem,
                (again ? small : program).text().c_str());
    std::fflush(stdout);
  }
  std::printf(
      "%u programs from seed %u: %d failed; %ld results compared, %ld decided by rounding\n", count,
      first, failures, results, vague);
  return failures == 0 ? 0 : 1;
}

}  // namespace

}  // namespace netc::random_programs

int main(int argc, char** argv) {
  using namespace netc::random_programs;
  if (argc < 3) {
    std::fprintf(
        stderr, "usage: random_programs FIRST COUNT [brief|all|networks] | show SEED [networks]\n");
    return 2;
  }
  const std::string word = argc > 3 ? argv[3] : "";
  const Generate generate = word == "networks" ? generate_network : netc::random_programs::generate;
  const auto second = static_cast<uint32_t>(std::atol(argv[2]));
  if (std::strcmp(argv[1], "show") == 0) {
    std::printf("%s", generate(second).text().c_str());
    return 0;
  }
  const Effort effort = word == "all"        ? Effort::all
                        : word == "brief"    ? Effort::brief
                        : word == "networks" ? Effort::large
                                             : Effort::usual;
  return run(static_cast<uint32_t>(std::atol(argv[1])), second, generate, effort);
}
