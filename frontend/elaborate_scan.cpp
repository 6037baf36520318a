// Recurrence: the body of a `scan` is elaborated once, for any one step. What it gives is stacked
// along the steps; variables that it updates are carried from one step to the next.
#include <algorithm>
#include <set>

#include "frontend/elaborator.h"

namespace netc::elaboration {

/// What one step of a scan leaves to the next.
struct Elaborator::Carried {
  Binding* binding;      ///< null for a state
  StateVariable* state;  ///< null for a variable
  std::string name;
  SourceRange range;
  Element initial;
  Element before;  ///< what the step before left
};

/// The scan whose body is being elaborated.
struct Elaborator::ScanFrame {
  ScanFrame* outer = nullptr;
  Frame* frame = nullptr;
  size_t depth = 0;  ///< 1 for an outermost one
  std::vector<Carried> carried;
  std::optional<std::vector<Placed>> yielded;
};

namespace {

using Names = std::set<std::string_view>;

/// The names that a block updates, but for those that it binds itself; all names in blocks inside.
void collect_updates(const ast::Block& block, Names bound, Names& updated) {
  for (const ast::Stmt& stmt : block.statements) {
    if (const auto* bind = std::get_if<ast::Bind>(&stmt.node)) {
      for (const ast::Name& name : bind->names) bound.insert(name.text);
      if (const auto* scan = bind->value->as<ast::Scan>())
        collect_updates(*scan->body, bound, updated);
    } else if (const auto* define = std::get_if<ast::Define>(&stmt.node)) {
      bound.insert(define->name.text);
    } else if (const auto* update = std::get_if<ast::Update>(&stmt.node)) {
      if (!bound.count(update->name.text)) updated.insert(update->name.text);
      if (const auto* scan = update->value->as<ast::Scan>())
        collect_updates(*scan->body, bound, updated);
    } else if (const auto* loop = std::get_if<ast::For>(&stmt.node)) {
      collect_updates(loop->body, bound, updated);
    } else if (const auto* branch = std::get_if<ast::If>(&stmt.node)) {
      for (const auto& part : branch->branches) collect_updates(part.body, bound, updated);
      if (branch->otherwise) collect_updates(*branch->otherwise, bound, updated);
    } else if (const auto* scan = std::get_if<ast::ScanStatement>(&stmt.node)) {
      collect_updates(*scan->scan->as<ast::Scan>()->body, bound, updated);
    }
  }
}

}  // namespace

std::optional<std::vector<Elaborator::Sequence>> Elaborator::sequences(const ast::Scan& scan) {
  std::vector<Sequence> result;
  bool good = true;
  for (const ast::ScanSource& source : scan.sources) {
    const Placed placed{evaluate(*source.source), source.source->range};
    auto element = as_element(placed, placed.range);
    if (!element) {
      good = false;
      continue;
    }
    const Placed axis{evaluate(*scan.axis), scan.axis->range};
    const auto position = axis_number(axis, element->dims.size());
    if (!position) return std::nullopt;
    const Dim length = element->dims[*position];
    if (length.batch) {
      error(Code::batch_misuse, placed.range,
            "a scan over the batch: its size is known only when "
            "the program runs");
      return std::nullopt;
    }
    if (!result.empty() && result[0].length != length.factor) {
      error(Code::scan_count_mismatch, placed.range, "{} steps beside {}", length.factor,
            result[0].length)
          .label(scan.sources[0].source->range, "{} steps", result[0].length);
      return std::nullopt;
    }
    const Element whole =
        tensors_.define(settled(*element, placed.range), intermediate("x"), placed.range);
    result.push_back({whole, *position, length.factor});
  }
  return good ? std::optional(std::move(result)) : std::nullopt;
}

Element Elaborator::at_step(const Sequence& sequence, IndexId index) {
  const size_t rank = sequence.whole.dims.size();
  Element element = sequence.whole;
  element.dims.erase(element.dims.begin() + static_cast<long>(sequence.axis));
  std::map<IndexId, Affine> by;
  for (size_t i = 0, place = 0; i < rank; ++i)
    by[Tensors::axis(i, rank)] =
        i == sequence.axis ? Affine::of(index) : Affine::of(Tensors::axis(place++, rank - 1));
  element.node = tensors_.substitute(element.node, by);
  return element;
}

void Elaborator::carry(ScanFrame& scan, Binding* binding, StateVariable* state,
                       const std::string& name, SourceRange range) {
  Element* current = state ? &state->current : std::get_if<Element>(&binding->operand.what);
  if (!state && !current && binding->operand.is_number()) {
    if (auto number = as_element({binding->operand, range}, range)) binding->operand = *number;
    current = std::get_if<Element>(&binding->operand.what);
  }
  if (!current) return;  // a value of the compiler's own, or reported already
  *current = settled(*current, range);
  const std::string full_name = state ? name : qualified(name);
  const Element initial = tensors_.define(*current, full_name, range);
  const Element before = tensors_.promise(initial.type(), scan.depth, full_name + ".before", range);
  *current = before;
  scan.carried.push_back({binding, state, full_name, range, initial, before});
}

Element& Elaborator::current_state(StateVariable& state) {
  // What a scan inside of another carries, the one around it carries too.
  std::vector<ScanFrame*> frames;
  for (ScanFrame* scan = scan_; scan; scan = scan->outer) frames.insert(frames.begin(), scan);
  for (ScanFrame* scan : frames)
    if (std::none_of(scan->carried.begin(), scan->carried.end(),
                     [&](const auto& each) { return each.state == &state; }))
      carry(*scan, nullptr, &state, graph()[state.variable].name, state.range);
  return state.current;
}

std::optional<ValueId> Elaborator::last_value(const Carried& carried) {
  const Operand now = carried.state ? Operand(carried.state->current) : carried.binding->operand;
  Operand given = now;
  if (given.is_number()) {
    const auto number = number_as({given, carried.range}, carried.initial.dtype);
    if (!number) return std::nullopt;
    given = *number;
  }
  const auto* element = given.as<Element>();
  if (!element) return std::nullopt;
  Element last = settled(*element, carried.range);
  if (last.dtype != carried.initial.dtype || last.dims != carried.initial.dims) {
    error(Code::state_reshaped, carried.range, "a scan carries `{}` as {}, and its body leaves {}",
          carried.name, to_string(carried.initial.type()), to_string(last.type()))
        .help("what a scan carries keeps its shape and type");
    return std::nullopt;
  }
  return tensors_.stacked(last, carried.name, carried.range);
}

Operand Elaborator::on(const ast::Scan& scan, const ast::Expr& expr) {
  const size_t errors = context_.diagnostics.error_count();
  std::optional<Operand> yielded = run_scan(scan, expr);
  if (yielded) return std::move(*yielded);
  if (context_.diagnostics.error_count() == errors)
    error(Code::misplaced_statement, expr.range, "this scan stands for a value, but yields none")
        .help("`yield h` stacks `h` of every step");
  return {};
}

std::optional<Operand> Elaborator::run_scan(const ast::Scan& scan, const ast::Expr& expr) {
  if (frame().indices) {
    error(Code::whole_tensor_function, expr.range, "a scan stands outside of index notation");
    return std::nullopt;
  }
  const auto sources = sequences(scan);
  Names updated;
  collect_updates(*scan.body, {}, updated);
  if (!sources) {
    poison_updated({updated.begin(), updated.end()});
    return std::nullopt;
  }

  ScanFrame inner{.outer = scan_, .frame = &frame()};
  const IndexId index = tensors_.enter_scan(
      scan_ ? fmt::format("t{}", tensors_.scan_indices().size() + 1) : "t", (*sources)[0].length);
  inner.depth = tensors_.scan_indices().size();
  for (const std::string_view name : updated) {
    Binding* binding = frame().find(name);
    const bool variable = binding && (binding->kind == Binding::Kind::variable);
    if (variable) carry(inner, binding, nullptr, std::string(name), binding->range);
  }
  frame().scopes.emplace_back();
  for (size_t i = 0; i < sources->size(); ++i)
    bind(scan.sources[i].variable, at_step((*sources)[i], index));
  {
    const Restore<ScanFrame*> here(scan_, &inner);
    run(*scan.body);
  }
  frame().scopes.pop_back();
  return finish_scan(inner, (*sources)[0]);
}

void Elaborator::poison_updated(const std::set<std::string, std::less<>>& names) {
  for (const std::string& name : names)
    if (Binding* binding = frame().find(name); binding && !binding->state)
      binding->operand = Poison{};
}

std::optional<Operand> Elaborator::finish_scan(ScanFrame& scan, const Sequence& along) {
  std::vector<std::pair<ValueId, size_t>> finals;
  for (size_t i = 0; i < scan.carried.size(); ++i) {
    if (const auto value = last_value(scan.carried[i]))
      finals.emplace_back(*value, i);
    else if (scan.carried[i].binding)
      scan.carried[i].binding->operand = Poison{};
  }
  std::vector<ValueId> yielded;
  for (const Placed& placed : scan.yielded.value_or(std::vector<Placed>{})) {
    const auto element = as_element(placed, placed.range);
    if (!element) continue;
    yielded.push_back(
        tensors_.stacked(settled(*element, placed.range), intermediate("step"), placed.range));
  }
  for (const auto& [value, i] : finals)
    tensors_.fulfil(scan.carried[i].before, value, scan.carried[i].initial, scan.carried[i].range);
  tensors_.leave_scan();
  for (const auto& [value, i] : finals) {
    const Carried& carried = scan.carried[i];
    const Element last =
        tensors_.define(tensors_.step(value, along.length - 1), carried.name, carried.range);
    if (carried.state)
      carried.state->current = last;
    else
      carried.binding->operand = last;
  }
  if (!scan.yielded || yielded.size() != scan.yielded->size()) return std::nullopt;
  Tuple results;
  for (const ValueId value : yielded) {
    results.items.push_back(tensors_.steps(value, along.axis));
  }
  if (results.items.size() == 1) return results.items[0];
  return results;
}

void Elaborator::run(const ast::Yield& yield, const ast::Stmt& stmt) {
  if (!scan_ || scan_->frame != &frame()) {
    error(Code::misplaced_statement, stmt.range, "`yield` stands in a `scan`");
    return;
  }
  if (scan_->yielded) {
    error(Code::misplaced_statement, stmt.range, "a scan yields once a step")
        .help("`yield (a, b)` yields several values");
    return;
  }
  std::vector<Placed> values;
  for (const ast::Expr* value : yield.values) values.push_back({evaluate(*value), value->range});
  scan_->yielded = std::move(values);
}

}  // namespace netc::elaboration
