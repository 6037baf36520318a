// What names mean while a body is elaborated: scopes within frames, a frame for each call.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/operand.h"
#include "frontend/program.h"

namespace netc::elaboration {

/// A variable of the model that is not trained, and its value at this point of the text.
struct StateVariable {
  ValueId variable;
  Element current;
  SourceRange range;
};

/// A layer with its parameters, or the model itself.
struct Instance {
  std::string path;                 ///< "block.0.dense1"; empty for the model
  const Callable* layer = nullptr;  ///< null for the model
  SourceRange range;
  std::map<std::string, Operand> given;  ///< arguments from `let`, by parameter
  std::map<std::string, SourceRange> given_ranges;
  std::map<std::string, ValueId, std::less<>> params;
  std::map<std::string, StateVariable, std::less<>> states;
  std::map<std::string, std::unique_ptr<Instance>> children;
  bool applied = false;

  // Of the application that is being elaborated:
  std::map<std::string, int> counts;  ///< of unnamed children, by layer
  std::set<std::string> taken;        ///< names of children, parameters and states made so far

  std::string qualified(const std::string& name) const {
    return path.empty() ? name : path + "." + name;
  }
};

struct Binding {
  enum class Kind : uint8_t { variable, constant, argument, size, input, param, state, slot };
  Kind kind = Kind::variable;
  Operand operand;
  SourceRange range;
  StateVariable* state = nullptr;  ///< of a state
};

using Scope = std::map<std::string, Binding, std::less<>>;

/// The indices that a definition or a reduction introduces.
struct IndexScope {
  std::vector<std::pair<std::string, IndexId>> names;
  std::optional<std::vector<IndexId>> rest;  ///< what `..` stands for
  const IndexScope* outer = nullptr;
};

struct Frame {
  const SourceFile* file = nullptr;
  const Callable* function = nullptr;  ///< null for a model, a train block or a file
  Instance* instance = nullptr;        ///< of a layer or a model
  bool is_model = false;
  std::string prefix;       ///< of the names of definitions
  std::string result_name;  ///< of what is returned
  DType float_type = DType::f32;
  std::optional<DType> call_float;       ///< what untyped tensors of the signature are
  std::optional<std::vector<Dim>> rest;  ///< what `..` stands for
  SourceRange rest_range;
  std::deque<Scope> scopes;
  std::map<std::string, Instance*> numbered;  ///< `let block[i]`, by "block.0"
  const IndexScope* indices = nullptr;
  std::optional<std::vector<Operand>> returned;
  std::vector<SourceRange> returned_ranges;

  Binding* find(std::string_view name) {
    for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope)
      if (const auto found = scope->find(name); found != scope->end()) return &found->second;
    return nullptr;
  }
};

}  // namespace netc::elaboration
