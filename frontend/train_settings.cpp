// Train blocks: settings by name, data blocks, sources.
#include "frontend/train_settings.h"

#include <algorithm>
#include <array>

namespace netc::elaboration {

namespace {

constexpr std::array<std::string_view, 9> setting_names = {"batch",   "epochs",     "optimizer",
                                                           "shuffle", "seed",       "clip_norm",
                                                           "average", "early_stop", "freeze"};

/// Reads one block; an elaborator without a model evaluates its expressions.
class TrainReader {
 public:
  TrainReader(const Context& context, const SourceFile& file, TrainSettings& settings)
      : context_(context), elaborator_(context, graph_, true), settings_(settings) {
    frame_.file = &file;
    frame_.scopes.emplace_back();
  }

  void read(const ast::Train& train) {
    for (const ast::TrainItem& item : train.items) {
      if (const auto* constant = std::get_if<ast::Const>(&item.node)) {
        frame_.scopes.front()[std::string(constant->name.text)] = {
            Binding::Kind::constant, elaborator_.file_level(*constant->value, frame_),
            constant->name.range, nullptr};
      } else if (const auto* setting = std::get_if<ast::Setting>(&item.node)) {
        read_setting(*setting, item.range);
      } else {
        read_data(std::get<ast::DataBlock>(item.node), item.range);
      }
    }
    if (early_stop_ && !seen_.contains("validation"))
      error(Code::wrong_setting, *early_stop_,
            "`early_stop` watches the validation loss, and there is no `validation {{ ... }}`");
    settings_.constants = frame_.scopes.front();
  }

 private:
  template <typename... Args>
  Diagnostic& error(Code code, SourceRange range, fmt::format_string<Args...> text,
                    Args&&... args) {
    return elaborator_.error(code, range, text, std::forward<Args>(args)...);
  }

  Operand value(const ast::Expr& expr) { return elaborator_.file_level(expr, frame_); }

  std::optional<int64_t> integer(const ast::Expr& expr, std::string_view what, int64_t least) {
    const Operand operand = value(expr);
    const auto* whole = operand.as<Whole>();
    if (whole && whole->value >= least) return whole->value;
    if (!operand.poisoned())
      error(Code::wrong_setting, expr.range, "{} is an int from {} up, not {}", what, least,
            whole ? display(operand) : describe(operand));
    return std::nullopt;
  }

  std::optional<double> positive(const ast::Expr& expr, std::string_view what, double below) {
    const Operand operand = value(expr);
    std::optional<double> number;
    if (const auto* whole = operand.as<Whole>()) number = static_cast<double>(whole->value);
    if (const auto* real = operand.as<Real>()) number = real->value;
    if (number && *number > 0 && *number < below) return number;
    if (!operand.poisoned())
      error(Code::wrong_setting, expr.range, "{} is a number above 0{}, not {}", what,
            below < 2 ? " and below 1" : "", number ? display(operand) : describe(operand));
    return std::nullopt;
  }

  std::optional<std::string> text(const ast::Expr& expr, std::string_view what) {
    const Operand operand = value(expr);
    if (const auto* text = operand.as<Text>()) return text->value;
    if (!operand.poisoned())
      error(Code::wrong_setting, expr.range, "{} is a string, not {}", what, describe(operand));
    return std::nullopt;
  }

  void read_setting(const ast::Setting& setting, SourceRange range) {
    const std::string_view name = setting.name.text;
    const bool repeatable = name == "optimizer" || name == "freeze";
    if (!repeatable && !seen_.insert(std::string(name)).second)
      error(Code::duplicate_name, setting.name.range, "`{}` is set twice", name);
    if (setting.on && name != "optimizer")
      error(Code::wrong_setting, setting.on->range, "`on` belongs to an optimizer");
    TrainPlan& plan = settings_.plan;
    if (name == "batch") {
      if (const auto batch = integer(*setting.value, "the batch", 1)) plan.batch = *batch;
    } else if (name == "epochs") {
      if (const auto epochs = integer(*setting.value, "the number of epochs", 0))
        plan.epochs = *epochs;
    } else if (name == "seed") {
      if (const auto seed = integer(*setting.value, "the seed", 0))
        plan.seed = static_cast<uint64_t>(*seed);
    } else if (name == "early_stop") {
      if (const auto epochs = integer(*setting.value, "the patience", 1)) {
        plan.early_stop = *epochs;
        early_stop_ = range;
      }
    } else if (name == "shuffle") {
      const Operand operand = value(*setting.value);
      if (const auto* truth = operand.as<Truth>())
        plan.shuffle = truth->value;
      else if (!operand.poisoned())
        error(Code::wrong_setting, setting.value->range, "`shuffle` is true or false");
    } else if (name == "clip_norm") {
      settings_.clip_norm = positive(*setting.value, "the norm", 1e300);
    } else if (name == "average") {
      settings_.average = positive(*setting.value, "the weight of the old average", 1);
    } else if (name == "freeze") {
      if (auto pattern = text(*setting.value, "a pattern of parameters"))
        settings_.freezes.push_back({std::move(*pattern), setting.value->range});
    } else if (name == "optimizer") {
      read_optimizer(setting, range);
    } else {
      auto& report = error(Code::unknown_setting, setting.name.range,
                           "a train block has no setting `{}`", name);
      const std::vector<std::string> known(setting_names.begin(), setting_names.end());
      if (const std::string near = nearest(name, known); !near.empty())
        report.help("did you mean `{}`?", near);
      else
        report.help("there are {}", fmt::join(known, ", "));
    }
  }

  void read_optimizer(const ast::Setting& setting, SourceRange range) {
    const auto* call = setting.value->as<ast::Call>();
    const auto* name = (call ? *call->callee : *setting.value).as<ast::NameRef>();
    const Callable* optimizer =
        name ? context_.program.find_function(*frame_.file, name->text) : nullptr;
    if (!optimizer || optimizer->declaration->kind != ast::Function::Kind::optimizer) {
      auto& report = error(Code::unknown_optimizer, setting.value->range,
                           "there is no optimizer `{}`", name ? name->text : "...");
      const std::vector<std::string> known = context_.program.optimizers(*frame_.file);
      if (const std::string near = name ? nearest(name->text, known) : ""; !near.empty())
        report.help("did you mean `{}`?", near);
      else
        report.help("there are {}", fmt::join(known, ", "));
      return;
    }
    OptimizerLine line{optimizer, setting.value, {}, range};
    if (setting.on) {
      line.pattern = text(*setting.on, "a pattern of parameters");
      if (!line.pattern) return;
    } else {
      for (const OptimizerLine& other : settings_.optimizers)
        if (!other.pattern)
          error(Code::wrong_setting, range, "two optimizers for all parameters")
              .label(other.range, "the other one")
              .help("`on \"head.*\"` chooses parameters by name");
    }
    settings_.optimizers.push_back(std::move(line));
  }

  void read_data(const ast::DataBlock& block, SourceRange range) {
    const std::string word = block.validation ? "validation" : "data";
    if (!seen_.insert(word).second) {
      error(Code::duplicate_name, range, "`{} {{ ... }}` stands twice", word);
      return;
    }
    auto& sources = block.validation ? settings_.plan.validation : settings_.plan.data;
    for (const ast::Source& source : block.sources) {
      for (const DataSource& other : sources)
        if (other.input == source.input.text)
          error(Code::duplicate_name, source.input.range, "`{}` has two sources",
                source.input.text);
      if (auto read = read_source(source)) sources.push_back(std::move(*read));
    }
  }

  std::optional<DataSource> read_source(const ast::Source& source) {
    static const std::vector<std::string> kinds = {"idx",         "npy", "npz",
                                                   "safetensors", "csv", "text"};
    const auto* call = source.value->as<ast::Call>();
    const auto* name = call ? call->callee->as<ast::NameRef>() : nullptr;
    DataSource result{.input = std::string(source.input.text)};
    if (name) result.kind = std::string(name->text);
    if (std::find(kinds.begin(), kinds.end(), result.kind) == kinds.end()) {
      auto& report = error(Code::unknown_source, source.value->range,
                           "`{}` needs a source of data here", source.input.text);
      if (const std::string near = nearest(result.kind, kinds); !near.empty())
        report.help("did you mean `{}`?", near);
      else
        report.help("there are {}", fmt::join(kinds, ", "));
      return std::nullopt;
    }
    size_t strings = 0;
    const size_t wanted = result.kind == "npz" || result.kind == "safetensors" ? 2 : 1;
    for (const ast::Argument& argument : call->arguments) {
      if (argument.name) {
        if (!read_option(result, *argument.name, *argument.value)) return std::nullopt;
        continue;
      }
      const auto word = text(*argument.value, strings == 0 ? "a file" : "the name of an array");
      if (!word) return std::nullopt;
      if (strings++ == 0)
        result.path = *word;
      else
        result.name = *word;
    }
    if (strings != wanted) {
      error(Code::unknown_source, source.value->range, "`{}` takes {}", result.kind,
            wanted == 1 ? "the name of a file" : "the name of a file and of an array in it");
      return std::nullopt;
    }
    if (result.kind == "csv" && result.columns.empty() == result.column.empty()) {
      error(Code::unknown_source, source.value->range,
            "`csv` takes either `columns: [0, 1]` or `column: \"name\"`");
      return std::nullopt;
    }
    if (result.kind == "text" && result.window == 0) {
      error(Code::unknown_source, source.value->range,
            "`text` takes the length of its rows, as in `window: 65`");
      return std::nullopt;
    }
    return result;
  }

  bool read_option(DataSource& source, const ast::Name& name, const ast::Expr& expr) {
    if (name.text == "part") {
      const auto* range = expr.as<ast::Range>();
      const auto from = range ? integer(*range->from, "the first row", 0) : std::nullopt;
      const auto to = range ? integer(*range->to, "the end of the rows", 1) : std::nullopt;
      if (from && to && *from < *to) {
        source.part = {{*from, *to}};
        return true;
      }
      if (!range || (from && to))
        error(Code::wrong_setting, expr.range, "`part` is a range of rows: `part: 0..1500`");
      return false;
    }
    if (source.kind == "text" && name.text == "window") {
      const auto window = integer(expr, "the window", 1);
      source.window = window.value_or(0);
      return window.has_value();
    }
    if (source.kind == "text" && name.text == "alphabet") return read_alphabet(source, expr);
    const bool csv = source.kind == "csv";
    if (csv && name.text == "header") {
      const Operand operand = value(expr);
      if (!operand.as<Truth>()) {
        error(Code::wrong_setting, expr.range, "`header` is true or false");
        return false;
      }
      source.header = operand.as<Truth>()->value;
      return true;
    }
    if (csv && name.text == "column") {
      const auto word = text(expr, "a column");
      source.column = word.value_or("");
      return word.has_value();
    }
    if (csv && (name.text == "columns" || name.text == "classes")) {
      const Operand operand = value(expr);
      const auto* list = operand.as<List>();
      const bool numbers = name.text == "columns";
      bool good = list != nullptr;
      for (const Operand& item : list ? list->items : std::vector<Operand>{}) {
        good = good && (numbers ? item.as<Whole>() && item.as<Whole>()->value >= 0
                                : item.as<Text>() != nullptr);
        if (!good) break;
        if (numbers)
          source.columns.push_back(item.as<Whole>()->value);
        else
          source.classes.push_back(item.as<Text>()->value);
      }
      if (!good && !operand.poisoned())
        error(Code::wrong_setting, expr.range, "`{}` is a list of {}", name.text,
              numbers ? "column numbers from 0" : "strings");
      return good;
    }
    error(Code::unknown_argument, name.range, "`{}` has no option `{}`", source.kind, name.text);
    return false;
  }

  bool read_alphabet(DataSource& source, const ast::Expr& expr) {
    const auto alphabet = text(expr, "the alphabet");
    if (!alphabet) return false;
    const std::set<char> different(alphabet->begin(), alphabet->end());
    if (alphabet->empty() || different.size() != alphabet->size()) {
      error(Code::wrong_setting, expr.range, "the alphabet is {}",
            alphabet->empty() ? "empty" : "not of different bytes")
          .help("each byte stands for its position, as in `alphabet: \"acgt\"`");
      return false;
    }
    source.alphabet = *alphabet;
    return true;
  }

  const Context& context_;
  Graph graph_;
  Elaborator elaborator_;
  TrainSettings& settings_;
  Frame frame_;
  std::set<std::string> seen_;
  std::optional<SourceRange> early_stop_;
};

}  // namespace

TrainSettings read_train(const Context& context, const ast::Train& train, const SourceFile& file,
                         int number) {
  TrainSettings settings;
  settings.block = &train;
  settings.plan.model = std::string(train.model.text);
  settings.plan.entry = number == 1 ? "train" : fmt::format("train{}", number);
  settings.plan.directory = file.directory;
  TrainReader(context, file, settings).read(train);
  if (context.options.batch) settings.plan.batch = *context.options.batch;
  return settings;
}

namespace {

/// Every source belongs to an input, and every input has a source. One that is missing beside one
/// that belongs to nothing is taken for the same mistake.
void check_block(const Context& context, const ast::DataBlock& block, SourceRange range,
                 const std::string& model, const Graph& graph) {
  std::set<std::string_view> given;
  for (const ast::Source& source : block.sources) given.insert(source.input.text);
  std::vector<std::string> inputs;
  std::vector<const Value*> missing;
  for (ValueId id : graph.inputs) {
    inputs.push_back(graph[id].name);
    if (!given.contains(graph[id].name)) missing.push_back(&graph[id]);
  }
  bool unknown = false;
  for (const ast::Source& source : block.sources) {
    if (std::find(inputs.begin(), inputs.end(), source.input.text) != inputs.end()) continue;
    unknown = true;
    auto& report =
        context.diagnostics.error(Code::unknown_input, source.input.range,
                                  "the model `{}` has no input `{}`", model, source.input.text);
    if (const std::string near = nearest(source.input.text, inputs); !near.empty())
      report.help("did you mean `{}`?", near);
    else if (missing.size() == 1)
      report.help("the input `{}` has no source", missing[0]->name);
  }
  for (const Value* input : unknown ? std::vector<const Value*>{} : missing)
    context.diagnostics
        .error(Code::missing_source, range, "the input `{}` has no source here", input->name)
        .note(input->range, "it is declared here");
}

bool check_pattern(const Context& context, const std::string& pattern, SourceRange range,
                   const Graph& graph) {
  std::vector<std::string> names;
  for (ValueId id : graph.variables) {
    if (graph[id].role != VariableRole::param) continue;
    names.push_back(graph[id].name);
    if (matches(pattern, names.back())) return true;
  }
  auto& report = context.diagnostics.error(Code::no_parameter_matches, range,
                                           "no parameter is called `{}`", pattern);
  if (const std::string near = nearest(pattern, names); !near.empty())
    report.help("did you mean `{}`?", near);
  else if (!names.empty())
    report.help("there are {}", fmt::join(names, ", "));
  return false;
}

}  // namespace

void check_sources(const Context& context, const TrainSettings& settings, const Graph& graph) {
  for (const ast::TrainItem& item : settings.block->items)
    if (const auto* block = std::get_if<ast::DataBlock>(&item.node))
      check_block(context, *block, item.range, settings.plan.model, graph);
}

bool check_patterns(const Context& context, const TrainSettings& settings, const Graph& graph) {
  bool good = true;
  for (const FreezeLine& line : settings.freezes)
    good &= check_pattern(context, line.pattern, line.range, graph);
  for (const OptimizerLine& line : settings.optimizers)
    if (line.pattern) good &= check_pattern(context, *line.pattern, line.range, graph);
  return good;
}

bool matches(std::string_view pattern, std::string_view name) {
  // The last star seen is where matching goes on after a mismatch.
  size_t p = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  for (size_t n = 0; n < name.size();) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
      ++p;
      ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace netc::elaboration
