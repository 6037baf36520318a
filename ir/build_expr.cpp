// Makes expression nodes from syntax in three sweeps without recursion: types that pieces tell by
// themselves (upwards), types that constants get from their context (downwards), nodes (upwards).
#include "ir/build_expr.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace netc {

namespace {

using Kind = SyntaxNode::Kind;

/// Coefficients and constants of positions stay below this, so that sums of them never overflow.
constexpr int64_t largest_coefficient = int64_t{1} << 48;

bool is_call_of(const SyntaxNode& node, Function function) {
  return node.kind == Kind::apply && node.function == function;
}

/// The operands that share a type; a selection's condition does not.
std::span<const SyntaxId> alike_children(const SyntaxNode& node) {
  const std::span<const SyntaxId> children = node.children;
  return info(node.function).kind == FunctionClass::selection ? children.subspan(1) : children;
}

}  // namespace

std::optional<int64_t> whole_number(std::string_view text, bool negative) {
  uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const uint64_t largest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (size > largest + negative) return std::nullopt;
  return static_cast<int64_t>(negative ? -size : size);
}

std::optional<double> real_number(std::string_view text, bool negative) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = std::numeric_limits<double>::infinity();
  if (text != "inf") {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  }
  return negative ? -value : value;
}

template <typename Visit>
void SyntaxBuilder::for_each_node(uint32_t target_end, Visit visit) {
  // The target stands first in the text, but may use what is defined after it.
  const uint32_t count = static_cast<uint32_t>(tree_.nodes.size());
  for (uint32_t i = target_end; i < count; ++i) visit(SyntaxId{i});
  for (uint32_t i = 0; i < target_end; ++i) visit(SyntaxId{i});
}

void SyntaxBuilder::infer_types(uint32_t target_end) {
  types_.resize(tree_.nodes.size());
  // Parents first: what lies in the positions of a read may be silent.
  for (uint32_t i = static_cast<uint32_t>(tree_.nodes.size()); i-- > 0;) {
    const SyntaxNode& node = tree_.nodes[i];
    if (node.kind != Kind::read || node.silent) continue;
    const size_t count = node.children.size() - node.has_otherwise;
    std::vector<Position>& positions = positions_[SyntaxId{i}];
    for (size_t k = 0; k < count; ++k) positions.push_back(position(tree_.nodes[i].children[k]));
  }
  for_each_node(target_end, [&](SyntaxId id) {
    if (!tree_[id].silent) types_[id.index] = type_of(tree_[id]);
  });
}

std::optional<DType> SyntaxBuilder::type_of(const SyntaxNode& node) {
  switch (node.kind) {
    case Kind::number:
      return node.type;
    case Kind::truth:
      return DType::boolean;
    case Kind::name: {
      const auto let = lets.find(node.text);
      if (let == lets.end()) return DType::i64;
      return types_[let->second.index];
    }
    case Kind::read:
      return node.tensor.valid() ? graph_[node.tensor].type.dtype : DType::f32;
    case Kind::convert:
      return node.type;
    case Kind::apply: {
      const auto operand = alike_type(node);
      if (operand) return result_type(node.function, *operand);
      const DType truth = result_type(node.function, DType::f32);
      return truth == DType::boolean ? std::optional(truth) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<DType> SyntaxBuilder::alike_type(const SyntaxNode& node) const {
  for (const SyntaxId child : alike_children(node))
    if (types_[child.index]) return types_[child.index];
  return std::nullopt;
}

SyntaxBuilder::Position SyntaxBuilder::position(SyntaxId root) {
  Position result;
  std::vector<std::pair<SyntaxId, int64_t>> rest = {{root, 1}};
  while (!rest.empty() && !cursor_.failed()) {
    const auto [id, times] = rest.back();
    rest.pop_back();
    SyntaxNode& node = tree_[id];
    const bool is_open = !node.parenthesized;
    const bool is_sum = is_open && is_call_of(node, Function::add);
    const bool is_difference = is_open && is_call_of(node, Function::sub);
    const bool is_product = is_open && is_call_of(node, Function::mul);
    if (is_open && node.kind == Kind::number && !node.type) {
      add_constant(result, id, times);
    } else if (is_open && node.kind == Kind::name && !lets.contains(node.text)) {
      add_name(result, id, times);
    } else if (is_sum || is_difference) {
      node.silent = true;
      rest.push_back({node.children[1], is_sum ? times : -times});
      rest.push_back({node.children[0], times});
    } else if (is_open && is_call_of(node, Function::neg)) {
      node.silent = true;
      rest.push_back({node.children[0], -times});
    } else if (is_product) {
      const bool number_first = tree_[node.children[0]].kind == Kind::number;
      const SyntaxId number = node.children[number_first ? 0 : 1];
      const SyntaxId name = node.children[number_first ? 1 : 0];
      if (tree_[number].kind != Kind::number || tree_[name].kind != Kind::name) {
        cursor_.fail(node.range, "a product in a position is a number times an index");
        break;
      }
      const auto factor = whole_number(tree_[number].text, tree_[number].negative);
      if (!factor || std::abs(*factor) > largest_coefficient)
        cursor_.fail(tree_[number].range, "the factor of an index is a whole number below 2^48");
      node.silent = tree_[number].silent = true;
      add_name(result, name, times * factor.value_or(0));
    } else {
      add_data(result, id, times);
    }
    check_size(result.affine, tree_[root].range);
  }
  return result;
}

void SyntaxBuilder::add_constant(Position& position, SyntaxId number, int64_t sign) {
  SyntaxNode& node = tree_[number];
  const auto value = whole_number(node.text, node.negative);
  if (!value || *value > largest_coefficient || *value < -largest_coefficient)
    return cursor_.fail(node.range, "a constant position is a whole number below 2^48");
  node.silent = true;
  position.affine.constant += sign * *value;
}

void SyntaxBuilder::add_name(Position& position, SyntaxId name, int64_t times) {
  SyntaxNode& node = tree_[name];
  node.silent = true;
  if (node.text == "N") {
    position.affine.batch += times;
    return;
  }
  const auto index = indices.find(node.text);
  if (index == indices.end())
    return cursor_.fail(node.range, "no index or `let` is called `{}`", node.text);
  position.affine.add(Affine::of(index->second, times));
}

void SyntaxBuilder::add_data(Position& position, SyntaxId data, int64_t times) {
  if (times != 1)
    return cursor_.fail(tree_[data].range, "a gather stands in a position alone or added");
  if (position.data.valid())
    return cursor_.fail(tree_[data].range, "a position holds one gather; put a sum in parentheses");
  position.data = data;
}

void SyntaxBuilder::check_size(const Affine& affine, SourceRange range) {
  const auto too_large = [](int64_t value) {
    return value > largest_coefficient || value < -largest_coefficient;
  };
  const bool large_term =
      std::any_of(affine.terms.begin(), affine.terms.end(),
                  [&](const Affine::Term& term) { return too_large(term.coefficient); });
  if (large_term || too_large(affine.constant) || too_large(affine.batch))
    cursor_.fail(range, "the numbers of a position stay below 2^48");
}

void SyntaxBuilder::build(const std::vector<SyntaxId>& target, uint32_t target_end,
                          const std::map<SyntaxId, DType>& wanted) {
  wanted_.resize(tree_.nodes.size());
  built_.resize(tree_.nodes.size());
  for (const auto& [root, type] : wanted) wanted_[root.index] = type;
  want_types();
  ExprBuilder builder(definition_.dag);
  std::vector<Position> target_positions;
  for (const SyntaxId root : target) target_positions.push_back(position(root));
  for_each_node(target_end, [&](SyntaxId id) {
    if (!cursor_.failed() && !tree_[id].silent) make(id, builder);
  });
  if (!cursor_.failed()) definition_.target = subscripts_of(target_positions);
}

void SyntaxBuilder::want_types() {
  const auto want = [this](SyntaxId id, std::optional<DType> type) {
    if (type && !wanted_[id.index]) wanted_[id.index] = type;
  };
  for (uint32_t i = static_cast<uint32_t>(tree_.nodes.size()); i-- > 0;) {
    const SyntaxNode& node = tree_.nodes[i];
    if (node.silent) continue;
    if (node.kind == Kind::read && node.has_otherwise) want(node.children.back(), types_[i]);
    if (node.kind != Kind::apply) continue;
    auto operand = alike_type(node);
    if (!operand && info(node.function).kind != FunctionClass::comparison) operand = wanted_[i];
    for (const SyntaxId child : alike_children(node)) want(child, operand);
  }
}

void SyntaxBuilder::make(SyntaxId id, ExprBuilder& builder) {
  const SyntaxNode& node = tree_[id];
  ExprId& made = built_[id.index];
  switch (node.kind) {
    case Kind::number:
      made = make_number(node, node.type ? node.type : wanted_[id.index], builder);
      break;
    case Kind::truth:
      made = builder.boolean(node.text == "true");
      break;
    case Kind::name:
      made = make_name(node, builder);
      break;
    case Kind::read:
      made = make_read(id, builder);
      break;
    case Kind::apply:
      made = make_apply(node, builder);
      break;
    case Kind::convert: {
      const ExprId operand = built_[node.children[0].index];
      if (builder.type(operand) == *node.type)
        cursor_.fail(node.range, "the operand of this conversion is {} already", name(*node.type));
      made = builder.convert(operand, *node.type);
      break;
    }
  }
}

ExprId SyntaxBuilder::make_number(const SyntaxNode& node, std::optional<DType> type,
                                  ExprBuilder& builder) {
  if (!type) {
    cursor_.fail(node.range, "nothing beside `{}` tells its type; write it as in `f32({})`",
                 node.text, node.text);
    return {};
  }
  if (is_float(*type)) {
    const auto value = real_number(node.text, node.negative);
    if (!value) cursor_.fail(node.range, "`{}` does not fit a float", node.text);
    return builder.number(value.value_or(0), *type);
  }
  const auto value = whole_number(node.text, node.negative);
  if (!value || wrap_to(*type, *value) != *value)
    cursor_.fail(node.range, "`{}{}` does not fit {}", node.negative ? "-" : "", node.text,
                 name(*type));
  return builder.integer(value.value_or(0), *type);
}

ExprId SyntaxBuilder::make_name(const SyntaxNode& node, ExprBuilder& builder) {
  if (const auto let = lets.find(node.text); let != lets.end()) {
    const ExprId value = built_[let->second.index];
    if (!value.valid()) cursor_.fail(node.range, "`{}` is used before its `let`", node.text);
    return value;
  }
  if (node.text == "N") return builder.batch();
  const auto index = indices.find(node.text);
  if (index != indices.end()) return builder.index(index->second);
  cursor_.fail(node.range, "no index or `let` is called `{}`", node.text);
  return {};
}

ExprId SyntaxBuilder::make_read(SyntaxId id, ExprBuilder& builder) {
  const SyntaxNode& node = tree_[id];
  const Value& tensor = graph_[node.tensor];
  const std::vector<Position>& positions = positions_[id];
  if (positions.size() != tensor.type.rank()) {
    cursor_.fail(node.range, "`{}` is {} and takes {} positions, found {}", tensor.name,
                 to_string(tensor.type), tensor.type.rank(), positions.size());
    return {};
  }
  ExprId otherwise;
  if (node.has_otherwise) {
    otherwise = built_[node.children.back().index];
    if (builder.type(otherwise) != tensor.type.dtype) {
      cursor_.fail(node.range, "the value outside of `{}` is {}, the tensor {}", tensor.name,
                   name(builder.type(otherwise)), name(tensor.type.dtype));
      return {};
    }
  }
  return builder.read(node.tensor, tensor.type.dtype, subscripts_of(positions), otherwise);
}

ExprId SyntaxBuilder::make_apply(const SyntaxNode& node, ExprBuilder& builder) {
  std::vector<ExprId> args;
  for (const SyntaxId child : node.children) args.push_back(built_[child.index]);
  const bool selects = info(node.function).kind == FunctionClass::selection;
  if (selects && builder.type(args[0]) != DType::boolean) {
    cursor_.fail(node.range, "the condition of `if` is {}, not bool", name(builder.type(args[0])));
    return {};
  }
  const DType first = builder.type(args[selects ? 1 : 0]);
  for (size_t i = selects ? 2 : 1; i < args.size(); ++i)
    if (builder.type(args[i]) != first) {
      cursor_.fail(node.range, "operands of `{}` are {} and {}", info(node.function).name,
                   name(first), name(builder.type(args[i])));
      return {};
    }
  return builder.apply(node.function, std::move(args));
}

std::vector<Subscript> SyntaxBuilder::subscripts_of(const std::vector<Position>& positions) const {
  std::vector<Subscript> result;
  for (const Position& position : positions)
    result.push_back(
        {position.affine, position.data.valid() ? built_[position.data.index] : ExprId{}});
  return result;
}

}  // namespace netc
