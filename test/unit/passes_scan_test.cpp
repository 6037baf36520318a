// Compiled recurrences, with their gradients, give what the interpreter says they mean.
#include <gtest/gtest.h>

#include "passes/autodiff.h"
#include "passes/simplify.h"
#include "test/unit/passes_scan_programs.h"
#include "test/unit/passes_schedule_run.h"

namespace netc {
namespace {

class CompiledScan : public testing::TestWithParam<ScanProgram> {};

std::string differentiated(const ScanProgram& program, const std::string& type, int capacity) {
  std::string text = "graph @test.gradient(" + std::string(program.inputs) + ") batch " +
                     std::to_string(capacity) + " {" + program.text + "}\n";
  for (size_t at; (at = text.find("FLOAT")) != std::string::npos;) text.replace(at, 5, type);
  Graph graph = graphs_of(text).at(0);
  autodiff(graph);
  simplify(graph);
  return print(graph);
}

TEST_P(CompiledScan, AgreesWithItsMeaning) {
  expect_agrees(differentiated(GetParam(), "f64", 7), 1e-12);
  if (HasFailure()) return;
  expect_agrees(differentiated(GetParam(), "f32", 16), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Programs, CompiledScan, testing::ValuesIn(scan_programs),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace netc
