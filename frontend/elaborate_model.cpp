// Whole models: inputs, outputs, losses, metrics.
#include "frontend/elaborator.h"

namespace netc::elaboration {

Elaborator::Elaborator(const Context& context, Graph& graph, bool training)
    : context_(context), tensors_(graph), training_(training) {}

Diagnostic& Elaborator::error_at(Code code, SourceRange range, std::string message) {
  // What goes wrong inside the standard library is shown where the user called it.
  SourceRange place = range;
  const auto standard = [&](SourceRange at) {
    return at.valid() && context_.program.is_standard(at.file);
  };
  size_t level = calls_.size();
  while (standard(place) && level > 0) place = calls_[--level].range;
  Diagnostic& report = context_.diagnostics.error(code, place, "{}", message);
  if (!(place == range)) {
    report.note(range, "it arises here, in `{}` of the standard library",
                calls_.back().function->declaration->name.text);
    return report;
  }
  const auto contains = [](SourceRange outer, SourceRange inner) {
    return outer.file == inner.file && outer.begin <= inner.begin && inner.end <= outer.end;
  };
  for (size_t i = calls_.size(); i-- > 0 && calls_.size() - i <= 3;)
    if (!contains(calls_[i].range, place))
      report.note(calls_[i].range, "in this call of `{}`",
                  calls_[i].function->declaration->name.text);
  return report;
}

ModelResults Elaborator::model(const ast::Model& model, const SourceFile& file) {
  root_ = std::make_unique<Instance>();
  Frame frame;
  frame.file = &file;
  frame.instance = root_.get();
  frame.is_model = true;
  frame.float_type = read_type(DType::f32);
  frame.scopes.emplace_back();
  in_model_ = true;
  {
    const InFrame in_frame(*this, frame);
    run(model.body);
  }
  in_model_ = false;
  return std::move(results_);
}

void Elaborator::bind_batch(const ast::Type& type) {
  // The first name in an input's type that is nothing else is the batch.
  if (!batch_name_.empty()) return;
  for (const ast::TypeAlternative& alternative : type.alternatives) {
    for (const ast::Expr* dim : alternative.dims) {
      const ast::Expr* leaf = dim;
      if (const auto* product = dim->as<ast::Binary>())
        leaf = product->left->as<ast::Number>() ? product->right : product->left;
      const auto* name = leaf->as<ast::NameRef>();
      if (!name || frame().find(name->text) ||
          context_.program.find_constant(*frame().file, name->text))
        continue;
      batch_name_ = std::string(name->text);
      frame().scopes.front()[batch_name_] = {Binding::Kind::size, Size{1}, leaf->range, nullptr};
      return;
    }
  }
}

void Elaborator::run(const ast::Input& input, const ast::Stmt& stmt) {
  if (!frame().is_model) {
    error(Code::misplaced_statement, stmt.range, "an input stands in a `model`");
    return;
  }
  const ast::TypeAlternative& alternative = input.type.alternatives.front();
  if (input.type.alternatives.size() != 1 ||
      alternative.kind != ast::TypeAlternative::Kind::tensor || alternative.any_integer) {
    error(Code::wrong_type, input.type.range,
          "an input has one tensor type, such as `f32[N, 784]`");
    bind(input.name, Poison{}, Binding::Kind::input);
    return;
  }
  bind_batch(input.type);
  TensorType type{.dtype = read_type(alternative.element.value_or(DType::f32))};
  bool good = true;
  for (const ast::Expr* dim : alternative.dims) {
    if (dim->as<ast::Rest>()) {
      error(Code::misplaced_rest, dim->range, "an input has all of its dimensions");
      good = false;
      continue;
    }
    const auto size = dimension(*dim);
    if (!size) {
      good = false;
      continue;
    }
    if (size->batch && !type.dims.empty()) {
      error(Code::batch_misuse, dim->range, "the batch, `{}`, is the first dimension of an input",
            batch_name_);
      good = false;
    }
    type.dims.push_back(*size);
  }
  if (!good || !check_size(type, input.type.range)) {
    bind(input.name, Poison{}, Binding::Kind::input);
    return;
  }
  const ValueId id = graph().add_value({.name = graph().unique_name(std::string(input.name.text)),
                                        .type = std::move(type),
                                        .kind = ValueKind::input,
                                        .range = stmt.range});
  bind(input.name, tensors_.of(id), Binding::Kind::input);
}

std::optional<ValueId> Elaborator::result_value(const ast::Expr& expr, const std::string& wanted,
                                                SourceRange range) {
  const size_t known = graph().values.size();
  const Restore<Naming> naming(naming_, Naming(wanted));
  const auto element = as_element({evaluate(expr), expr.range}, expr.range);
  if (!element) return std::nullopt;
  const Operand value = finished(*element, wanted, range, known);
  const auto* whole = value.as<Element>();
  return whole ? tensors_.whole(*whole) : std::nullopt;
}

void Elaborator::run(const ast::Output& output, const ast::Stmt& stmt) {
  if (!frame().is_model) {
    error(Code::misplaced_statement, stmt.range, "an output stands in a `model`");
    return;
  }
  const auto value = result_value(*output.value, std::string(output.name.text), stmt.range);
  add_result(results_.outputs, output.name, value, "output");
}

void Elaborator::add_result(std::vector<ModelResults::Named>& results, const ast::Name& name,
                            std::optional<ValueId> value, std::string_view kind) {
  for (const ModelResults::Named& present : results) {
    if (present.name.text != name.text) continue;
    error(Code::duplicate_name, name.range, "there are two {}s called `{}`", kind, name.text)
        .label(present.name.range, "first here");
    return;
  }
  if (value) results.push_back({name, *value});
}

void Elaborator::run(const ast::Metric& metric, const ast::Stmt& stmt) {
  if (!frame().is_model) {
    error(Code::misplaced_statement, stmt.range, "a metric stands in a `model`");
    return;
  }
  auto value = result_value(*metric.value, std::string(metric.name.text), stmt.range);
  if (value && (graph()[*value].type.rank() != 0 || !is_float(graph()[*value].type.dtype))) {
    error(Code::not_a_scalar, metric.value->range, "a metric is a float scalar, not {}",
          to_string(graph()[*value].type))
        .help("reduce it: `mean(...)`");
    value.reset();
  }
  add_result(results_.metrics, metric.name, value, "metric");
}

void Elaborator::run(const ast::Loss& loss, const ast::Stmt& stmt) {
  if (!frame().is_model) {
    error(Code::misplaced_statement, stmt.range, "a loss stands in a `model`");
    return;
  }
  const auto value = result_value(*loss.value, "loss", stmt.range);
  if (!value) {
    results_.loss_reported = true;
    return;
  }
  const TensorType& type = graph()[*value].type;
  if (type.rank() != 0 || !is_float(type.dtype)) {
    error(Code::not_a_scalar, loss.value->range, "a loss is a float scalar, not {}",
          to_string(type))
        .help("reduce it: `mean(...)`");
    return;
  }
  if (!results_.losses.empty() && graph()[results_.losses.front()].type != type) {
    error(Code::element_type_mismatch, loss.value->range, "the losses of a model have one type");
    return;
  }
  results_.losses.push_back(*value);
}

std::optional<ValueId> Elaborator::total_loss(const ModelResults& results, SourceRange range) {
  if (results.losses.empty()) return std::nullopt;
  Element total = tensors_.of(results.losses.front());
  for (size_t i = 1; i < results.losses.size(); ++i)
    total.node = build().add(total.node, tensors_.of(results.losses[i]).node);
  return tensors_.whole(tensors_.define(total, "loss", range));
}

std::vector<ValueId> Elaborator::gradients(ValueId of, const std::vector<ValueId>& by) {
  const OpId op{static_cast<uint32_t>(graph().ops.size())};
  std::vector<ValueId> results;
  for (ValueId value : by)
    results.push_back(graph().add_value({.name = graph().unique_name("d." + graph()[value].name),
                                         .type = graph()[value].type,
                                         .range = graph()[value].range,
                                         .producer = op}));
  graph().ops.push_back({.what = Gradient{of, by}, .results = results});
  return results;
}

}  // namespace netc::elaboration
