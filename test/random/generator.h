// Writes random programs that are well typed: it keeps what every tensor is, and each kind of
// statement says what it makes. Sizes are small and values stay near 1, so that errors show.
#pragma once

#include <functional>
#include <optional>
#include <random>

#include "random/program.h"

namespace netc::random_programs {

enum class Kind : uint8_t { floating, integer, boolean };

/// A tensor that the program has bound: [N, dims...] or [dims...].
struct Tensor {
  std::string name;
  std::vector<int64_t> dims;
  bool batch = true;
  Kind kind = Kind::floating;
  std::string element = "i32";  ///< of integers
  int64_t below = 0;            ///< integers lie in [0, below); 0: nothing is known
  bool named = true;            ///< `grad` may be asked by it

  int64_t elements() const;
  /// "[N, 3, 4]"
  std::string shape() const;
  std::string shape_with(const std::vector<std::string>& trailing) const;
};

/// An extent as programs write it.
inline std::string size(int64_t value) { return std::to_string(value); }

/// An index of index notation.
struct IndexVariable {
  std::string name;
  int64_t extent = 0;  ///< 0: the batch
};

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}
  Program make();
  Program make_network();

 private:
  using Maker = std::optional<Tensor> (Generator::*)(const std::string& name);
  using Test = std::function<bool(const Tensor&)>;
  /// What follows `h` in `h <- h`, for so many channels, which it may change.
  using NetworkLayer = std::string (Generator::*)(int64_t& channels);

  // generator.cpp
  int64_t below(int64_t end) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(end));
  }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }
  std::string pick(const std::vector<std::string>& words) { return words[below(words.size())]; }
  std::string number();
  const Tensor& some() {
    return *find([](const Tensor&) { return true; });
  }
  const Tensor* find(const Test& test);
  static bool is_float(const Tensor& tensor) { return tensor.kind == Kind::floating; }
  void line(const std::string& text, const std::string& stub = "") {
    program_.statements.push_back({text, stub});
  }
  void declare(const std::string& text) { program_.declarations.push_back({text, ""}); }
  void inputs();
  void losses();
  void training();
  void statement();

  // generate_elements.cpp: scalar expressions, of whole tensors or of elements
  std::string expression(const std::vector<std::string>& leaves, int depth);
  std::string of_one(const std::string& x);
  std::string of_two(const std::string& x, const std::string& y);
  std::string condition(const std::vector<std::string>& leaves);
  std::vector<std::string> broadcasting_with(const Tensor& x);
  std::optional<Tensor> element_wise(const std::string& name);
  std::optional<Tensor> chosen(const std::string& name);
  std::optional<Tensor> repeated(const std::string& name);
  std::optional<Tensor> drawn(const std::string& name);

  // generate_index.cpp
  std::string subscript(int64_t size, const std::vector<IndexVariable>& in_sight, bool& inside);
  std::string read(const Tensor& x, const std::vector<IndexVariable>& in_sight);
  std::string element_of_some(const std::vector<IndexVariable>& in_sight);
  std::string reduction(std::vector<IndexVariable> in_sight, const std::string& prefix);
  std::optional<Tensor> defined(const std::string& name);
  std::optional<Tensor> contracted(const std::string& name);
  std::optional<Tensor> windowed(const std::string& name);
  std::optional<Tensor> gathered(const std::string& name);
  std::optional<Tensor> paired(const std::string& name);
  std::optional<Tensor> centred(const std::string& name);

  // generate_shapes.cpp
  std::optional<Tensor> reshaped(const std::string& name);
  std::optional<Tensor> permuted(const std::string& name);
  std::optional<Tensor> joined(const std::string& name);
  std::optional<Tensor> split_up(const std::string& name);
  std::optional<Tensor> reversed(const std::string& name);
  std::optional<Tensor> padded(const std::string& name);
  std::optional<Tensor> sliced(const std::string& name);
  std::optional<Tensor> reduced(const std::string& name);
  std::optional<Tensor> multiplied(const std::string& name);

  // generate_scans.cpp
  std::string source(const Tensor& x, size_t axis);
  std::optional<Tensor> scanned(const std::string& name);
  std::optional<Tensor> scanned_together(const std::string& name);
  std::optional<Tensor> scanned_within(const std::string& name);
  std::optional<Tensor> scanned_for_last(const std::string& name);
  std::optional<Tensor> scanned_by_layer(const std::string& name);

  // generate_layers.cpp
  std::optional<Tensor> layered(const std::string& name);
  std::optional<Tensor> layered_images(const std::string& name);
  std::optional<Tensor> shared(const std::string& name);
  std::optional<Tensor> called(const std::string& name);
  std::optional<Tensor> remembered(const std::string& name);
  std::optional<Tensor> differentiated(const std::string& name);
  std::optional<Tensor> descended(const std::string& name);

  // generate_networks.cpp
  Program network(const std::string& shape, int64_t channels, NetworkLayer layer);
  std::string layer_of_sequence(int64_t& channels);
  std::string layer_of_image(int64_t& channels);
  std::string layer_of_row(int64_t& channels);

  // generate_integers.cpp
  std::optional<Tensor> integers(const std::string& name);
  std::optional<Tensor> positions(const std::string& name);
  std::optional<Tensor> truths(const std::string& name);
  std::optional<Tensor> back_to_floats(const std::string& name);

  Tensor like(const Tensor& x, const std::string& name) const;
  std::string parameter(const std::vector<int64_t>& dims);

  std::mt19937 random_;
  Program program_;
  std::vector<Tensor> tensors_;
  int parameters_ = 0;
};

}  // namespace netc::random_programs
