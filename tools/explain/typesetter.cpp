#include "tools/explain/typesetter.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace netc::explain {

namespace {

using Glyph = std::pair<std::string_view, std::string_view>;

constexpr std::array<Glyph, 6> operators = {{
    {"*", "\u00b7"},
    {"-", "\u2212"},
    {"<=", "\u2264"},
    {">=", "\u2265"},
    {"!=", "\u2260"},
    {"==", "="},
}};

constexpr std::array<Glyph, 6> functions = {{
    {"sigmoid", "\u03c3"},
    {"sigmoid'", "\u03c3\u2032"},
    {"sqrt", "\u221a"},
    {"rsqrt", "1/\u221a"},
    {"d", "\u2202"},
    {"sum", "\u03a3"},
}};

template <size_t count>
std::string glyph(const std::array<Glyph, count>& table, std::string_view text) {
  for (const Glyph& row : table)
    if (row.first == text) return std::string(row.second);
  return escaped(text);
}

/// Words of a formula, the minus sign and infinity.
std::string text_html(std::string_view text) {
  if (text == "inf") return "\u221e";
  if (text == "-inf") return "\u2212\u221e";
  if (text.starts_with("-")) return "\u2212" + escaped(text.substr(1));
  const bool is_word = text.size() > 2 && ((text[0] == ' ') || text.back() == ' ');
  return is_word ? fmt::format("<b class=\"word\">{}</b>", escaped(text)) : escaped(text);
}

std::string_view css_class(const Symbol& symbol) {
  if (symbol.order) return "v grad";
  switch (symbol.kind) {
    case SymbolKind::parameter:
      return "v param";
    case SymbolKind::input:
      return "v given";
    default:
      return "v";
  }
}

std::string name_html(const Symbol& symbol) {
  std::string name = symbol.base == "theta" ? "\u03b8" : escaped(symbol.base);
  name = fmt::format("<{0}>{1}</{0}>", symbol.base.size() == 1 ? "i" : "span", name);
  for (size_t copy = 1; copy < symbol.copy; ++copy) name += "\u2032";
  for (int order = 0; order < symbol.order; ++order) name.insert(0, "<i>\u03b4</i>");
  return name;
}

std::string_view mark_class(Mark mark) {
  switch (mark) {
    case Mark::amplifier:
      return "amplifier";
    case Mark::forward:
      return "from-forward";
    case Mark::backward:
      return "from-backward";
  }
  return "";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  return html;
}

std::string Typesetter::html(const Formula& formula) const {
  std::string text;
  for (const Piece& one : formula) text += piece(one);
  return text;
}

std::string Typesetter::piece(const Piece& piece) const {
  switch (piece.kind) {
    case PieceKind::text:
      return text_html(piece.text);
    case PieceKind::op:
      return fmt::format(" {} ", glyph(operators, piece.text));
    case PieceKind::index: {
      const size_t letters = piece.text.find_first_of("0123456789");
      if (letters == std::string::npos || letters == 0)
        return fmt::format("<i>{}</i>", escaped(piece.text));
      return fmt::format("<i>{}</i><sub>{}</sub>", escaped(piece.text.substr(0, letters)),
                         piece.text.substr(letters));
    }
    case PieceKind::function:
      return glyph(functions, piece.text);
    case PieceKind::symbol:
      return tensor(piece.symbol, piece.parts);
    case PieceKind::reduction:
      return fmt::format("<span class=\"reduce\"><b>{}</b><sub>{}</sub></span> ",
                         glyph(functions, piece.text), list(piece.parts));
    case PieceKind::power:
      return fmt::format("{}<sup>{}</sup>", html(piece.parts[0]), html(piece.parts[1]));
    case PieceKind::marked:
      return fmt::format("<mark class=\"{}\">{}</mark>", mark_class(piece.mark),
                         html(piece.parts[0]));
  }
  return "";
}

std::string Typesetter::list(const std::vector<Formula>& parts) const {
  std::string text;
  for (const Formula& part : parts) text += (text.empty() ? "" : ", ") + html(part);
  return text;
}

/// The section's number above, the subscripts below.
std::string Typesetter::tensor(const Symbol& symbol, const std::vector<Formula>& subscripts) const {
  std::string above = symbol.layer ? fmt::format("({})", symbol.layer) : "";
  if (!symbol.part.empty()) above += (above.empty() ? "" : " ") + escaped(symbol.part);
  const std::string below = list(subscripts);
  std::string text = name_html(symbol);
  if (!above.empty() && !below.empty())
    text += fmt::format("<span class=\"both\"><sup>{}</sup><sub>{}</sub></span>", above, below);
  else if (!above.empty())
    text += fmt::format("<sup>{}</sup>", above);
  else if (!below.empty())
    text += fmt::format("<sub>{}</sub>", below);
  const auto anchor = anchors_.find(symbol.row);
  // Links do not nest: what stands in subscripts is no link of its own.
  if (anchor == anchors_.end() || text.find("<a ") != std::string::npos)
    return fmt::format("<span class=\"{}\">{}</span>", css_class(symbol), text);
  return fmt::format("<a class=\"{}\" href=\"#{}\">{}</a>", css_class(symbol), anchor->second,
                     text);
}

}  // namespace netc::explain
