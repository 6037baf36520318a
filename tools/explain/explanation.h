// A training step as it is told: section by section forward, back again, and the update.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/explain/formula.h"
#include "tools/explain/kernels.h"
#include "tools/explain/symbols.h"

namespace netc::explain {

/// A definition with what is to know about it.
struct Line {
  Equation equation;
  std::string type;     ///< f32[N, 30]
  std::string kernel;   ///< "" where it needs none
  std::string scan;     ///< "t = 0, ..., 63", in a scan
  bool folded = false;  ///< simplification has made it part of those that read it
};

/// A tensor of the forward pass, and beside it its gradient.
struct Row {
  std::string key;
  Symbol symbol;
  std::string name;  ///< in full
  std::string type;
  std::string init;             ///< of a parameter
  bool changes = true;          ///< a variable that a step changes
  std::optional<Line> forward;  ///< none: an input or a parameter
  std::vector<Line> backward;
};

struct SectionStory {
  SectionKind kind = SectionKind::layer;
  std::string title;
  Symbol last;              ///< what it hands on
  std::string type;         ///< of that
  int64_t parameters = 0;   ///< how many numbers are trained
  std::vector<Row> givens;  ///< inputs, parameters, states
  std::vector<Row> rows;
  std::set<size_t> sources;        ///< the sections that it reads
  std::string forward_signature;   ///< the same for sections with the same formulas
  std::string backward_signature;  ///< the same for sections whose gradients have the same
};

/// The kernel of an operation, the type of its result and the scan that it runs in; the equation is
/// still to be told.
Line line_of(const Graph& graph, OpId op, const KernelCalls& calls);

/// How some parameters are updated: all of these by the same formulas.
struct UpdateStory {
  std::vector<std::string> parameters;
  std::vector<Line> lines;
};

/// What one call of a kernel computes.
struct KernelStory {
  std::string name;
  std::vector<Symbol> makes;
  std::string copy_to;  ///< where it makes nothing
  std::vector<Symbol> kept;
  int64_t repeats = 1;
  bool parallel = false;
};

/// Sections from `first` on repeat those before them: `count` times `length` of them.
struct Repetition {
  size_t first = 0;
  size_t length = 0;
  size_t count = 0;
};

struct Explanation {
  std::string model;
  std::string entry;
  int64_t capacity = 1;
  bool has_loss = false;
  std::vector<SectionStory> sections;
  std::vector<Repetition> forward_repetitions;
  std::vector<Repetition> backward_repetitions;
  /// What the update reads of the caller's, and its value at the first step.
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<Line> shared;  ///< what the updates of several parameters need
  std::vector<UpdateStory> updates;
  std::vector<KernelStory> kernels;
};

/// One graph on its way.
struct Stages {
  const Graph& before;          ///< simplified, gradients not taken
  const Graph& differentiated;  ///< gradients taken, not simplified again
  const Graph& after;           ///< what was scheduled
  const loops::Program& program;
};

Explanation explain(const Stages& stages);

/// How the parameters become those of the next step, equal formulas once. Also the lines that
/// parameters share.
std::vector<UpdateStory> tell_updates(const Graph& after, const std::vector<Role>& roles,
                                      const Symbols& symbols, const KernelCalls& calls,
                                      std::vector<Line>& shared);

/// Finds sections that repeat those before them, as one of their signatures tells.
std::vector<Repetition> find_repetitions(const std::vector<SectionStory>& sections,
                                         std::string SectionStory::*signature);

/// For a terminal, at most 100 columns wide.
std::string to_text(const Explanation& explanation);

/// One page that needs nothing else.
std::string to_html(const Explanation& explanation);

}  // namespace netc::explain
