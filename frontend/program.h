// The files of a program and the declarations that each of them sees: its own, those of the files
// it uses, and the standard library's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/ast.h"
#include "frontend/frontend.h"
#include "frontend/operand.h"
#include "ir/support/diagnostics.h"

namespace netc::elaboration {

struct SourceFile;

/// A file-level constant; its value is found when it is first asked for.
struct Constant {
  enum class State : uint8_t { untouched, evaluating, known };
  const ast::Const* declaration = nullptr;
  const SourceFile* file = nullptr;
  const std::string* replaced_by = nullptr;  ///< of -D
  State state = State::untouched;
  Operand value;
};

struct Callable {
  const ast::Function* declaration = nullptr;
  const SourceFile* file = nullptr;
};

struct SourceFile {
  std::optional<ast::File> tree;
  std::string directory;  ///< with a slash at its end, or empty
  bool standard = false;
  std::vector<const SourceFile*> uses;
  std::map<std::string, std::unique_ptr<Constant>, std::less<>> constants;
  std::map<std::string, Callable, std::less<>> functions;
  std::map<std::string, const ast::Model*, std::less<>> models;
};

class Program {
 public:
  /// Loads the file, all that it uses, and the standard library; reports what is wrong with their
  /// syntax and with names declared twice.
  Program(SourceMap& sources, FileId main, const FrontendOptions& options,
          Diagnostics& diagnostics);

  const SourceFile& main() const { return *files_.front(); }
  /// Whether all files were read and parsed.
  bool complete() const { return complete_; }
  bool is_standard(FileId file) const { return standard_->tree && standard_->tree->id == file; }

  Constant* find_constant(const SourceFile& file, std::string_view name) const;
  const Callable* find_function(const SourceFile& file, std::string_view name) const;
  /// A model, and the file that holds it.
  std::pair<const ast::Model*, const SourceFile*> find_model(std::string_view name) const;
  /// Every name that a file sees, for proposals.
  std::vector<std::string> names(const SourceFile& file) const;
  std::vector<std::string> optimizers(const SourceFile& file) const;

 private:
  SourceFile* add(FileId id, std::string directory, bool standard);
  void resolve_uses(SourceFile& file);
  void declare(SourceFile& file);
  void apply_definitions();
  SourceFile* open(const SourceFile& from, const ast::Use& use);
  std::vector<const SourceFile*> visible(const SourceFile& file) const;

  SourceMap* sources_;
  const FrontendOptions* options_;
  Diagnostics* diagnostics_;
  bool complete_ = true;
  std::vector<std::unique_ptr<SourceFile>> files_;
  std::map<std::string, SourceFile*> by_path_;
  const SourceFile* standard_ = nullptr;
};

/// The text of std.net.
std::string_view standard_library();

}  // namespace netc::elaboration
