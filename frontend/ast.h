// The syntax tree of a `.net` file, as written: names are not resolved, nothing is desugared
// except that `x |> f(a)` and `f(x, a)` are both a `Call`.
//
// A `File` owns all that it holds. Expressions live in its arena and refer to each other by
// pointer; statements and declarations are values. Every node knows its place in the source, and
// every name its own. The rule of the grammar that a node comes from stands above it: `x?` is
// optional, `x,*` a list separated by commas. Nesting is limited by the parser (`max_nesting`,
// `max_height`), so plain recursion over a tree is safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/support/source.h"
#include "ir/types.h"

namespace netc::ast {

/// How deep brackets, blocks and prefix operators may stand in each other.
inline constexpr int max_nesting = 256;
/// How high an expression's tree may be; long chains such as `a + b + c + ...` count here.
inline constexpr int max_height = 1000;

struct Expr;
struct Stmt;

/// An identifier where it is bound or referred to. The text is owned by the `File`.
struct Name {
  std::string_view text;
  SourceRange range;
};

/// '{' statement* '}'; the range includes the braces.
struct Block {
  std::vector<Stmt> statements;
  SourceRange range;
};

// Expressions.

enum class UnaryOp : uint8_t { negate, logical_not };

enum class BinaryOp : uint8_t {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  matmul,
  power,
};

enum class ReductionOp : uint8_t { sum, mean, max, min, prod, argmax };

std::string_view symbol(UnaryOp op);      ///< "-", "not"
std::string_view symbol(BinaryOp op);     ///< "+", "and", ...
std::string_view symbol(ReductionOp op);  ///< "sum", ...
constexpr bool is_comparison(BinaryOp op) {
  return op >= BinaryOp::equal && op <= BinaryOp::greater_equal;
}
/// One of the six names that open a reduction and cannot be bound.
std::optional<ReductionOp> find_reduction(std::string_view name);

/// NUMBER. An integer has both fields; a number with `.` or `e`, and `inf`, only `value`.
struct Number {
  double value = 0;
  int64_t integer = 0;
  bool is_integer = false;
};

/// STRING, with its escapes replaced; owned by the `File`.
struct String {
  std::string_view value;
};

/// 'true' | 'false'
struct Boolean {
  bool value = false;
};

/// NAME: a binding, constant, dimension, index, function, layer, ... (its range is the node's).
struct NameRef {
  std::string_view text;
};

/// '..' as an element of a list, or as a dimension of a type.
struct Rest {};

/// '[' (expr | '..'),* ']'
struct List {
  std::vector<const Expr*> items;
};

/// ('-' | 'not') expr
struct Unary {
  UnaryOp op{};
  const Expr* operand = nullptr;
};

/// expr op expr
struct Binary {
  BinaryOp op{};
  SourceRange op_range;
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};

/// 'if' expr 'then' expr 'else' expr
struct Conditional {
  const Expr* condition = nullptr;
  const Expr* then_value = nullptr;
  const Expr* else_value = nullptr;
};

/// expr '..' expr: in `for`, and as an argument (`part: 0..1500`).
struct Range {
  const Expr* from = nullptr;
  const Expr* to = nullptr;
};

/// (NAME ':')? (expr | range). Positional arguments come before named ones.
struct Argument {
  std::optional<Name> name;
  const Expr* value = nullptr;
};

/// NAME ('[' expr,+ ']')?: what stands after `as` and `let`: `fc1`, `block[i]`.
struct InstanceName {
  Name base;
  std::vector<const Expr*> subscripts;
  SourceRange range;
};

/// callee '(' argument,* ')' ('as' instance)?
/// expr '|>' callee ('(' argument,* ')')? ('as' instance)?
/// The callee is a NameRef, a Field, or an Index of these (`block[i]`).
struct Call {
  const Expr* callee = nullptr;
  const Expr* piped = nullptr;  ///< what came by `|>`, the first positional argument; or null
  std::vector<Argument> arguments;
  const InstanceName* as = nullptr;  ///< or null
};

/// expr | '..' | expr? ':' expr? (':' expr?)?
struct Subscript {
  enum class Kind : uint8_t { value, rest, slice };
  Kind kind{};
  SourceRange range;
  const Expr* value = nullptr;  ///< the value; or where a slice begins, or null
  const Expr* to = nullptr;     ///< where a slice ends, or null
  const Expr* step = nullptr;   ///< the step of a slice, or null
};

/// base '[' subscript,+ ']': a slice, a gather, a read in index notation, or an instance.
struct Index {
  const Expr* base = nullptr;
  std::vector<Subscript> subscripts;
};

/// base '.' NAME: a parameter of an instance.
struct Field {
  const Expr* base = nullptr;
  Name name;
};

/// '(' read 'else' expr ')': the read is an Index.
struct Otherwise {
  const Expr* read = nullptr;
  const Expr* value = nullptr;
};

/// NAME (':' expr)? | '..': an index that a definition or a reduction introduces.
struct IndexBinder {
  Name name;                   ///< its text is ".." where `rest`
  const Expr* size = nullptr;  ///< the given range, or null
  bool rest = false;
};

/// ('sum' | 'mean' | 'max' | 'min' | 'prod' | 'argmax') '[' binder,+ ']' product
struct Reduction {
  ReductionOp op{};
  std::vector<IndexBinder> indices;
  const Expr* body = nullptr;
};

struct ScanSource {
  Name variable;
  const Expr* source = nullptr;
};

/// 'scan' NAME,+ 'in' expr,+ 'axis' expr block. As many names as sources.
struct Scan {
  std::vector<ScanSource> sources;
  const Expr* axis = nullptr;
  const Block* body = nullptr;
};

struct Expr {
  using Node = std::variant<Number, String, Boolean, NameRef, Rest, List, Unary, Binary,
                            Conditional, Range, Call, Index, Field, Otherwise, Reduction, Scan>;
  SourceRange range;           ///< with its parentheses, but those of a literal or a name
  bool parenthesised = false;  ///< written in parentheses (once or more)
  uint16_t height = 1;
  Node node;

  /// The node if it is of this kind, else null: `if (auto* call = expr.as<ast::Call>())`.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

// Types.

/// 'int' | 'float' | 'bool' | 'string' | 'list' | (ELEMENT | 'int')? '[' (expr | '..'),* ']'
struct TypeAlternative {
  enum class Kind : uint8_t { integer, floating, boolean, string, list, tensor };
  Kind kind{};
  SourceRange range;
  // Of tensors alone:
  std::optional<DType> element;   ///< none: f32, or any float type in a signature
  bool any_integer = false;       ///< `int[...]`
  std::vector<const Expr*> dims;  ///< a `Rest` stands for any number of dimensions
};

/// alternative ('|' alternative)*
struct Type {
  std::vector<TypeAlternative> alternatives;
  SourceRange range;
};

// Statements.

/// 'const' NAME '=' expr
struct Const {
  Name name;
  const Expr* value = nullptr;
};

/// NAME '=' expr | '(' NAME,+ ')' '=' expr
struct Bind {
  std::vector<Name> names;
  const Expr* value = nullptr;
};

/// NAME '[' binder,* ']' '=' expr
struct Define {
  Name name;
  std::vector<IndexBinder> indices;
  const Expr* value = nullptr;
};

/// NAME '<-' expr
struct Update {
  Name name;
  const Expr* value = nullptr;
};

/// 'param' NAME ':' type 'init' expr
struct Param {
  Name name;
  Type type;
  const Expr* init = nullptr;
};

/// 'state' NAME ':' type 'init' expr; without a type in an optimizer
struct State {
  Name name;
  std::optional<Type> type;
  const Expr* init = nullptr;
};

/// 'let' instance '=' expr
struct Let {
  InstanceName name;
  const Expr* value = nullptr;
};

/// 'for' NAME 'in' (range | expr) block
struct For {
  Name name;
  const Expr* range = nullptr;  ///< a Range; anything else is the elaborator's to judge
  Block body;
};

/// 'if' expr block ('else' 'if' expr block)* ('else' block)?
struct If {
  struct Branch {
    const Expr* condition = nullptr;
    Block body;
  };
  std::vector<Branch> branches;
  std::optional<Block> otherwise;
};

/// Text, or the value of an expression in braces, of a message such as "{heads} heads".
struct MessagePart {
  std::string_view text;  ///< where `value` is null
  const Expr* value = nullptr;
};

/// 'require' expr (',' STRING)?
struct Require {
  const Expr* condition = nullptr;
  std::vector<MessagePart> message;
  SourceRange message_range;  ///< of the string; invalid without one
};

/// 'return' expr | 'return' '(' expr,+ ')'
struct Return {
  std::vector<const Expr*> values;
};

/// 'yield' expr | 'yield' '(' expr,+ ')'
struct Yield {
  std::vector<const Expr*> values;
};

/// A scan that stands alone.
struct ScanStatement {
  const Expr* scan = nullptr;
};

/// 'input' NAME ':' type
struct Input {
  Name name;
  Type type;
};

/// 'output' NAME '=' expr
struct Output {
  Name name;
  const Expr* value = nullptr;
};

/// 'loss' expr
struct Loss {
  const Expr* value = nullptr;
};

/// 'metric' NAME '=' expr
struct Metric {
  Name name;
  const Expr* value = nullptr;
};

struct Stmt {
  using Node = std::variant<Const, Bind, Define, Update, Param, State, Let, For, If, Require,
                            Return, Yield, ScanStatement, Input, Output, Loss, Metric>;
  SourceRange range;
  Node node;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

// Declarations.

/// 'use' STRING
struct Use {
  std::string_view path;
  SourceRange path_range;
};

/// NAME ':' type ('=' expr)?
struct Parameter {
  Name name;
  Type type;
  const Expr* default_value = nullptr;  ///< or null
};

/// ('fn' | 'layer') NAME '(' parameter,* ')' '->' (type | '(' type,+ ')') block
/// 'optimizer' NAME '(' parameter,* ')' block
struct Function {
  enum class Kind : uint8_t { fn, layer, optimizer };
  Kind kind{};
  Name name;
  std::vector<Parameter> parameters;
  std::vector<Type> results;  ///< none for an optimizer
  Block body;
};

/// 'model' NAME block
struct Model {
  Name name;
  Block body;
};

/// NAME '=' expr
struct Source {
  Name input;
  const Expr* value = nullptr;
};

/// ('data' | 'validation') '{' source* '}'
struct DataBlock {
  bool validation = false;
  std::vector<Source> sources;
  SourceRange body_range;  ///< with the braces
};

/// NAME expr ('on' expr)?: `batch 32`, `optimizer sgd(rate: 0.1) on "head.*"`, `freeze "embed.*"`.
/// Any name is parsed; the elaborator knows which settings there are.
struct Setting {
  Name name;
  const Expr* value = nullptr;
  const Expr* on = nullptr;  ///< or null
};

struct TrainItem {
  SourceRange range;
  std::variant<DataBlock, Setting, Const> node;
};

/// 'train' NAME '{' (data | setting | const)* '}'
struct Train {
  Name model;
  std::vector<TrainItem> items;
  SourceRange body_range;  ///< with the braces
};

struct Decl {
  using Node = std::variant<Use, Const, Function, Model, Train>;
  SourceRange range;
  Node node;

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

/// A `//` comment, for the formatter; the range goes from its slashes to the end of the line.
struct Comment {
  SourceRange range;
  bool own_line = false;  ///< nothing but blanks stands before it
};

/// declaration*
struct File {
  FileId id;
  std::vector<Decl> declarations;
  std::vector<Comment> comments;  ///< in the order of the text

  // What the nodes point into. Addresses stay valid when the file is moved.
  std::deque<Expr> expressions;
  std::deque<Block> blocks;
  std::deque<InstanceName> instances;
  std::set<std::string, std::less<>> strings;

  File() = default;
  File(File&&) = default;
  File& operator=(File&&) = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
};

}  // namespace netc::ast
