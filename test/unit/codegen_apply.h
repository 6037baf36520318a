// Applies one scalar function, compiled, to columns of numbers.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "ir/functions.h"
#include "test/unit/codegen_run.h"

namespace netc {

/// A program that applies `function` to streams of values, `lanes` at a time.
inline std::string program(Function function, DType type, int lanes) {
  const FunctionInfo& row = info(function);
  std::string parameters;
  std::string loads;
  std::string operands;
  std::string buffers;
  std::string arguments;
  std::string suffix = lanes == 1 ? "" : fmt::format("x{}", lanes);
  for (int k = 0; k < row.arity; ++k) {
    bool condition = (row.kind == FunctionClass::selection && k == 0);
    std::string_view element = name(condition ? DType::boolean : type);
    parameters += fmt::format("%x{}: {}*, ", k, element);
    loads += fmt::format("    %v{0} = load %x{0}[%i] : {1}{2}\n", k, element, suffix);
    operands += fmt::format("{}%v{}", k ? ", " : " ", k);
    buffers += fmt::format("  %x{0}: {1}[N] = input {0}\n", k, element);
    arguments += fmt::format("%x{}, ", k);
  }
  std::string_view result = name(result_type(function, type));
  return fmt::format(
      "kernel @k({}%y: mut {}*) {{\n  for %i = 0 to N step {} {{\n{}    %r = {}{}\n"
      "    store %y[%i], %r\n  }}\n}}\n"
      "step m run capacity 65536 arena 0 {{\n{}  %y: {}[N] = output 0\n  phase {{\n"
      "    @k({}%y)\n  }}\n}}\n",
      parameters, result, lanes, loads, row.name, operands, buffers, result, arguments);
}

template <typename T, typename R = T>
std::vector<R> apply(Function function, DType type, int lanes,
                     const std::vector<std::vector<T>>& columns,
                     const std::string& cpu = "native") {
  CompiledLoops compiled(program(function, type, lanes), cpu);
  std::vector<const void*> inputs;
  for (const std::vector<T>& column : columns) inputs.push_back(column.data());
  std::vector<R> result(columns[0].size());
  compiled.run(static_cast<int64_t>(columns[0].size()), inputs, {result.data()});
  return result;
}

/// All combinations of some values, `arity` columns; a multiple of 8 rows.
template <typename T>
std::vector<std::vector<T>> combinations(const std::vector<T>& values, int arity) {
  size_t count = 1;
  for (int k = 0; k < arity; ++k) count *= values.size();
  std::vector<std::vector<T>> columns(static_cast<size_t>(arity));
  for (size_t row = 0; row < (count + 7) / 8 * 8; ++row) {
    size_t rest = row % count;
    for (auto& column : columns) {
      column.push_back(values[rest % values.size()]);
      rest /= values.size();
    }
  }
  return columns;
}

}  // namespace netc
