// From the text of a `.net` file to the graphs of its models and the plans of its training runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/module.h"
#include "ir/support/diagnostics.h"

namespace netc {

struct FrontendOptions {
  std::map<std::string, std::string> definitions;  ///< -D NAME=VALUE
  std::vector<std::string> include_directories;    ///< -I
  std::optional<int64_t> batch;                    ///< --batch: the capacity
  bool double_precision = false;                   ///< --float f64: every f32 is read as f64
};

/// Parses and elaborates the file and all it uses. Reports into `diagnostics`; without errors the
/// module is complete.
Module elaborate(SourceMap& sources, FileId file, const FrontendOptions& options,
                 Diagnostics& diagnostics);

}  // namespace netc
