// Where elements are zero whatever the data are, or nothing reads them, as above the diagonal that
// a row may not look beyond: sums leave their terms out.
//
// A term counts as zero if one of its factors is, though the other may be infinite or NaN; a
// quotient if its numerator is. A sum that is left out is 0, which a factor of 0 keeps; anything
// else that is made of it may be infinite, and only a choice keeps that apart.
#pragma once

#include <vector>

#include "passes/nest.h"

namespace netc {

/// Conditions that all hold where something is: each is an affine value that is not negative.
struct Region {
  bool nowhere = false;
  std::vector<Affine> where;
};

class Vanishing {
 public:
  explicit Vanishing(const Graph& graph);

  /// Where the terms of a stage count, by the indices of its nest.
  std::vector<Affine> conditions(const Nest& nest, const Stage& stage) const;

 private:
  /// What is known of an expression or, by its dimensions, of a tensor.
  struct Facts {
    Region not_zero;
    Region above_minus_infinity;
  };

  std::vector<Facts> facts_of(const ExprDag& dag, const std::vector<ExprId>& nodes) const;
  Facts read(const ExprDag& dag, const Expr& expr) const;
  void find_facts();
  void find_needed();
  void need_operands(const Op& op);
  void need_factor(const Expr& read, const Region& chosen, const Region& not_zero);

  const Graph& graph_;
  std::vector<Facts> facts_;     ///< by value
  std::vector<Region> chosen_;   ///< by value: where anything chooses it
  std::vector<Region> counted_;  ///< by value: where, besides, it has a factor that is not zero
};

}  // namespace netc
