// A formula as it is to be shown: pieces that a terminal writes as text and a page typesets.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace netc::explain {

enum class SymbolKind : uint8_t { input, parameter, value, setting, state };

/// The short name of a tensor: `y`, in the second layer that has one `y2`, its gradient `d.y2`.
struct Symbol {
  std::string base;
  size_t layer = 0;  ///< 0: the name is the only one of its kind
  size_t copy = 1;   ///< among equal names of one layer
  std::string part;  ///< of a gradient that is a sum: "part"; of what is stored: "next"
  int order = 0;     ///< how often it is differentiated: 1 is a gradient
  SymbolKind kind = SymbolKind::value;
  std::string row;  ///< the tensor whose row defines it; "": none
};

struct Piece;
using Formula = std::vector<Piece>;

enum class PieceKind : uint8_t {
  text,       ///< words, brackets, numbers
  op,         ///< an operator, with spaces around it
  index,      ///< an index, or a letter that stands for a shared expression
  function,   ///< the name of a function
  symbol,     ///< a tensor; `parts` are its subscripts
  reduction,  ///< sum, max, ...; `parts` are its indices
  power,      ///< what is raised, and the exponent
  marked,     ///< `parts[0]`, which has a meaning: see `Mark`
};

enum class Mark : uint8_t {
  amplifier,  ///< the pointwise factor of an incoming gradient
  forward,    ///< what the forward pass gives to the gradient of a parameter
  backward,   ///< what the backward pass gives to it
};

struct Piece {
  PieceKind kind = PieceKind::text;
  std::string text;
  Symbol symbol;
  Mark mark{};
  std::vector<Formula> parts;
};

Piece text_piece(std::string text);
Piece op_piece(std::string symbol);

/// A definition, as shown: `left = right`, where some letters stand for what is used twice.
struct Equation {
  Formula left;
  Formula right;
  bool accumulates = false;  ///< `+=`
  std::vector<std::pair<Formula, Formula>> where;
  /// What the amplifier is the derivative of: `sigmoid'(y)` or `dh / dy`; empty: there is none.
  Formula amplifier;
  Formula amplifier_value;
  /// The two factors of a weight's gradient; empty: it is no sum of products.
  Formula forward_factor;
  Formula backward_factor;
};

/// As text: `d.y1[n, o] * (1 - h1[n, o])`.
std::string to_text(const Formula& formula);
std::string to_text(const Symbol& symbol);

}  // namespace netc::explain
