// What --emit and -o ask for: which kinds of output, and where each goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/support/result.h"
#include "tools/command_line/command_line.h"
#include "tools/command_line/write_output.h"

namespace netc {

enum class OutputKind {
  ast,
  graph,
  loops,
  llvm,
  assembly,
  object,
  shared,
  executable,
  header,
  dot
};

/// One row of the table of kinds.
struct OutputKindInfo {
  OutputKind kind;
  std::string_view name;    ///< after --emit
  std::string_view suffix;  ///< of its files
  Content content;
  bool to_read;  ///< goes to standard output where no path is named
};

const OutputKindInfo& info(OutputKind kind);

struct Output {
  OutputKind kind;
  std::string path;  ///< `-` is standard output
};

/// The outputs of a command line. Without --emit the suffix of -o chooses; without either an object
/// and its header are made.
///   --emit=so=libdigits.so,header=-     each with its own path
///   --emit=so,header -o out/digits.so   -o names the first; the others stand beside it
///   --emit=graph                        what is made to be read goes to standard output
///   --emit=obj                          MODEL.o, in this folder
Result<std::vector<Output>> outputs_of(const CommandLine& line);

}  // namespace netc
