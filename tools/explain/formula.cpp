// Formulas in the plain text of the IR, with short names.
#include "tools/explain/formula.h"

#include <fmt/format.h>

namespace netc::explain {

Piece text_piece(std::string text) { return {PieceKind::text, std::move(text), {}, {}, {}}; }
Piece op_piece(std::string symbol) { return {PieceKind::op, std::move(symbol), {}, {}, {}}; }

namespace {

std::string list(const std::vector<Formula>& parts) {
  std::string text;
  for (const Formula& part : parts) text += (text.empty() ? "" : ", ") + to_text(part);
  return fmt::format("[{}]", text);
}

std::string piece_text(const Piece& piece) {
  switch (piece.kind) {
    case PieceKind::op:
      return fmt::format(" {} ", piece.text);
    case PieceKind::symbol:
      return to_text(piece.symbol) + (piece.parts.empty() ? "" : list(piece.parts));
    case PieceKind::reduction:
      return piece.text + list(piece.parts) + " ";
    case PieceKind::power:
      return fmt::format("{} {} {}", to_text(piece.parts[0]), piece.text, to_text(piece.parts[1]));
    case PieceKind::marked:
      return to_text(piece.parts[0]);
    default:
      return piece.text;
  }
}

}  // namespace

std::string to_text(const Formula& formula) {
  std::string text;
  for (const Piece& piece : formula) text += piece_text(piece);
  return text;
}

std::string to_text(const Symbol& symbol) {
  std::string text;
  for (int order = 0; order < symbol.order; ++order) text += "d.";
  text += symbol.base;
  const bool ends_in_digit = text.back() >= '0' && text.back() <= '9';
  if (symbol.layer) text += fmt::format("{}{}", ends_in_digit ? "_" : "", symbol.layer);
  if (symbol.copy > 1) text += fmt::format(".{}", symbol.copy);
  return text + (symbol.part.empty() ? "" : "." + symbol.part);
}

}  // namespace netc::explain
