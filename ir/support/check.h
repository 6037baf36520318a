// Checks of netc's own invariants. A failure is a defect in netc, never the user's fault: it says
// where and what, asks for a report, and ends the process with exit code 70.
#pragma once

#include <fmt/format.h>

#include <string>

namespace netc {

/// Prints "netc: internal error: ..." with the place and what to report, and exits with code 70.
[[noreturn]] void internal_error(const char* file, int line, const std::string& message);

}  // namespace netc

#define NETC_CHECK(condition, ...)                                                  \
  do {                                                                              \
    if (!(condition)) [[unlikely]]                                                  \
      ::netc::internal_error(__FILE__, __LINE__,                                    \
                             std::string(#condition ": ") + fmt::format(__VA_ARGS__)); \
  } while (false)

#define NETC_UNREACHABLE(...) \
  ::netc::internal_error(__FILE__, __LINE__, fmt::format(__VA_ARGS__))
