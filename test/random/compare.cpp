#include "random/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>

#include "codegen/codegen.h"
#include "frontend/frontend.h"
#include "ir/interface.h"
#include "ir/interpret.h"
#include "ir/loops/text.h"
#include "ir/verify.h"
#include "passes/arrange.h"
#include "passes/autodiff.h"
#include "passes/fuse.h"
#include "passes/join_phases.h"
#include "passes/partition.h"
#include "passes/plan_memory.h"
#include "passes/schedule.h"
#include "passes/simplify.h"
#include "random/unsteady.h"
#include "runtime/core/netc_rt.h"
#include "runtime/core/pool.h"
#include "unit/tensor_bytes.h"

namespace netc::random_programs {

namespace {

/// One way to compile: which passes run, for which machine, how much LLVM does.
struct Way {
  bool simplify_before = true;
  bool simplify_after = true;
  bool fuse = true;
  int level = 2;
  std::string cpu = "native";
  bool arrange = true;
  bool share = false;  ///< among threads, however little there is to do

  std::string name() const {
    return fmt::format("{}{}{}{}{}-O{} {}", simplify_before ? "simplify " : "",
                       arrange ? "arrange " : "",
                       simplify_after ? "autodiff simplify " : "autodiff ",
                       share ? "partition " : "", fuse ? "fuse " : "", level, cpu);
  }
};

std::vector<Way> ways(uint32_t seed, Effort effort) {
  if (effort == Effort::all) {
    std::vector<Way> result;
    for (int passes = 0; passes < 8; ++passes)
      result.push_back({(passes & 1) != 0, (passes & 2) != 0, (passes & 4) != 0, passes % 4,
                        passes < 4 ? "native" : "x86-64", passes % 3 == 0, passes % 3 == 1});
    result.push_back({true, true, true, 3, "native", true});
    result.push_back({true, true, true, 2, "x86-64-v3", false});
    return result;
  }
  // What users get, and one of the others.
  std::mt19937 random(seed);
  const auto bit = [&] { return random() % 2 == 0; };
  Way other{
      bit(), bit(), bit(), static_cast<int>(random() % 4), random() % 3 == 0 ? "x86-64" : "native",
      bit(), bit()};
  if (effort < Effort::usual) return {seed % 2 == 0 ? Way{} : other};
  return {Way{}, other};
}

Tensor draw(const Value& value, int64_t n, std::mt19937& random) {
  Tensor tensor = random_tensor(value, n, random);
  // Running squares are not negative.
  if (value.kind == ValueKind::variable && value.role != VariableRole::param)
    for (double& element : tensor.floats) element = std::abs(element);
  return tensor;
}

double largest_magnitude(const Tensor& tensor) {
  double largest = 1e-30;
  for (int64_t i = 0; i < tensor.elements(); ++i)
    if (const double x = std::abs(tensor.as_double(i)); std::isfinite(x))
      largest = std::max(largest, x);
  return largest;
}

/// The largest difference of two tensors, infinite where one is finite and the other not.
double difference(const Tensor& a, const Tensor& b) {
  double worst = 0;
  for (int64_t i = 0; i < a.elements(); ++i) {
    const double x = a.as_double(i), y = b.as_double(i);
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double gap = std::abs(x - y);
    worst = std::max(worst, std::isfinite(gap) ? gap : INFINITY);
  }
  return worst;
}

// What lies behind an output, and stays as it is.
constexpr int64_t guard_bytes = 256;
constexpr unsigned char guard = 0xa5;

/// What one entry gives for one batch.
using Results = std::map<std::string, Tensor>;

/// One entry, its data for one size of the batch, and what it should give.
struct Task {
  const Graph* graph;
  int64_t n;
  Evaluation data;
  Results expected;
  Results unsettled;
};

Results evaluated(const Graph& graph, const Evaluation& data, int64_t n, Outcome& outcome) {
  Evaluation evaluation = data;
  if (const Status status = interpret(graph, evaluation, {n, false}); !status.ok()) {
    outcome.problem = "the interpreter: " + status.error();
    return {};
  }
  for (const ValueId id : graph.variables)
    evaluation.results["variable." + graph[id].name] = evaluation.variables.at(graph[id].name);
  return evaluation.results;
}

class Comparison {
 public:
  Comparison(Module module, bool doubles, Effort effort, uint32_t seed, Outcome& outcome)
      : module_(std::move(module)),
        doubles_(doubles),
        reach_((doubles ? 1e-14 : 1e-7) * (effort == Effort::large ? 30 : 1)),
        seed_(seed),
        outcome_(outcome) {}

  void run(const std::vector<Way>& ways) {
    prepare();
    for (const Way& way : ways) {
      if (!outcome_.problem.empty()) return;
      compile(way);
    }
  }

 private:
  void prepare() {
    std::mt19937 random(seed_);
    for (const Graph& graph : module_.graphs) {
      Graph plain = graph, shaken = graph;
      autodiff(plain);
      // The backward pass rounds as well: where it takes a difference of equals, as that of a
      // layer_norm of two units does, its own operations have to be off to show it.
      unsettle(shaken, reach_);
      autodiff(shaken);
      unsettle(shaken, reach_);
      for (const int64_t n : {int64_t{1}, graph.capacity}) {
        Task task{&graph, n, {}, {}, {}};
        for (ValueId id : graph.inputs)
          task.data.inputs[graph[id].name] = draw(graph[id], n, random);
        for (ValueId id : graph.variables)
          task.data.variables[graph[id].name] = draw(graph[id], n, random);
        for (ValueId id : graph.settings) {
          Tensor tensor = Tensor::zeros(DType::f64, {});
          tensor.floats[0] = graph[id].setting;
          task.data.settings[graph[id].name] = tensor;
        }
        task.expected = evaluated(plain, task.data, n, outcome_);
        if (!outcome_.problem.empty()) return;
        task.unsettled = evaluated(shaken, task.data, n, outcome_);
        if (!outcome_.problem.empty()) return;
        tasks_.push_back(std::move(task));
      }
    }
  }

  void compile(const Way& way) {
    Target target = target_of(way.cpu);
    if (way.share) target.wake_cycles = 20;
    std::vector<Graph> graphs = module_.graphs;
    for (Graph& graph : graphs) {
      if (way.simplify_before) simplify(graph);
      if (way.arrange) arrange(graph);
      autodiff(graph);
      if (way.simplify_after) simplify(graph);
      if (way.share) partition(graph, target);
      if (way.fuse) fuse(graph, target);
      for (const std::string& problem : verify(graph))
        outcome_.problem = way.name() + ": " + problem;
    }
    if (!outcome_.problem.empty()) return;
    loops::Program program = schedule(graphs, target);
    join_phases(program);
    plan_memory(program);
    for (const std::string& problem : loops::verify(program))
      outcome_.problem = way.name() + ": " + problem;
    if (!outcome_.problem.empty()) return;
    const std::vector<ModelInterface> models = interfaces_of(graphs);
    TargetOptions options;
    options.optimize = way.level;
    if (way.cpu != "native") options.cpu = way.cpu;
    auto made = jit({&program, &models, {}}, options);
    if (!made.ok()) {
      outcome_.problem = way.name() + ": " + made.error();
      return;
    }
    const netc_model& model = *(*made)->model(models[0].name);
    for (const Task& task : tasks_) run_task(task, model, models[0], way);
  }

  void run_task(const Task& task, const netc_model& model, const ModelInterface& interface,
                const Way& way) {
    size_t position = 0;
    while (interface.entries[position].name != task.graph->entry) ++position;
    const netc_entry& entry = model.entries[position];
    std::vector<std::vector<unsigned char>> memory;
    std::vector<const void*> inputs;
    std::vector<void*> outputs, variables;
    memory.reserve(interface.inputs.size() + interface.variables.size() + entry.result_count + 1);
    for (const uint32_t input : interface.entries[position].inputs) {
      memory.push_back(to_bytes(task.data.inputs.at(interface.inputs[input].name)));
      inputs.push_back(memory.back().data());
    }
    std::vector<Aligned> aligned;
    for (const Value& variable : interface.variables) {
      const auto given = task.data.variables.find(variable.name);
      const auto bytes = given == task.data.variables.end()
                             ? std::vector<unsigned char>(variable.type.elements(1) *
                                                          byte_size(variable.type.dtype))
                             : to_bytes(given->second);
      aligned.emplace_back(bytes.size());
      std::memcpy(aligned.back().data(), bytes.data(), bytes.size());
      variables.push_back(aligned.back().data());
    }
    std::vector<double> settings;
    for (const Value& setting : interface.settings) settings.push_back(setting.setting);
    const auto& types = interface.entries[position].result_types;
    for (const TensorType& type : types) {
      memory.emplace_back(type.elements(task.n) * byte_size(type.dtype));
      memory.back().resize(memory.back().size() + guard_bytes, guard);
      outputs.push_back(memory.back().data());
    }
    // Scratch starts with NaN everywhere: reading what no kernel wrote shows.
    aligned.emplace_back(entry.arena_bytes);
    std::memset(aligned.back().data(), 0xff, entry.arena_bytes);
    netc_context context{inputs.data(),   outputs.data(),        variables.data(),
                         settings.data(), aligned.back().data(), nullptr};
    if (way.share) {
      aligned.emplace_back(netc_pool_bytes());
      context.pool = reinterpret_cast<netc_pool*>(aligned.back().data());
      netc_pool_begin(context.pool, 3);
    }
    entry.run(&context, task.n);
    if (way.share) netc_pool_end(context.pool);

    const std::string where = fmt::format("{} {} N = {} {}", way.name(), task.graph->entry, task.n,
                                          doubles_ ? "f64" : "f32");
    for (size_t k = 0; k < outputs.size(); ++k) {
      const std::vector<unsigned char>& bytes = memory[memory.size() - outputs.size() + k];
      if (std::any_of(bytes.end() - guard_bytes, bytes.end(),
                      [](unsigned char byte) { return byte != guard; }))
        outcome_.problem =
            where + ": writes beyond the end of " + interface.entries[position].results[k].name;
      const GraphResult& result = interface.entries[position].results[k];
      const std::string kind(name(result.kind));
      check(task, result.kind == ResultKind::loss ? kind : kind + "." + result.name,
            static_cast<unsigned char*>(outputs[k]), where);
    }
    for (size_t k = 0; k < variables.size(); ++k)
      check(task, "variable." + interface.variables[k].name,
            static_cast<unsigned char*>(variables[k]), where);
  }

  void check(const Task& task, const std::string& name, const unsigned char* bytes,
             const std::string& where) {
    const auto found = task.expected.find(name);
    if (found == task.expected.end() || !outcome_.problem.empty()) return;
    const Tensor& expected = found->second;
    ++outcome_.results;
    const double scale = largest_magnitude(expected);
    const double rounding = difference(expected, task.unsettled.at(name));
    if (rounding > 1e-4 * scale) {
      ++outcome_.vague;
      return;
    }
    Tensor got = Tensor::zeros(expected.dtype, expected.dims);
    for (int64_t i = 0; i < got.elements(); ++i)
      if (is_float(got.dtype))
        got.floats[i] = element(bytes, got.dtype, i);
      else
        got.integers[i] = integer_element(bytes, got.dtype, i);
    // Derivatives such as 1 - y * y are as exact as 1 is, however small they come out.
    const double allowed = !is_float(got.dtype) ? 0
                           : doubles_           ? 1e-12 * scale + 1e-15 + 100 * rounding
                                                : 2e-5 * scale + 3e-6 + 100 * rounding;
    if (const double gap = difference(expected, got); !(gap <= allowed))
      outcome_.problem =
          fmt::format("{}: {} differs by {:.2e}, magnitude {:.2e}", where, name, gap, scale);
  }

  class Aligned {
   public:
    explicit Aligned(size_t bytes)
        : memory_(static_cast<unsigned char*>(std::aligned_alloc(64, (bytes + 127) / 64 * 64)),
                  std::free) {}
    unsigned char* data() const { return memory_.get(); }

   private:
    std::unique_ptr<unsigned char, void (*)(void*)> memory_;
  };

  Module module_;
  bool doubles_;
  double reach_;  ///< how far an operation may be off, relative to its result
  uint32_t seed_;
  Outcome& outcome_;
  std::vector<Task> tasks_;
};

}  // namespace

Outcome compare(const std::string& text, uint32_t seed, Effort effort) {
  Outcome outcome;
  for (const bool doubles : {true, false}) {
    if (effort < Effort::usual && doubles != (seed / 2 % 2 == 0)) continue;
    SourceMap sources;
    const FileId file = sources.add("random.net", text);
    Diagnostics diagnostics;
    // Of more rows some fill vectors, and some are left.
    const int64_t rows = seed % 4 == 3 ? 21 : 3;
    Module module =
        elaborate(sources, file, {.batch = rows, .double_precision = doubles}, diagnostics);
    if (diagnostics.has_errors()) {
      outcome.is_program = false;
      outcome.problem = render(diagnostics, sources);
      return outcome;
    }
    for (const Graph& graph : module.graphs)
      for (const std::string& problem : verify(graph)) outcome.problem = "elaborate: " + problem;
    if (outcome.problem.empty())
      Comparison(std::move(module), doubles, effort, seed, outcome).run(ways(seed, effort));
    if (!outcome.problem.empty()) return outcome;
  }
  return outcome;
}

}  // namespace netc::random_programs
