// Loss and metrics over a data set.
#pragma once

#include <string>
#include <vector>

#include "runtime/trainer/dataset.h"
#include "runtime/trainer/model.h"

namespace netc::trainer {

struct Score {
  std::string name;  ///< "loss", or a metric's
  std::vector<double> values;
};

/// In the order of the evaluation entry.
Result<std::vector<Score>> score(Model& model, Dataset& data);

/// The loss among scores, or nothing.
std::optional<double> loss_of(const std::vector<Score>& scores);

/// "loss 0.2  accuracy 0.95".
std::string to_text(const std::vector<Score>& scores);
/// `{"loss":0.2,"accuracy":0.95}`; what is no number becomes null.
std::string to_json(const std::vector<Score>& scores);
std::string json_number(double value);

}  // namespace netc::trainer
