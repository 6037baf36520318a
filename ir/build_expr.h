// From the syntax of a definition's expressions to nodes of its DAG: names, affine forms, and the
// types of constants, which adapt to what stands beside them.
#pragma once

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "ir/parse_expr.h"

namespace netc {

class SyntaxBuilder {
 public:
  SyntaxBuilder(SyntaxTree& tree, const Graph& graph, Definition& definition, ParseCursor& cursor)
      : tree_(tree), graph_(graph), definition_(definition), cursor_(cursor) {}

  std::map<std::string_view, IndexId> indices;
  std::map<std::string_view, SyntaxId> lets;

  /// Makes the nodes of all `syntax` roots and the definition's target. Nodes before
  /// `target_end` belong to the target, which may use any `let`. `wanted` gives the types that
  /// roots get from their context.
  void build(const std::vector<SyntaxId>& target, uint32_t target_end,
             const std::map<SyntaxId, DType>& wanted);

  /// The node made for a piece of syntax.
  ExprId operator[](SyntaxId id) const { return built_[id.index]; }
  /// The type that syntax has by itself: known after `build`, or for a pair before it.
  std::optional<DType> own_type(SyntaxId id) const { return types_[id.index]; }
  /// Finds the types that syntax tells by itself; `build` needs them.
  void infer_types(uint32_t target_end);

 private:
  /// A position: the affine part, and the syntax of the gather.
  struct Position {
    Affine affine;
    SyntaxId data;
  };
  Position position(SyntaxId root);
  void add_constant(Position& position, SyntaxId number, int64_t sign);
  void add_name(Position& position, SyntaxId name, int64_t times);
  void add_data(Position& position, SyntaxId data, int64_t times);
  void check_size(const Affine& affine, SourceRange range);
  std::optional<DType> type_of(const SyntaxNode& node);
  std::optional<DType> alike_type(const SyntaxNode& node) const;
  void want_types();
  void make(SyntaxId id, ExprBuilder& builder);
  ExprId make_number(const SyntaxNode& node, std::optional<DType> type, ExprBuilder& builder);
  ExprId make_name(const SyntaxNode& node, ExprBuilder& builder);
  ExprId make_read(SyntaxId id, ExprBuilder& builder);
  ExprId make_apply(const SyntaxNode& node, ExprBuilder& builder);
  std::vector<Subscript> subscripts_of(const std::vector<Position>& positions) const;
  /// Node numbers in the order in which they can be made.
  template <typename Visit>
  void for_each_node(uint32_t target_end, Visit visit);

  SyntaxTree& tree_;
  const Graph& graph_;
  Definition& definition_;
  ParseCursor& cursor_;
  std::vector<std::optional<DType>> types_;
  std::vector<std::optional<DType>> wanted_;
  std::vector<ExprId> built_;
  std::map<SyntaxId, std::vector<Position>> positions_;  ///< of reads
};

/// A whole number, if the text is one that fits.
std::optional<int64_t> whole_number(std::string_view text, bool negative);

/// A number as a double; `inf` and `nan` included.
std::optional<double> real_number(std::string_view text, bool negative);

}  // namespace netc
