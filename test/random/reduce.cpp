#include "random/reduce.h"

namespace netc::random_programs {

namespace {

/// Tries the list without each statement, from the last; true if one could go.
bool drop_some(Program& program, std::vector<Statement> Program::*list,
               const std::function<bool(const Program&)>& fails) {
  bool dropped = false;
  for (size_t i = (program.*list).size(); i-- > 0;) {
    Program smaller = program;
    (smaller.*list).erase((smaller.*list).begin() + static_cast<long>(i));
    if (!fails(smaller)) continue;
    program = std::move(smaller);
    dropped = true;
  }
  return dropped;
}

bool stub_some(Program& program, const std::function<bool(const Program&)>& fails) {
  bool changed = false;
  for (Statement& statement : program.statements) {
    if (statement.stub.empty()) continue;
    const Statement before = statement;
    statement = {before.stub, ""};
    if (fails(program))
      changed = true;
    else
      statement = before;
  }
  return changed;
}

}  // namespace

Program reduce(Program program, const std::function<bool(const Program&)>& fails) {
  bool changed = true;
  while (changed) {
    changed = drop_some(program, &Program::settings, fails);
    changed |= drop_some(program, &Program::statements, fails);
    changed |= stub_some(program, fails);
    changed |= drop_some(program, &Program::declarations, fails);
  }
  return program;
}

}  // namespace netc::random_programs
