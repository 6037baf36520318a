// Formulas as HTML: subscripts, Greek letters, and every tensor a link to the row that defines it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tools/explain/formula.h"

namespace netc::explain {

/// Text with what HTML reserves written as entities.
std::string escaped(std::string_view text);

class Typesetter {
 public:
  /// `anchors` says which element holds a tensor's row, by the tensor's key; it is kept.
  explicit Typesetter(const std::map<std::string, std::string>& anchors) : anchors_(anchors) {}

  std::string html(const Formula& formula) const;
  std::string html(const Symbol& symbol) const { return tensor(symbol, {}); }

 private:
  std::string piece(const Piece& piece) const;
  std::string tensor(const Symbol& symbol, const std::vector<Formula>& subscripts) const;
  std::string list(const std::vector<Formula>& parts) const;

  const std::map<std::string, std::string>& anchors_;
};

}  // namespace netc::explain
