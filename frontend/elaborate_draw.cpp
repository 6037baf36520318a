// Random draws: functions of the seed, the step, a key for the place in the program, and the number
// of the element, so that no order of evaluation changes them and they may be computed again.
#include <numbers>

#include "frontend/elaborator.h"

namespace netc::elaboration {

namespace {

/// FNV-1a.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace

int64_t Elaborator::draw_key() {
  std::string path;
  for (const Frame* outer : frames_)
    if (outer->instance) path = outer->instance->path;
  const int count = ++draws_[path];
  return static_cast<int64_t>(hash_of(fmt::format("{} draw {}", path, count)) >> 11);
}

ExprId Elaborator::element_number(const std::vector<Dim>& dims) {
  ExprId number;
  const auto next = [&](Dim size, ExprId position) {
    if (!number.valid()) {
      number = position;
      return;
    }
    ExprId extent = build().integer(size.factor, DType::i64);
    if (size.batch) extent = build().mul(build().batch(), extent);
    number = build().add(build().mul(number, extent), position);
  };
  for (const IndexId step : tensors_.scan_indices())
    next(tensors_.extent(step), build().index(step));
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != Dim{1, false}) next(dims[i], build().index(Tensors::axis(i, dims.size())));
  return number.valid() ? number : build().integer(0, DType::i64);
}

ExprId Elaborator::random_bits(int64_t key, ExprId element) {
  if (!seed_) seed_ = setting("seed", 0);
  return build().apply(netc::Function::random, {build().convert(seed_->node, DType::i64),
                                                build().convert(step_number().node, DType::i64),
                                                build().integer(key, DType::i64), element});
}

ExprId Elaborator::unit_interval(ExprId bits, DType type, bool with_one) {
  // A draw in f32 is the one in f64 without its lower bits.
  const bool wide = type == DType::f64;
  if (!wide) bits = build().div(bits, build().integer(int64_t{1} << 29, DType::i64));
  if (with_one) bits = build().add(bits, build().integer(1, DType::i64));
  const DType computed = wide ? DType::f64 : DType::f32;
  const ExprId unit = build().mul(build().convert(bits, computed),
                                  build().number(wide ? 0x1p-53 : 0x1p-24, computed));
  return build().convert(unit, type);
}

Operand Elaborator::call_draw(const Matched& arguments) {
  if (frame().indices) {
    error(Code::whole_tensor_function, arguments.range,
          "`{}` draws a whole tensor: it stands outside of index notation", arguments.name);
    return {};
  }
  Element result{.dtype = frame().float_type};
  std::optional<Element> probability;
  if (arguments.name == "bernoulli") {
    probability = tensor_argument(arguments, 0);
    if (!probability) return {};
    if (!is_float(probability->dtype)) {
      error(Code::wrong_argument, arguments[0].range, "a probability is a float, not {}",
            to_string(probability->type()));
      return {};
    }
    result.dtype = probability->dtype;
    result.dims = probability->dims;
  } else {
    const auto dims = shape_argument(arguments[0], false);
    if (!dims) return {};
    result.dims = *dims;
  }
  if (!check_size(result.type(), arguments.range)) return {};

  const int64_t key = draw_key();
  const ExprId number = element_number(result.dims);
  if (arguments.name == "normal") {
    // Box and Muller 1958, from two draws an element.
    const ExprId first = build().mul(number, build().integer(2, DType::i64));
    const ExprId second = build().add(first, build().integer(1, DType::i64));
    const ExprId radius = unit_interval(random_bits(key, first), result.dtype, true);
    const ExprId turn = unit_interval(random_bits(key, second), result.dtype, false);
    const ExprId log = build().apply(netc::Function::log, {radius});
    const ExprId length =
        build().apply(netc::Function::sqrt, {build().mul(build().number(-2, result.dtype), log)});
    const ExprId angle = build().mul(build().number(2 * std::numbers::pi, result.dtype), turn);
    result.node = build().mul(length, build().apply(netc::Function::cos, {angle}));
  } else {
    result.node = unit_interval(random_bits(key, number), result.dtype, false);
    if (probability)
      result.node =
          build().select(build().apply(netc::Function::less, {result.node, probability->node}),
                         build().number(1, result.dtype), build().number(0, result.dtype));
  }
  return tensors_.define(result, intermediate("draw"), arguments.range);
}

}  // namespace netc::elaboration
