// Networks of layers, as people write them, with sizes that only real ones have: their sums are cut
// into parts, operands are packed, rows pass through kernels task by task.
#include "random/generator.h"

namespace netc::random_programs {

Program Generator::make_network() {
  const int64_t channels = 8 * between(3, 8);
  switch (below(3)) {
    case 0:
      return network("[N, " + size(between(20, 50)) + ", " + size(channels) + "]", channels,
                     &Generator::layer_of_sequence);
    case 1: {
      const std::string side = size(between(7, 11));
      const int64_t few = between(3, 12);
      return network("[N, " + side + ", " + side + ", " + size(few) + "]", few,
                     &Generator::layer_of_image);
    }
    default:
      return network("[N, " + size(4 * channels) + "]", 4 * channels, &Generator::layer_of_row);
  }
}

Program Generator::network(const std::string& shape, int64_t channels, NetworkLayer layer) {
  line("input x: " + shape);
  line("h = x");
  for (int64_t i = between(2, 4); i > 0; --i) line("h <- h" + (this->*layer)(channels));
  line("output h = h");
  line("loss mean(sin(h))");
  if (chance(60))
    program_.settings = {{"batch 3", ""},
                         {"optimizer " + pick({"sgd(0.1, momentum: 0.9)", "adamw(0.01, decay: 0.1)",
                                               "rmsprop(0.01, momentum: 0.5)"}),
                          ""}};
  return std::move(program_);
}

std::string Generator::layer_of_sequence(int64_t& channels) {
  const std::string heads = pick({"1", "2", "4"});
  const std::string attention =
      "self_attention(heads: " + heads + pick({"", ", causal: true"}) + ")";
  switch (below(6)) {
    case 0:
      return " |> " + attention;
    case 1:
    case 2:
      return " + (h |> layer_norm |> " + attention + ")";
    case 3:
      return " + (h |> layer_norm |> dense(" + size(2 * channels) + ") |> " +
             pick({"gelu", "relu", "silu"}) + " |> dense(" + size(channels) + "))";
    case 4:
      return " |> " + pick({"rnn", "gru", "lstm"}) + "(" + size(channels) + ")";
    default:
      return " |> conv1d(" + size(channels) + ", 3, padding: \"same\") |> tanh";
  }
}

std::string Generator::layer_of_image(int64_t& channels) {
  const std::string filter = ", " + pick({"1", "3", "3"}) + ", padding: \"same\"";
  switch (below(4)) {
    case 0:
      return " + (h |> conv2d(" + size(channels) + filter + ") |> batch_norm |> relu)";
    case 1:
      return " |> depthwise_conv2d(3, padding: \"same\") |> batch_norm |> relu";
    default:
      channels = 8 * between(1, 3);
      return " |> conv2d(" + size(channels) + filter + ") |> " +
             pick({"relu", "tanh", "batch_norm |> relu"});
  }
}

std::string Generator::layer_of_row(int64_t& channels) {
  if (chance(30)) return " + (h |> layer_norm |> dense(" + size(channels) + ") |> gelu)";
  channels = between(10, 300);
  return " |> dense(" + size(channels) + ") |> " + pick({"relu", "sigmoid", "tanh", "softmax"});
}

}  // namespace netc::random_programs
