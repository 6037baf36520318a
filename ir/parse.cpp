// Graphs from text: declarations, operations, results; each rule is a function with its grammar.
#include "ir/parse.h"

#include <algorithm>
#include <map>

#include "ir/build_expr.h"
#include "ir/parse_definition.h"

namespace netc {

namespace {

class GraphParser {
 public:
  explicit GraphParser(ParseCursor& cursor) : cursor_(cursor) {}

  /// graph = "graph" "@" name "(" [input {"," input}] ")" ["batch" integer] "{" {statement} "}"
  Graph run() {
    cursor_.expect("graph");
    const Token name =
        cursor_.expect(TokenKind::variable, "the name of a graph such as `@m.train`");
    const size_t dot = name.text.rfind('.');
    graph_.model = name.text.substr(0, dot);
    if (dot != std::string_view::npos) graph_.entry = name.text.substr(dot + 1);
    cursor_.expect("(");
    if (!cursor_.peek().is(")")) {
      do input();
      while (cursor_.accept(","));
    }
    cursor_.expect(")");
    if (cursor_.accept("batch")) capacity();
    cursor_.expect("{");
    while (!cursor_.at_end() && !cursor_.peek().is("}")) statement();
    cursor_.expect("}");
    return std::move(graph_);
  }

 private:
  /// input = "%" name ":" type ["in" integer ".." integer]
  void input() {
    const Token name = cursor_.expect(TokenKind::value, "an input such as `%x`");
    Value value = named(name, ValueKind::input);
    cursor_.expect(":");
    value.type = parse_type(cursor_);
    if (cursor_.accept("in")) {
      value.checked = true;
      value.low = integer();
      cursor_.expect("..");
      value.high = integer();
    }
    declare(std::move(value), name);
  }

  void capacity() {
    const SourceRange range = cursor_.peek().range;
    graph_.capacity = integer();
    if (graph_.capacity < 1 || graph_.capacity > int64_t{1} << 40)
      cursor_.fail(range, "a batch is from 1 to 2^40");
  }

  /// statement = setting | variable | operation | update | kernel | scan | result
  void statement() {
    const Token& token = cursor_.peek();
    if (token.kind == TokenKind::value) return operation();
    if (token.is("setting")) return setting();
    if (token.is("update")) return update();
    if (token.is("kernel")) return kernel();
    if (token.is("scan")) return scan();
    for (const VariableRole role :
         {VariableRole::param, VariableRole::state, VariableRole::optimizer, VariableRole::average})
      if (token.is(name(role))) return variable(role);
    for (const ResultKind kind :
         {ResultKind::loss, ResultKind::output, ResultKind::metric, ResultKind::gradient})
      if (token.is(name(kind))) return result(kind);
    cursor_.fail_expecting("a statement");
  }

  /// setting = "setting" "%" name "=" number
  void setting() {
    cursor_.take();
    const Token name = cursor_.expect(TokenKind::value, "a setting such as `%rate`");
    Value value = named(name, ValueKind::setting);
    value.type = {DType::f64, {}};
    cursor_.expect("=");
    value.setting = number();
    declare(std::move(value), name);
  }

  /// variable = role "@" name ":" type "init" name ["(" argument {"," argument} ")"]
  void variable(VariableRole role) {
    cursor_.take();
    const Token name = cursor_.expect(TokenKind::variable, "a variable such as `@dense1.w`");
    Value value = named(name, ValueKind::variable);
    value.role = role;
    cursor_.expect(":");
    value.type = parse_type(cursor_);
    cursor_.expect("init");
    value.initializer.kind = cursor_.expect(TokenKind::word, "an initializer").text;
    if (cursor_.accept("(")) {
      do {
        if (cursor_.peek().kind == TokenKind::string)
          value.initializer.strings.push_back(unquoted(cursor_.take().text));
        else
          value.initializer.arguments.push_back(number());
      } while (cursor_.accept(","));
      cursor_.expect(")");
    }
    declare(std::move(value), name);
  }

  /// operation = "%" name {"," "%" name} "=" "gradient" ... | "%" name left (op | definition)
  void operation() {
    const size_t after = cursor_.peek(1).is("=") ? 2 : 1;
    if (cursor_.peek(1).is(",") || cursor_.peek(after).is("gradient")) return gradient();
    const Token name = cursor_.take();
    LeftSide left = parse_left_side(cursor_, names_);
    if (cursor_.peek().is("reshape")) return reshape(name, left);
    if (cursor_.peek().is("concat")) return concat(name);
    ParsedDefinition parsed = parse_right_side(cursor_, names_, graph_, std::move(left));
    add_op(std::move(parsed.definition), {name}, {std::move(parsed.type)});
  }

  /// "%" name ":" type "=" "reshape" value
  void reshape(const Token& name, const LeftSide& left) {
    const SourceRange place = cursor_.take().range;
    if (!left.type) cursor_.fail(place, "`reshape` needs the type of its result after `:`");
    add_op(Reshape{parse_reference(cursor_, names_)}, {name}, {left.type.value_or(TensorType{})});
  }

  /// "%" name "=" "concat" value {"," value} "axis" integer
  void concat(const Token& name) {
    const SourceRange place = cursor_.take().range;
    Concat concat;
    do concat.operands.push_back(parse_reference(cursor_, names_));
    while (cursor_.accept(","));
    cursor_.expect("axis");
    const int64_t axis = integer();
    if (cursor_.failed()) return;
    TensorType type = graph_[concat.operands[0]].type;
    if (axis < 0 || axis >= static_cast<int64_t>(type.rank()))
      return cursor_.fail(place, "`{}` has no axis {}", to_string(type), axis);
    concat.axis = static_cast<uint32_t>(axis);
    type.dims[concat.axis].factor = 0;
    for (const ValueId operand : concat.operands) {
      const TensorType& part = graph_[operand].type;
      if (part.rank() == type.rank())
        type.dims[concat.axis].factor += part.dims[concat.axis].factor;
    }
    add_op(std::move(concat), {name}, {std::move(type)});
  }

  /// "%" name {"," "%" name} "=" "gradient" value "by" value {"," value} ["steps" integer]
  void gradient() {
    std::vector<Token> results;
    do results.push_back(cursor_.expect(TokenKind::value, "a result such as `%d.w`"));
    while (cursor_.accept(","));
    cursor_.expect("=");
    const SourceRange place = cursor_.expect("gradient").range;
    Gradient gradient{parse_reference(cursor_, names_), {}};
    cursor_.expect("by");
    do gradient.by.push_back(parse_reference(cursor_, names_));
    while (cursor_.accept(","));
    if (cursor_.accept("steps")) gradient.steps = static_cast<uint32_t>(integer());
    if (results.size() != gradient.by.size())
      cursor_.fail(place, "{} results for the gradients by {} values", results.size(),
                   gradient.by.size());
    if (cursor_.failed()) return;
    std::vector<TensorType> types;
    for (const ValueId by : gradient.by) types.push_back(graph_[by].type);
    add_op(std::move(gradient), results, std::move(types));
  }

  /// update = "update" "@" name "=" value
  void update() {
    const SourceRange range = cursor_.take().range;
    Update update;
    update.variable = parse_reference(cursor_, names_);
    cursor_.expect("=");
    update.value = parse_reference(cursor_, names_);
    if (cursor_.failed()) return;
    Op& op = graph_.ops.emplace_back();
    op.what = update;
    op.range = range;
    put_in_kernel();
  }

  /// kernel = "kernel" name "{" {operation} "}"; the same name again goes on
  void kernel() {
    const Token keyword = cursor_.take();
    if (kernel_) cursor_.fail(keyword.range, "a kernel holds no kernel");
    const Token name = cursor_.expect(TokenKind::word, "the name of a kernel");
    cursor_.expect("{");
    auto& groups = graph_.groups;
    const auto same_name = [&](const Group& group) { return group.name == name.text; };
    auto place = std::find_if(groups.begin(), groups.end(), same_name);
    if (place == groups.end()) place = groups.insert(groups.end(), {std::string(name.text), {}});
    kernel_ = static_cast<size_t>(place - groups.begin());
    while (!cursor_.at_end() && !cursor_.peek().is("}")) statement();
    cursor_.expect("}");
    kernel_.reset();
  }

  /// scan = "scan" name ":" integer ["reversed"] ["carries" carried {"," carried}]
  ///        "{" {operation | kernel | scan} "}"
  /// carried = "%" name ":" type, of a value that is read before its definition
  void scan() {
    const Token keyword = cursor_.take();
    if (kernel_) cursor_.fail(keyword.range, "a kernel holds no scan");
    if (scan_depth_ == 16) cursor_.fail(keyword.range, "scans are nested more than 16 deep");
    Scan scan;
    scan.index.name = cursor_.expect(TokenKind::word, "the index of a scan").text;
    cursor_.expect(":");
    scan.index.extent.factor = integer();
    scan.reversed = cursor_.accept("reversed");
    scan.outer = scan_;
    if (cursor_.accept("carries")) {
      do carried();
      while (cursor_.accept(","));
    }
    cursor_.expect("{");
    if (cursor_.failed()) return;
    const ScanId outer = scan_;
    scan_ = ScanId{static_cast<uint32_t>(graph_.scans.size())};
    graph_.scans.push_back(std::move(scan));
    ++scan_depth_;
    while (!cursor_.at_end() && !cursor_.peek().is("}")) statement();
    cursor_.expect("}");
    --scan_depth_;
    scan_ = outer;
    if (scan_depth_ == 0 && !promised_.empty())
      cursor_.fail(keyword.range, "`%{}` is carried, but never made", promised_.begin()->first);
  }

  void carried() {
    const Token name = cursor_.expect(TokenKind::value, "a carried value such as `%h`");
    Value value = named(name, ValueKind::result);
    cursor_.expect(":");
    value.type = parse_type(cursor_);
    if (cursor_.failed()) return;
    const std::string text = value.name;
    const ValueId id = declare(std::move(value), name);
    promised_.emplace(text, id);
  }

  void put_in_kernel() {
    const OpId op{static_cast<uint32_t>(graph_.ops.size() - 1)};
    graph_.ops.back().scan = scan_;
    if (kernel_) graph_.groups[*kernel_].ops.push_back(op);
  }

  /// result = "loss" "=" value | ("output" | "metric" | "gradient") name "=" value
  void result(ResultKind kind) {
    cursor_.take();
    GraphResult result{kind, "", {}};
    if (kind != ResultKind::loss) result.name = cursor_.expect(TokenKind::word, "a name").text;
    cursor_.expect("=");
    result.value = parse_reference(cursor_, names_);
    graph_.results.push_back(std::move(result));
  }

  void add_op(decltype(Op::what) what, const std::vector<Token>& results,
              std::vector<TensorType> types) {
    if (cursor_.failed()) return;
    const OpId id{static_cast<uint32_t>(graph_.ops.size())};
    Op op{.what = std::move(what), .range = results[0].range};
    for (size_t i = 0; i < results.size(); ++i) {
      if (const auto found = promised_.find(results[i].text); found != promised_.end()) {
        const ValueId carried = found->second;
        promised_.erase(found);
        if (types[i] != graph_[carried].type)
          cursor_.fail(results[i].range, "`%{}` is carried as {}, and this is {}", results[i].text,
                       to_string(graph_[carried].type), to_string(types[i]));
        graph_[carried].producer = id;
        op.results.push_back(carried);
        continue;
      }
      Value value = named(results[i], ValueKind::result);
      value.type = std::move(types[i]);
      value.producer = id;
      op.results.push_back(declare(std::move(value), results[i]));
    }
    graph_.ops.push_back(std::move(op));
    put_in_kernel();
  }

  static Value named(const Token& token, ValueKind kind) {
    return {.name = std::string(token.text), .kind = kind, .range = token.range};
  }

  ValueId declare(Value value, const Token& name) {
    const bool is_variable = value.kind == ValueKind::variable;
    auto& table = is_variable ? names_.variables : names_.values;
    const ValueId id{static_cast<uint32_t>(graph_.values.size())};
    if (!table.emplace(value.name, id).second)
      cursor_.fail(name.range, "`{}` is named twice", value.name);
    return graph_.add_value(std::move(value));
  }

  /// integer = ["-"] digits
  int64_t integer() {
    const bool negative = cursor_.accept("-");
    const Token token = cursor_.expect(TokenKind::number, "a whole number");
    const auto value = whole_number(token.text, negative);
    if (!value) cursor_.fail(token.range, "expected a whole number, found `{}`", token.text);
    return value.value_or(0);
  }

  /// number = ["-"] (digits | "inf" | "nan")
  double number() {
    const bool negative = cursor_.accept("-");
    const Token token = cursor_.take();
    const auto value = real_number(token.text, negative);
    if (!value)
      cursor_.fail(token.range, "expected a number, found `{}`", token.text.substr(0, 40));
    return value.value_or(0);
  }

  static std::string unquoted(std::string_view text) {
    std::string result;
    for (size_t i = 1; i + 1 < text.size(); ++i) {
      const bool escaped = text[i] == '\\' && i + 2 < text.size();
      if (escaped) ++i;
      result += escaped && text[i] == 'n' ? '\n' : text[i];
    }
    return result;
  }

  ParseCursor& cursor_;
  Graph graph_;
  GraphNames names_;
  std::optional<size_t> kernel_;  ///< the one whose braces are open
  ScanId scan_;                   ///< the innermost one whose braces are open
  int scan_depth_ = 0;
  std::map<std::string, ValueId, std::less<>> promised_;  ///< carried, and not defined so far
};

}  // namespace

std::vector<Graph> parse_graphs(const SourceMap& sources, FileId file, Diagnostics& diagnostics) {
  ParseCursor cursor(lex_graph(sources, file), diagnostics);
  std::vector<Graph> graphs;
  while (!cursor.at_end()) {
    Graph graph = GraphParser(cursor).run();
    if (cursor.failed())
      cursor.recover();
    else
      graphs.push_back(std::move(graph));
  }
  return graphs;
}

}  // namespace netc
