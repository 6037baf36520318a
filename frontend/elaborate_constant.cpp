// Values that must be known while compiling: constants, sizes, initialisers.
#include <charconv>
#include <cmath>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

/// The value of `-D NAME=text`, of the type that the constant has in the file.
std::optional<Operand> parse_definition(const Operand& written, const std::string& text) {
  if (written.as<Text>()) return Operand(Text{text});
  if (written.as<Truth>()) {
    if (text == "true" || text == "false") return Operand(Truth{text == "true"});
    return std::nullopt;
  }
  const char* end = text.data() + text.size();
  if (written.as<Whole>()) {
    Whole whole;
    const auto [rest, code] = std::from_chars(text.data(), end, whole.value);
    return code == std::errc{} && rest == end && !text.empty() ? std::optional<Operand>(whole)
                                                               : std::nullopt;
  }
  if (written.as<Real>()) {
    Real real;
    const auto [rest, code] = std::from_chars(text.data(), end, real.value);
    return code == std::errc{} && rest == end && !text.empty() && !std::isnan(real.value)
               ? std::optional<Operand>(real)
               : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Operand Elaborator::constant_value(Constant& constant, SourceRange use) {
  const ast::Name& name = constant.declaration->name;
  if (constant.state == Constant::State::known) return constant.value;
  if (constant.state == Constant::State::evaluating) {
    error(Code::recursion, use, "the constant `{}` depends on itself", name.text)
        .note(name.range, "it is declared here");
    return {};
  }
  constant.state = Constant::State::evaluating;
  Frame frame;
  frame.file = constant.file;
  frame.scopes.emplace_back();
  Operand value = file_level(*constant.declaration->value, frame);
  if (!value.poisoned() && !known_while_compiling(value)) {
    error(Code::not_constant, constant.declaration->value->range,
          "a constant is known while compiling, and this is {}", describe(value));
    value = {};
  }
  if (constant.replaced_by && !value.poisoned()) {
    if (auto replaced = parse_definition(value, *constant.replaced_by)) {
      value = std::move(*replaced);
    } else {
      error(Code::wrong_definition, name.range, "-D {}={}: the constant is {}", name.text,
            *constant.replaced_by, describe(value));
      value = {};
    }
  }
  constant.value = std::move(value);
  constant.state = Constant::State::known;
  return constant.value;
}

Operand Elaborator::file_level(const ast::Expr& expr, Frame& frame) {
  const Restore<bool> no_model(in_model_, false);
  const InFrame in_frame(*this, frame);
  return evaluate(expr);
}

std::optional<int64_t> Elaborator::integer(const ast::Expr& expr, std::string_view what) {
  const Operand value = evaluate(expr);
  if (const auto* whole = value.as<Whole>()) return whole->value;
  if (value.poisoned()) return std::nullopt;
  if (value.as<Size>() || (value.as<Element>() && value.as<Element>()->adaptive))
    error(Code::batch_misuse, expr.range, "{} must be known while compiling, and the batch is not",
          what);
  else
    error(Code::wrong_type, expr.range, "{} is an int, not {}", what, describe(value));
  return std::nullopt;
}

std::optional<Dim> Elaborator::dimension(const ast::Expr& expr) {
  const Operand value = evaluate(expr);
  if (value.poisoned()) return std::nullopt;
  if (const auto* size = value.as<Size>()) return Dim{size->factor, true};
  const auto* whole = value.as<Whole>();
  if (!whole) {
    error(Code::wrong_type, expr.range, "a dimension is an int, not {}", describe(value));
    return std::nullopt;
  }
  if (whole->value < 1) {
    error(Code::empty_tensor, expr.range, "a dimension of {}: dimensions are positive",
          whole->value);
    return std::nullopt;
  }
  return Dim{whole->value, false};
}

bool Elaborator::check_size(const TensorType& type, SourceRange range) {
  if (type.rank() > Tensors::max_rank) {
    error(Code::too_large, range, "a tensor of {} dimensions: there may be {}", type.rank(),
          Tensors::max_rank);
    return false;
  }
  double elements = 1;
  for (const Dim& dim : type.dims)
    elements *=
        static_cast<double>(dim.factor) * (dim.batch ? static_cast<double>(graph().capacity) : 1.0);
  if (elements <= 1099511627776.0) return true;
  error(Code::too_large, range, "{} has more than 2^40 elements", to_string(type));
  return false;
}

std::optional<Initializer> Elaborator::initializer(const ast::Expr& expr) {
  struct Known {
    std::string_view name;
    size_t numbers;
    size_t strings;
  };
  static constexpr Known known[] = {
      {"zeros", 0, 0},     {"ones", 0, 0},           {"constant", 1, 0},      {"uniform", 2, 0},
      {"normal", 2, 0},    {"glorot_uniform", 0, 0}, {"glorot_normal", 0, 0}, {"he_uniform", 0, 0},
      {"he_normal", 0, 0}, {"lecun_normal", 0, 0},   {"orthogonal", 0, 0},    {"load", 0, 2}};
  const auto* call = expr.as<ast::Call>();
  const auto* name = (call ? *call->callee : expr).as<ast::NameRef>();
  const Known* found = nullptr;
  std::vector<std::string> candidates;
  for (const Known& candidate : known) {
    candidates.emplace_back(candidate.name);
    if (name && candidate.name == name->text) found = &candidate;
  }
  if (!found) {
    auto& report = name ? error(Code::unknown_initializer, expr.range,
                                "there is no initialiser `{}`", name->text)
                        : error(Code::unknown_initializer, expr.range, "this is no initialiser");
    if (const std::string near = name ? nearest(name->text, candidates) : ""; !near.empty())
      report.help("did you mean `{}`?", near);
    else
      report.help("there are {}", fmt::join(candidates, ", "));
    return std::nullopt;
  }
  Initializer result{.kind = std::string(found->name)};
  if (call) {
    for (const ast::Argument& argument : call->arguments) {
      const Operand value = evaluate(*argument.value);
      if (value.poisoned()) return std::nullopt;
      if (const auto* text = value.as<Text>()) {
        result.strings.push_back(text->value);
      } else if (const auto number = to_real({value, argument.value->range})) {
        result.arguments.push_back(*number);
      } else if (!value.as<Whole>()) {
        error(Code::wrong_argument, argument.value->range, "an initialiser takes numbers, not {}",
              describe(value));
        return std::nullopt;
      }
    }
  }
  if (result.arguments.size() != found->numbers || result.strings.size() != found->strings) {
    const size_t wanted = found->numbers + found->strings;
    error(Code::wrong_argument, expr.range, "`{}` takes {} {}", found->name, wanted,
          wanted == 1 ? "argument" : "arguments");
    return std::nullopt;
  }
  const std::vector<double>& given = result.arguments;
  const bool reversed = result.kind == "uniform" && given[0] > given[1];
  if (reversed || (result.kind == "normal" && given[1] < 0)) {
    error(Code::wrong_argument, expr.range, "{}",
          reversed ? fmt::format("`uniform` from {} to {}: the smaller bound stands first",
                                 given[0], given[1])
                   : fmt::format("a deviation of {}: it is a number from 0 up", given[1]));
    return std::nullopt;
  }
  // Relative to the file that says it, as data are.
  if (found->strings > 0 && !result.strings[0].starts_with('/'))
    result.strings[0] = frame().file->directory + result.strings[0];
  return result;
}

}  // namespace netc::elaboration
