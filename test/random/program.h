// A random program, statement by statement, so that one that fails can be made smaller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netc::random_programs {

/// `text` may hold several lines. `stub` binds the same name to a constant of the same type and
/// shape; it is empty where nothing is bound.
struct Statement {
  std::string text;
  std::string stub;
};

struct Program {
  std::vector<Statement> declarations;
  std::vector<Statement> statements;  ///< of the model
  std::vector<Statement> settings;    ///< of its train block; none: there is no block
  std::string text() const;
};

/// The program of a seed: the same on every machine.
Program generate(uint32_t seed);
/// The network of a seed: fewer kinds of statements, larger tensors.
Program generate_network(uint32_t seed);

}  // namespace netc::random_programs
