// What expressions compute, as numbers that do not depend on how the program says it.
#pragma once

#include <array>
#include <vector>

#include "ir/graph.h"

namespace netc {

/// What an expression or a value is, ever more of it: with what it reads by type alone, by
/// definition, with what these read, and so on; then all of it; then with the places of inputs and
/// variables in the graph, which tell equal branches apart. So an order of keys is decided nearby
/// where it can be, and alike in layers that are repeated. Names do not count, nor does the order
/// of operands where a function commutes, how additions are grouped, and where what is read once is
/// cut into definitions.
using Key = std::array<uint64_t, 6>;

/// The keys of all values of a graph.
class Keys {
 public:
  explicit Keys(const Graph& graph);

  Key of(ValueId value) const;
  /// By node.
  std::vector<Key> of_nodes(const Definition& definition) const;
  /// Of what a definition reduces, without its base.
  Key of_reduction(const Definition& definition) const;

 private:
  using Terms = std::vector<uint64_t>;  ///< by value: its hash, of a sum the sum of its terms'

  const Graph& graph_;
  std::vector<bool> once_;                     ///< by value: read once, and nothing else
  std::array<Terms, 1 + Key().size()> terms_;  ///< by type alone, then by parts of keys
};

/// How often definitions read a value, by value. What is used in another way counts twice for that.
std::vector<uint32_t> reads_of_values(const Graph& graph);

}  // namespace netc
