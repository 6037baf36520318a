// The syntax of scalar expressions, before indices and the types of constants are known.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ir/parse_cursor.h"

namespace netc {

using SyntaxId = Id<struct SyntaxTag>;

struct SyntaxNode {
  enum class Kind : uint8_t {
    number,   ///< `text`, perhaps `negative`; of `type` where that is written: `f32(0.5)`
    truth,    ///< `true`, `false`
    name,     ///< an index, a `let`, or `N`
    read,     ///< `tensor` at `children`; then the value outside where `has_otherwise`
    apply,    ///< `function` of `children`
    convert,  ///< `children[0]` to `type`
  };
  Kind kind{};
  SourceRange range;
  std::string_view text;
  bool negative = false;
  bool has_otherwise = false;
  bool parenthesized = false;
  bool silent = false;  ///< makes no node: replaced, or part of an affine form
  std::optional<DType> type;
  Function function{};
  ValueId tensor;
  std::vector<SyntaxId> children;
};

/// Children come before their parents.
struct SyntaxTree {
  std::vector<SyntaxNode> nodes;

  const SyntaxNode& operator[](SyntaxId id) const { return nodes[id.index]; }
  SyntaxNode& operator[](SyntaxId id) { return nodes[id.index]; }
  SyntaxId add(SyntaxNode node) {
    nodes.push_back(std::move(node));
    return SyntaxId{static_cast<uint32_t>(nodes.size() - 1)};
  }
};

/// What the names of a graph stand for.
struct GraphNames {
  std::map<std::string, ValueId, std::less<>> values;     ///< written `%name`
  std::map<std::string, ValueId, std::less<>> variables;  ///< written `@name`
};

/// Takes a `%name` or `@name` and looks it up.
ValueId parse_reference(ParseCursor& cursor, const GraphNames& names);

class ExprParser {
 public:
  ExprParser(ParseCursor& cursor, const GraphNames& names, SyntaxTree& tree)
      : cursor_(cursor), names_(names), tree_(tree) {}

  /// expression = "if" or "then" or "else" expression | or
  SyntaxId expression();
  /// What a reduction takes in: a chain of products.
  SyntaxId product() { return infix(6); }
  /// Whether a reduction begins `ahead` tokens from here: `sum [`.
  bool at_reduction(size_t ahead = 0) const;
  /// "[" expression {"," expression} "]", or nothing.
  std::vector<SyntaxId> subscripts();

 private:
  SyntaxId infix(int level);
  std::optional<Function> infix_at(int level) const;
  SyntaxId unary();
  SyntaxId power();
  SyntaxId primary();
  SyntaxId parenthesis();
  SyntaxId read();
  SyntaxId number(bool negative);
  SyntaxId call(Function function);
  SyntaxId conversion(DType type);
  SyntaxId apply(Function function, std::vector<SyntaxId> args, SourceRange range);

  ParseCursor& cursor_;
  const GraphNames& names_;
  SyntaxTree& tree_;
  int depth_ = 0;
};

}  // namespace netc
