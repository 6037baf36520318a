// Index notation: what ranges indices have, and definitions and reductions over them.
#include <algorithm>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

/// Calls `visit` on every expression right below this one.
template <typename Visit>
void for_each_child(const ast::Expr& expr, Visit visit) {
  const auto maybe = [&](const ast::Expr* child) {
    if (child) visit(*child);
  };
  if (const auto* list = expr.as<ast::List>()) {
    for (const ast::Expr* item : list->items) visit(*item);
  } else if (const auto* unary = expr.as<ast::Unary>()) {
    visit(*unary->operand);
  } else if (const auto* binary = expr.as<ast::Binary>()) {
    visit(*binary->left);
    visit(*binary->right);
  } else if (const auto* conditional = expr.as<ast::Conditional>()) {
    visit(*conditional->condition);
    visit(*conditional->then_value);
    visit(*conditional->else_value);
  } else if (const auto* call = expr.as<ast::Call>()) {
    maybe(call->piped);
    for (const ast::Argument& argument : call->arguments) visit(*argument.value);
  } else if (const auto* index = expr.as<ast::Index>()) {
    for (const ast::Subscript& subscript : index->subscripts) maybe(subscript.value);
  } else if (const auto* otherwise = expr.as<ast::Otherwise>()) {
    visit(*otherwise->read);
    visit(*otherwise->value);
  } else if (const auto* reduction = expr.as<ast::Reduction>()) {
    visit(*reduction->body);
  }
}

}  // namespace

/// Where indices stand alone in a subscript, which says how far they run.
struct Elaborator::Sizes {
  struct Site {
    Dim size;
    SourceRange range;
    bool guarded = false;  ///< a read with `else`
  };
  std::map<std::string, std::vector<Site>, std::less<>> of;
  struct RestSite {
    std::vector<Dim> dims;
    SourceRange range;
  };
  std::vector<RestSite> rest;
  bool wants_rest = false;
  bool failed = false;  ///< something was reported, which may be why a size is missing
};

void Elaborator::collect_sizes(const ast::Expr& expr, bool guarded, Sizes& sizes) {
  if (const auto* reduction = expr.as<ast::Reduction>()) {
    // Its own indices hide those of the same names.
    Sizes inner = sizes;
    for (const ast::IndexBinder& binder : reduction->indices) {
      if (binder.rest) inner.wants_rest = false;
      inner.of.erase(std::string(binder.name.text));
    }
    collect_sizes(*reduction->body, false, inner);
    for (auto& [name, sites] : inner.of) sizes.of[name] = sites;
    sizes.rest = inner.rest;
    sizes.failed = inner.failed;
    return;
  }
  if (const auto* otherwise = expr.as<ast::Otherwise>()) {
    collect_sizes(*otherwise->read, true, sizes);
    collect_sizes(*otherwise->value, false, sizes);
    return;
  }
  if (const auto* index = expr.as<ast::Index>()) collect_read(*index, expr, guarded, sizes);
  for_each_child(expr, [&](const ast::Expr& child) { collect_sizes(child, false, sizes); });
}

void Elaborator::collect_read(const ast::Index& index, const ast::Expr& expr, bool guarded,
                              Sizes& sizes) {
  const auto dims = dims_of(*index.base);
  if (!dims) return;
  const size_t given = index.subscripts.size();
  const auto rest =
      std::find_if(index.subscripts.begin(), index.subscripts.end(),
                   [](const ast::Subscript& s) { return s.kind == ast::Subscript::Kind::rest; });
  const bool open = rest != index.subscripts.end();
  if (open ? dims->size() + 1 < given : dims->size() != given) {
    report_count(given, *dims, expr.range);
    sizes.failed = true;
    return;
  }
  const size_t lead = static_cast<size_t>(rest - index.subscripts.begin());
  for (size_t i = 0; i < given; ++i) {
    const ast::Subscript& subscript = index.subscripts[i];
    const size_t position = i < lead ? i : dims->size() - (given - i);
    if (open && i == lead) {
      const size_t count = dims->size() - (given - 1);
      if (sizes.wants_rest)
        sizes.rest.push_back({{dims->begin() + static_cast<int64_t>(lead),
                               dims->begin() + static_cast<int64_t>(lead + count)},
                              expr.range});
      continue;
    }
    if (subscript.kind != ast::Subscript::Kind::value) continue;
    const auto* name = subscript.value->as<ast::NameRef>();
    if (!name) continue;
    if (const auto found = sizes.of.find(name->text); found != sizes.of.end())
      found->second.push_back({(*dims)[position], subscript.range, guarded});
  }
}

void Elaborator::report_count(size_t given, const std::vector<Dim>& dims, SourceRange range) {
  error(Code::subscript_count, range, "{} {} for a tensor of {} {}, {}", given,
        given == 1 ? "subscript" : "subscripts", dims.size(),
        dims.size() == 1 ? "dimension" : "dimensions", to_string(dims));
}

std::optional<std::vector<Dim>> Elaborator::dims_of(const ast::Expr& base) {
  Operand value;
  if (const auto* name = base.as<ast::NameRef>()) {
    const Binding* binding = frame().find(name->text);
    if (!binding) return std::nullopt;
    value = read_binding(*binding);
  } else if (base.as<ast::Field>()) {
    value = evaluate(base);
  }
  const auto* element = value.as<Element>();
  return element ? std::optional(element->dims) : std::nullopt;
}

std::optional<Dim> Elaborator::size_of_index(const ast::IndexBinder& binder, const Sizes& sizes,
                                             OpenedIndices& opened) {
  const auto& sites = sizes.of.at(std::string(binder.name.text));
  const bool unguarded =
      std::any_of(sites.begin(), sites.end(), [](auto& s) { return !s.guarded; });
  const Sizes::Site* first = nullptr;
  for (const Sizes::Site& site : sites) {
    if (site.guarded && unguarded) continue;
    if (!first) {
      first = &site;
    } else if (site.size != first->size) {
      error(Code::index_range_conflict, site.range,
            "the index `{}` runs over {} here and over {} there", binder.name.text,
            netc::to_string(site.size), netc::to_string(first->size))
          .label(site.range, "{}", netc::to_string(site.size))
          .label(first->range, "{}", netc::to_string(first->size));
      return std::nullopt;
    }
  }
  if (first) return first->size;
  if (sizes.failed) return std::nullopt;
  opened.unknown.push_back(&binder);
  return Dim(1);
}

bool Elaborator::ranges_known(const OpenedIndices& opened) {
  for (const ast::IndexBinder* binder : opened.unknown)
    if (binder->rest)
      error(Code::index_range_unknown, binder->name.range,
            "nothing says what `..` stands for: no tensor is read with it");
    else
      error(Code::index_range_unknown, binder->name.range,
            "nothing says how far the index `{}` runs: it stands alone in no subscript",
            binder->name.text)
          .help("give its range: `[{}: SIZE]`", binder->name.text);
  return opened.unknown.empty();
}

std::optional<Elaborator::OpenedIndices> Elaborator::open_indices(
    const std::vector<ast::IndexBinder>& binders, const ast::Expr& body) {
  Sizes sizes;
  for (const ast::IndexBinder& binder : binders) {
    if (binder.rest) {
      sizes.wants_rest = true;
    } else if (!sizes.of.emplace(binder.name.text, std::vector<Sizes::Site>{}).second) {
      error(Code::duplicate_name, binder.name.range, "the index `{}` stands twice",
            binder.name.text);
      return std::nullopt;
    }
  }
  collect_sizes(body, false, sizes);
  OpenedIndices opened;
  bool good = true;
  for (const ast::IndexBinder& binder : binders) {
    if (binder.rest) {
      const auto dims = size_of_rest(binder, sizes, opened);
      if (!dims) return std::nullopt;
      opened.scope.rest.emplace();
      for (const Dim& dim : *dims) {
        const IndexId id = tensors_.new_variable("", dim);
        opened.order.push_back(id);
        opened.scope.rest->push_back(id);
      }
      continue;
    }
    const auto size = binder.size ? dimension(*binder.size) : size_of_index(binder, sizes, opened);
    if (!size) {
      good = false;
      continue;
    }
    const IndexId id = tensors_.new_variable(std::string(binder.name.text), *size);
    opened.order.push_back(id);
    opened.scope.names.emplace_back(binder.name.text, id);
  }
  if (!good) return std::nullopt;
  opened.scope.outer = frame().indices;
  return opened;
}

std::optional<std::vector<Dim>> Elaborator::size_of_rest(const ast::IndexBinder& binder,
                                                         const Sizes& sizes,
                                                         OpenedIndices& opened) {
  if (sizes.rest.empty()) {
    if (frame().rest) return frame().rest;
    if (sizes.failed) return std::nullopt;
    opened.unknown.push_back(&binder);
    return std::vector<Dim>{};
  }
  for (const Sizes::RestSite& site : sizes.rest) {
    if (site.dims == sizes.rest.front().dims) continue;
    error(Code::index_range_conflict, site.range, "`..` is {} here and {} there",
          to_string(site.dims), to_string(sizes.rest.front().dims))
        .label(site.range, "{}", to_string(site.dims))
        .label(sizes.rest.front().range, "{}", to_string(sizes.rest.front().dims));
    return std::nullopt;
  }
  return sizes.rest.front().dims;
}

std::optional<Element> Elaborator::scalar(const Placed& placed) {
  const auto element = as_element(placed, placed.range);
  if (!element) return std::nullopt;
  if (element->dims.empty()) return element;
  error(Code::rank_mismatch, placed.range, "in index notation this must be a scalar, and it is {}",
        to_string(element->type()));
  return std::nullopt;
}

void Elaborator::run(const ast::Define& define, const ast::Stmt& stmt) {
  const Restore<Naming> naming(naming_, Naming(qualified(define.name.text)));
  auto opened = open_indices(define.indices, *define.value);
  if (!opened) {
    bind(define.name, Poison{});
    return;
  }
  const Restore<const IndexScope*> indices(frame().indices, &opened->scope);
  auto value = scalar({evaluate(*define.value), define.value->range});
  frame().indices = opened->scope.outer;
  TensorType type{.dtype = value ? value->dtype : DType::f32};
  for (IndexId id : opened->order) type.dims.push_back(tensors_.extent(id));
  if (!value || !ranges_known(*opened) || !check_size(type, stmt.range)) {
    bind(define.name, Poison{});
    return;
  }
  if (value->reduction && value->reduction->kind != Reduction::sum)
    NETC_CHECK(!value->reduction->base.valid(), "only a sum has a base");
  const ValueId id = tensors_.define_over(opened->order, *value, naming_.name, stmt.range);
  bind(define.name, tensors_.of(id));
}

namespace {

Reduction reduction_of(ast::ReductionOp op) {
  switch (op) {
    case ast::ReductionOp::sum:
    case ast::ReductionOp::mean:
      return Reduction::sum;
    case ast::ReductionOp::max:
      return Reduction::max;
    case ast::ReductionOp::min:
      return Reduction::min;
    case ast::ReductionOp::prod:
      return Reduction::prod;
    case ast::ReductionOp::argmax:
      return Reduction::argmax;
  }
  return Reduction::sum;
}

}  // namespace

Operand Elaborator::on(const ast::Reduction& reduction, const ast::Expr& expr) {
  auto opened = open_indices(reduction.indices, *reduction.body);
  if (!opened) return {};
  std::optional<Element> body;
  {
    const Restore<const IndexScope*> indices(frame().indices, &opened->scope);
    body = scalar({evaluate(*reduction.body), reduction.body->range});
    if (body) body = settled(*body, reduction.body->range);
  }
  if (!body || !ranges_known(*opened)) return {};
  return reduce(reduction.op, *body, opened->order, expr.range);
}

Operand Elaborator::reduce(ast::ReductionOp op, Element body, const std::vector<IndexId>& over,
                           SourceRange range) {
  if (body.dtype == DType::boolean && op != ast::ReductionOp::argmax) {
    error(Code::element_type_mismatch, range, "`{}` of bools", ast::symbol(op))
        .help("convert them: `{}(...)`", name(frame().float_type));
    return {};
  }
  if (op == ast::ReductionOp::mean && !is_float(body.dtype)) {
    error(Code::integer_in_float_arithmetic, range, "`mean` of an integer tensor ({})",
          name(body.dtype))
        .help("convert it: `{}(...)`", name(frame().float_type));
    return {};
  }
  if (op == ast::ReductionOp::argmax && body.dtype == DType::boolean) {
    body.node = build().convert(body.node, DType::u8);
    body.dtype = DType::u8;
  }
  auto pending = std::make_shared<PendingReduction>();
  pending->kind = reduction_of(op);
  pending->reduced = over;
  pending->body = body.node;
  Element result{.dtype = op == ast::ReductionOp::argmax ? DType::i32 : body.dtype,
                 .dims = body.dims};
  const std::vector<IndexId> used = tensors_.variables(body.node);
  result.local = std::any_of(used.begin(), used.end(), [&](IndexId id) {
    return std::find(over.begin(), over.end(), id) == over.end();
  });
  if (over.empty()) {
    // Nothing to reduce: `..` stands for no dimension.
    if (op != ast::ReductionOp::argmax) return body;
    result.node = build().integer(0, DType::i32);
    return result;
  }
  result.reduction = std::move(pending);
  if (op != ast::ReductionOp::mean) return result;
  Element mean = settled(result, range);
  mean.node = build().div(mean.node, count_of(over, mean.dtype));
  return mean;
}

ExprId Elaborator::count_of(const std::vector<IndexId>& over, DType type) {
  double count = 1;
  ExprId batches;
  for (IndexId id : over) {
    const Dim size = tensors_.extent(id);
    count *= static_cast<double>(size.factor);
    if (!size.batch) continue;
    const ExprId batch = build().convert(build().batch(), type);
    batches = batches.valid() ? build().mul(batches, batch) : batch;
  }
  if (!batches.valid()) return build().number(count, type);
  return count == 1 ? batches : build().mul(batches, build().number(count, type));
}

}  // namespace netc::elaboration
