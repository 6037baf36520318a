// The road of the frontend: a program is read, and each model becomes the graphs of its entries.
#include <algorithm>

#include "frontend/elaborator.h"
#include "frontend/prune.h"
#include "frontend/train_settings.h"

namespace netc {

namespace elaboration {
namespace {

/// Elaborates one model into all of its entries.
class ModelEntries {
 public:
  ModelEntries(const Context& context, const ast::Model& model, const SourceFile& file,
               std::vector<TrainSettings> trains, Module& module)
      : context_(context), model_(model), file_(file), trains_(std::move(trains)), module_(module) {
    capacity_ = context.options.batch.value_or(trains_.empty() ? 32 : 1);
    for (const TrainSettings& train : trains_) capacity_ = std::max(capacity_, train.plan.batch);
  }

  void build() {
    // The gradient's entry shows what is wrong with the model; it stands last in the module.
    Added gradient = add("gradient", true, nullptr, 0);
    if (gradient.failed) return;
    if (gradient.wanted) {
      for (size_t i = 0; i < trains_.size(); ++i) {
        check_sources(context_, trains_[i], gradient.graph);
        trains_[i].all_match = check_patterns(context_, trains_[i], gradient.graph);
        if (!trains_[i].optimizers.empty())
          keep(add(trains_[i].plan.entry, true, &trains_[i], static_cast<int>(i) + 1));
      }
      keep(add("evaluate", false, nullptr, 0));
    } else if (!trains_.empty()) {
      context_.diagnostics
          .error(Code::no_loss, trains_.front().block->model.range,
                 "the model `{}` has no loss to train", model_.name.text)
          .note(model_.name.range, "it is declared here");
    }
    Added predict = add("predict", false, nullptr, 0);
    if (!gradient.wanted && !predict.wanted && trains_.empty())
      context_.diagnostics.error(Code::no_loss, model_.name.range,
                                 "the model `{}` has neither a loss nor an output",
                                 model_.name.text);
    keep(std::move(predict));
    keep(std::move(gradient));
    for (const TrainSettings& train : trains_) module_.plans.push_back(train.plan);
  }

 private:
  struct Added {
    Graph graph;
    bool failed = false;  ///< the model itself is wrong
    bool wanted = false;  ///< the model has what the entry is about
  };

  void keep(Added added) {
    if (added.wanted && !added.failed) module_.graphs.push_back(std::move(added.graph));
  }

  Added add(const std::string& entry, bool training, const TrainSettings* train, int number) {
    Added added;
    Graph& graph = added.graph;
    graph.model = std::string(model_.name.text);
    graph.entry = entry;
    graph.capacity = capacity_;
    const size_t errors = context_.diagnostics.error_count();
    Elaborator elaborator(context_, graph, training);
    const ModelResults results = elaborator.model(model_, file_);
    const auto loss = elaborator.total_loss(results, model_.name.range);
    added.failed = context_.diagnostics.error_count() != errors || results.loss_reported;
    added.wanted = entry == "predict" ? !results.outputs.empty() : loss.has_value();
    if (added.failed || !added.wanted) return added;
    if (entry != "predict") graph.results.push_back({ResultKind::loss, "loss", *loss});
    if (entry == "evaluate")
      for (const auto& metric : results.metrics)
        graph.results.push_back({ResultKind::metric, std::string(metric.name.text), metric.value});
    if (entry == "predict" || entry == "gradient")
      for (const auto& output : results.outputs)
        graph.results.push_back({ResultKind::output, std::string(output.name.text), output.value});
    if (entry == "gradient") add_gradients(elaborator, graph, *loss);
    if (train) add_training(elaborator, context_, *train, file_, *loss, number);
    prune(graph, entry == "predict");
    return added;
  }

  void add_gradients(Elaborator& elaborator, Graph& graph, ValueId loss) {
    std::vector<ValueId> by = elaborator.parameters();
    for (ValueId input : graph.inputs)
      if (is_float(graph[input].type.dtype)) by.push_back(input);
    if (by.empty()) return;
    const std::vector<ValueId> gradients = elaborator.gradients(loss, by);
    for (size_t i = 0; i < by.size(); ++i)
      graph.results.push_back({ResultKind::gradient, graph[by[i]].name, gradients[i]});
  }

  const Context& context_;
  const ast::Model& model_;
  const SourceFile& file_;
  std::vector<TrainSettings> trains_;
  Module& module_;
  int64_t capacity_ = 1;
};

/// Constants are checked whether anything uses them or not.
void check_constants(const Context& context) {
  Graph graph;
  Elaborator elaborator(context, graph, false);
  const SourceFile& file = context.program.main();
  for (const ast::Decl& decl : file.tree->declarations)
    if (const auto* constant = decl.as<ast::Const>())
      if (Constant* entry = context.program.find_constant(file, constant->name.text))
        elaborator.constant_value(*entry, constant->name.range);
}

struct TrainedModel {
  const ast::Model* model;
  const SourceFile* file;
  std::vector<TrainSettings> trains;
};

std::vector<TrainedModel> models_of(const Context& context) {
  std::vector<TrainedModel> models;
  const SourceFile& main = context.program.main();
  for (const ast::Decl& decl : main.tree->declarations)
    if (const auto* model = decl.as<ast::Model>()) models.push_back({model, &main, {}});
  for (const ast::Decl& decl : main.tree->declarations) {
    const auto* train = decl.as<ast::Train>();
    if (!train) continue;
    const auto [model, file] = context.program.find_model(train->model.text);
    if (!model) {
      std::vector<std::string> candidates;
      for (const TrainedModel& known : models) candidates.emplace_back(known.model->name.text);
      auto& report = context.diagnostics.error(Code::unknown_model, train->model.range,
                                               "there is no model `{}`", train->model.text);
      if (const std::string near = nearest(train->model.text, candidates); !near.empty())
        report.help("did you mean `{}`?", near);
      continue;
    }
    auto place = std::find_if(models.begin(), models.end(),
                              [&](const TrainedModel& known) { return known.model == model; });
    if (place == models.end()) place = models.insert(models.end(), {model, file, {}});
    place->trains.push_back(
        read_train(context, *train, main, static_cast<int>(place->trains.size()) + 1));
  }
  return models;
}

}  // namespace
}  // namespace elaboration

Module elaborate(SourceMap& sources, FileId file, const FrontendOptions& options,
                 Diagnostics& diagnostics) {
  Module module;
  elaboration::Program program(sources, file, options, diagnostics);
  if (!program.complete()) return module;
  const elaboration::Context context{program, options, diagnostics};
  elaboration::check_constants(context);
  for (elaboration::TrainedModel& known : elaboration::models_of(context))
    elaboration::ModelEntries(context, *known.model, *known.file, std::move(known.trains), module)
        .build();
  return module;
}

}  // namespace netc
