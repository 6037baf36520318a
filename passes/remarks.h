// What passes tell about their decisions, at the places of the program that they are about.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/support/source.h"

namespace netc {

struct Remark {
  std::string_view pass;  ///< its name in the table of passes
  bool missed = false;    ///< something that was wanted could not be done
  SourceRange range;
  std::string text;
};

using Remarks = std::vector<Remark>;

}  // namespace netc
