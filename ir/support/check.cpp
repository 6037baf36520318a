#include "ir/support/check.h"

#include <cstdio>
#include <cstdlib>

namespace netc {

void internal_error(const char* file, int line, const std::string& message) {
  fmt::print(stderr,
             "netc: internal error at {}:{}: {}\n"
             "netc: this is a defect in netc; please report it with the input and the command line\n",
             file, line, message);
  std::fflush(nullptr);
  std::_Exit(70);
}

}  // namespace netc
