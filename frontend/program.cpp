// Reading a program: the main file, what it uses, the standard library, and who declares what.
#include "frontend/program.h"

#include <algorithm>
#include <filesystem>

#include "frontend/parser.h"

namespace netc::elaboration {

namespace {

std::string directory_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash + 1));
}

}  // namespace

Program::Program(SourceMap& sources, FileId main, const FrontendOptions& options,
                 Diagnostics& diagnostics)
    : sources_(&sources), options_(&options), diagnostics_(&diagnostics) {
  const std::string path(sources.name(main));
  SourceFile* file = add(main, directory_of(path), false);
  by_path_[std::filesystem::path(path).lexically_normal()] = file;
  standard_ = add(sources.add("std.net", std::string(standard_library())), "", true);
  if (file->tree) resolve_uses(*file);
  apply_definitions();
}

SourceFile* Program::add(FileId id, std::string directory, bool standard) {
  files_.push_back(std::make_unique<SourceFile>());
  SourceFile* file = files_.back().get();
  file->directory = std::move(directory);
  file->standard = standard;
  file->tree = parse(*sources_, id, *diagnostics_);
  if (file->tree) {
    declare(*file);
  } else {
    complete_ = false;
  }
  return file;
}

void Program::declare(SourceFile& file) {
  std::map<std::string_view, SourceRange> first;
  const auto fresh = [&](const ast::Name& name) {
    const auto [place, inserted] = first.emplace(name.text, name.range);
    if (!inserted)
      diagnostics_
          ->error(Code::duplicate_name, name.range, "`{}` is declared twice in this file",
                  name.text)
          .label(place->second, "first here");
    return inserted;
  };
  for (const ast::Decl& decl : file.tree->declarations) {
    if (const auto* constant = decl.as<ast::Const>()) {
      if (!fresh(constant->name)) continue;
      auto entry = std::make_unique<Constant>();
      entry->declaration = constant;
      entry->file = &file;
      file.constants.emplace(constant->name.text, std::move(entry));
    } else if (const auto* function = decl.as<ast::Function>()) {
      if (fresh(function->name))
        file.functions.emplace(function->name.text, Callable{function, &file});
    } else if (const auto* model = decl.as<ast::Model>()) {
      // Models have a namespace of their own: a model may be called as a function is.
      const auto [place, inserted] = file.models.emplace(model->name.text, model);
      if (!inserted)
        diagnostics_
            ->error(Code::duplicate_name, model->name.range, "the model `{}` is declared twice",
                    model->name.text)
            .label(place->second->name.range, "first here");
    }
  }
}

SourceFile* Program::open(const SourceFile& from, const ast::Use& use) {
  std::vector<std::string> places = {from.directory};
  for (const std::string& directory : options_->include_directories)
    places.push_back(directory.ends_with('/') ? directory : directory + "/");
  for (const std::string& place : places) {
    const bool absolute = use.path.starts_with('/');
    const std::string path = absolute ? std::string(use.path) : place + std::string(use.path);
    const std::string normal = std::filesystem::path(path).lexically_normal();
    if (const auto found = by_path_.find(normal); found != by_path_.end()) return found->second;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) continue;
    const Result<FileId> id = sources_->load(path);
    if (!id) {
      diagnostics_->error(Code::file_not_found, use.path_range, "{}", id.error());
      return nullptr;
    }
    SourceFile* file = add(*id, directory_of(path), false);
    by_path_[normal] = file;
    if (file->tree) resolve_uses(*file);
    return file;
  }
  auto& report =
      diagnostics_->error(Code::file_not_found, use.path_range, "there is no file `{}`", use.path);
  for (const std::string& place : places)
    report.note({}, "looked in {}", place.empty() ? "the current directory" : place);
  return nullptr;
}

void Program::resolve_uses(SourceFile& file) {
  for (const ast::Decl& decl : file.tree->declarations) {
    const auto* use = decl.as<ast::Use>();
    if (!use) continue;
    if (SourceFile* used = open(file, *use)) {
      file.uses.push_back(used);
    } else {
      complete_ = false;
    }
  }
}

void Program::apply_definitions() {
  const SourceFile& file = main();
  for (const auto& [name, value] : options_->definitions) {
    if (const auto found = file.constants.find(name); found != file.constants.end()) {
      found->second->replaced_by = &value;
      continue;
    }
    std::vector<std::string> candidates;
    for (const auto& [candidate, constant] : file.constants) candidates.push_back(candidate);
    auto& report = diagnostics_->error(Code::unknown_definition, {},
                                       "-D {}: the file has no constant of this name", name);
    if (const std::string near = nearest(name, candidates); !near.empty())
      report.help("did you mean `{}`?", near);
  }
}

std::vector<const SourceFile*> Program::visible(const SourceFile& file) const {
  std::vector<const SourceFile*> order = {&file};
  for (size_t i = 0; i < order.size(); ++i)
    for (const SourceFile* used : order[i]->uses)
      if (std::find(order.begin(), order.end(), used) == order.end()) order.push_back(used);
  if (&file != standard_) order.push_back(standard_);
  return order;
}

Constant* Program::find_constant(const SourceFile& file, std::string_view name) const {
  for (const SourceFile* candidate : visible(file)) {
    if (const auto found = candidate->constants.find(name); found != candidate->constants.end())
      return found->second.get();
  }
  return nullptr;
}

const Callable* Program::find_function(const SourceFile& file, std::string_view name) const {
  for (const SourceFile* candidate : visible(file)) {
    if (const auto found = candidate->functions.find(name); found != candidate->functions.end())
      return &found->second;
  }
  return nullptr;
}

std::pair<const ast::Model*, const SourceFile*> Program::find_model(std::string_view name) const {
  for (const SourceFile* candidate : visible(main())) {
    if (const auto found = candidate->models.find(name); found != candidate->models.end())
      return {found->second, candidate};
  }
  return {nullptr, nullptr};
}

std::vector<std::string> Program::names(const SourceFile& file) const {
  std::vector<std::string> result;
  for (const SourceFile* candidate : visible(file)) {
    for (const auto& [name, constant] : candidate->constants) result.push_back(name);
    for (const auto& [name, function] : candidate->functions) result.push_back(name);
  }
  return result;
}

std::vector<std::string> Program::optimizers(const SourceFile& file) const {
  std::vector<std::string> result;
  for (const SourceFile* candidate : visible(file))
    for (const auto& [name, function] : candidate->functions)
      if (function.declaration->kind == ast::Function::Kind::optimizer) result.push_back(name);
  return result;
}

}  // namespace netc::elaboration
