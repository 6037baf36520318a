// Definitions from text: which names are its free indices, how far its indices go, what type its
// result has. What the text leaves out follows from `infer_extents`, as the printer knows.
#include "ir/parse_definition.h"

#include <algorithm>

#include "ir/build_expr.h"
#include "ir/inference.h"

namespace netc {

Dim parse_dim(ParseCursor& cursor) {
  constexpr int64_t largest = int64_t{1} << 40;
  if (cursor.accept("N")) return {1, true};
  const Token token = cursor.expect(TokenKind::number, "a size");
  const auto factor = whole_number(token.text, false);
  if (!factor || *factor < 1 || *factor > largest)
    cursor.fail(token.range, "a size is a whole number from 1 to 2^40");
  if (!cursor.accept("*")) return {factor.value_or(1), false};
  cursor.expect("N");
  return {factor.value_or(1), true};
}

TensorType parse_type(ParseCursor& cursor) {
  TensorType type;
  const Token token = cursor.expect(TokenKind::word, "a type");
  const auto dtype = parse_dtype(token.text);
  if (!dtype) cursor.fail(token.range, "`{}` is no element type", token.text.substr(0, 40));
  type.dtype = dtype.value_or(DType::f32);
  cursor.expect("[");
  if (cursor.accept("]")) return type;
  do type.dims.push_back(parse_dim(cursor));
  while (cursor.accept(","));
  cursor.expect("]");
  return type;
}

namespace {

LeftSide::IndexSyntax parse_index(ParseCursor& cursor) {
  const Token token = cursor.expect(TokenKind::word, "the name of an index");
  if (is_reserved_word(token.text))
    cursor.fail(token.range, "`{}` cannot name an index", token.text);
  LeftSide::IndexSyntax index{token.text, std::nullopt, token.range};
  if (cursor.accept(":")) index.extent = parse_dim(cursor);
  return index;
}

class DefinitionParser {
 public:
  DefinitionParser(ParseCursor& cursor, const GraphNames& names, const Graph& graph, LeftSide left)
      : cursor_(cursor),
        names_(names),
        graph_(graph),
        left_(std::move(left)),
        target_end_(static_cast<uint32_t>(left_.tree.nodes.size())),
        builder_(left_.tree, graph, definition_, cursor) {}

  ParsedDefinition run() {
    parse_lets();
    parse_body();
    if (!cursor_.failed()) collect_free_indices();
    if (!cursor_.failed()) build();
    if (!cursor_.failed()) find_extents();
    TensorType type = left_.type.value_or(TensorType{});
    if (!cursor_.failed() && !left_.type) {
      if (!definition_.has_identity_target() || definition_.accumulate)
        cursor_.fail(left_.range, "the type of this result does not follow; write it after `:`");
      else
        type = natural_type(definition_);
    }
    return {std::move(definition_), std::move(type)};
  }

 private:
  void parse_lets() {
    ExprParser parser(cursor_, names_, left_.tree);
    while (cursor_.accept("let")) {
      const Token name = cursor_.expect(TokenKind::word, "a name");
      if (is_reserved_word(name.text) || builder_.lets.contains(name.text))
        cursor_.fail(name.range, "`{}` cannot be named here", name.text);
      cursor_.expect("=");
      const SyntaxId value = parser.expression();
      cursor_.expect(";");
      builder_.lets.emplace(name.text, value);
    }
  }

  void parse_body() {
    ExprParser parser(cursor_, names_, left_.tree);
    if (!parser.at_reduction()) {
      const SyntaxId first = parser.expression();
      if (!cursor_.peek().is("+")) {
        body_ = first;
        return;
      }
      cursor_.take();
      base_ = first;
    }
    const Token reduction = cursor_.take();
    for (const Reduction kind :
         {Reduction::sum, Reduction::prod, Reduction::max, Reduction::min, Reduction::argmax})
      if (reduction.is(name(kind))) definition_.reduction = kind;
    cursor_.expect("[");
    do reduced_.push_back(parse_index(cursor_));
    while (cursor_.accept(","));
    cursor_.expect("]");
    body_ = parser.product();
  }

  /// The free indices are those of the domain, or the names of the target in their order.
  void collect_free_indices() {
    if (left_.domain) {
      for (const LeftSide::IndexSyntax& index : *left_.domain) add_index(index);
    } else {
      std::vector<SyntaxNode> mentioned;
      for (uint32_t i = 0; i < target_end_; ++i) {
        const SyntaxNode& node = left_.tree.nodes[i];
        const bool is_index = node.kind == SyntaxNode::Kind::name && node.text != "N";
        if (is_index && !builder_.lets.contains(node.text)) mentioned.push_back(node);
      }
      std::stable_sort(
          mentioned.begin(), mentioned.end(),
          [](const SyntaxNode& a, const SyntaxNode& b) { return a.range.begin < b.range.begin; });
      for (const SyntaxNode& node : mentioned)
        if (!builder_.indices.contains(node.text))
          add_index({node.text, written_extent(node.text), node.range});
    }
    definition_.free_count = static_cast<uint32_t>(definition_.indices.size());
    for (const LeftSide::IndexSyntax& index : reduced_) add_index(index);
  }

  std::optional<Dim> written_extent(std::string_view name) const {
    for (size_t i = 0; i < left_.target.size(); ++i) {
      const SyntaxNode& node = left_.tree[left_.target[i]];
      if (left_.extents[i] && node.text == name) return left_.extents[i];
    }
    return std::nullopt;
  }

  void add_index(const LeftSide::IndexSyntax& index) {
    if (builder_.indices.contains(index.name) || builder_.lets.contains(index.name))
      return cursor_.fail(index.range, "`{}` is named twice", index.name);
    const IndexId id{static_cast<uint32_t>(definition_.indices.size())};
    builder_.indices.emplace(index.name, id);
    definition_.indices.push_back({std::string(index.name), index.extent.value_or(Dim{})});
    written_.push_back(index);
  }

  void build() {
    definition_.accumulate = left_.accumulate;
    builder_.infer_types(target_end_);
    if (cursor_.failed()) return;
    // A constant body or base has the type of the other, or of the result where it is written.
    std::optional<DType> type = builder_.own_type(body_);
    if (!type && base_.valid()) type = builder_.own_type(base_);
    const bool is_position = definition_.reduction == Reduction::argmax;
    if (!type && left_.type && !is_position) type = left_.type->dtype;
    std::map<SyntaxId, DType> wanted;
    if (type) wanted.emplace(body_, *type);
    if (type && base_.valid()) wanted.emplace(base_, *type);
    builder_.build(left_.target, target_end_, wanted);
    if (cursor_.failed()) return;
    definition_.body = builder_[body_];
    if (base_.valid()) definition_.base = builder_[base_];
  }

  void find_extents() {
    const TensorType* annotated = left_.type ? &*left_.type : nullptr;
    const auto inferred = infer_extents(graph_, definition_, annotated);
    for (size_t i = 0; i < inferred.size(); ++i) {
      if (written_[i].extent) continue;
      if (inferred[i].conflict)
        cursor_.fail(written_[i].range, "sizes of the dimensions where `{}` stands alone differ",
                     written_[i].name);
      else if (!inferred[i].dim)
        cursor_.fail(written_[i].range,
                     "`{}` stands alone nowhere; write its extent as in `{}: 10`", written_[i].name,
                     written_[i].name);
      else
        definition_.indices[i].extent = *inferred[i].dim;
    }
  }

  ParseCursor& cursor_;
  const GraphNames& names_;
  const Graph& graph_;
  LeftSide left_;
  uint32_t target_end_;
  Definition definition_;
  SyntaxBuilder builder_;
  SyntaxId body_, base_;
  std::vector<LeftSide::IndexSyntax> reduced_;
  std::vector<LeftSide::IndexSyntax> written_;  ///< by index
};

}  // namespace

LeftSide parse_left_side(ParseCursor& cursor, const GraphNames& names) {
  LeftSide left;
  left.range = cursor.peek().range;
  ExprParser parser(cursor, names, left.tree);
  if (cursor.accept("[")) {
    do {
      left.target.push_back(parser.expression());
      left.extents.emplace_back();
      if (!cursor.peek().is(":")) continue;
      if (left.tree[left.target.back()].kind != SyntaxNode::Kind::name)
        cursor.fail(cursor.peek().range, "an extent follows the name of an index");
      cursor.take();
      left.extents.back() = parse_dim(cursor);
    } while (cursor.accept(","));
    cursor.expect("]");
  }
  if (cursor.accept(":")) left.type = parse_type(cursor);
  if (cursor.accept("for")) {
    left.domain.emplace();
    do left.domain->push_back(parse_index(cursor));
    while (cursor.accept(","));
  }
  left.accumulate = cursor.accept("+=");
  if (!left.accumulate) cursor.expect("=");
  return left;
}

ParsedDefinition parse_right_side(ParseCursor& cursor, const GraphNames& names, const Graph& graph,
                                  LeftSide left) {
  return DefinitionParser(cursor, names, graph, std::move(left)).run();
}

}  // namespace netc
