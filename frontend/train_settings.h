// What a train block says, read and checked: the plan, and how parameters are updated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontend/elaborator.h"
#include "ir/plan.h"

namespace netc::elaboration {

/// `optimizer sgd(rate: 0.1) on "head.*"`
struct OptimizerLine {
  const Callable* optimizer = nullptr;
  const ast::Expr* use = nullptr;
  std::optional<std::string> pattern;
  SourceRange range;
};

/// `freeze "embed.*"`
struct FreezeLine {
  std::string pattern;
  SourceRange range;
};

struct TrainSettings {
  const ast::Train* block = nullptr;
  TrainPlan plan;
  std::vector<OptimizerLine> optimizers;
  std::vector<FreezeLine> freezes;
  bool all_match = true;  ///< every pattern of theirs chooses a parameter
  std::optional<double> clip_norm;
  std::optional<double> average;
  Scope constants;  ///< of the block
};

/// Reads the block; what is wrong is reported. `number` counts the train blocks of the model.
TrainSettings read_train(const Context& context, const ast::Train& train, const SourceFile& file,
                         int number);

/// Checks that the data blocks give each of these inputs a source, and nothing else.
void check_sources(const Context& context, const TrainSettings& settings, const Graph& graph);

/// Checks that every pattern of `on` and `freeze` chooses a parameter of the model.
bool check_patterns(const Context& context, const TrainSettings& settings, const Graph& graph);

/// Whether a name matches a pattern in which `*` stands for any characters and `?` for one.
bool matches(std::string_view pattern, std::string_view name);

/// Appends gradients, clipping, the optimizers' updates and averages to an elaborated model.
void add_training(Elaborator& elaborator, const Context& context, const TrainSettings& settings,
                  const SourceFile& file, ValueId loss, int number);

}  // namespace netc::elaboration
